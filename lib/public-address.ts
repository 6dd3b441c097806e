/** Which IP addresses are public: all others lead into somebody's own network, to a cloud's metadata, or nowhere. */

import { BlockList, isIP } from "node:net";

type Range = readonly [network: string, prefix: number, kind: string];

/** Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries; RFC 6890, 6598, 7526, 8215, 9637. */
const IPV4: readonly Range[] = [
  ["0.0.0.0", 8, "this network"],
  ["10.0.0.0", 8, "private"],
  ["100.64.0.0", 10, "shared by a carrier's customers"],
  ["127.0.0.0", 8, "this machine"],
  ["169.254.0.0", 16, "link-local, as cloud metadata is"],
  ["172.16.0.0", 12, "private"],
  ["192.0.0.0", 24, "reserved"],
  ["192.0.2.0", 24, "for documents"],
  ["192.88.99.0", 24, "a 6to4 relay"],
  ["192.168.0.0", 16, "private"],
  ["198.18.0.0", 15, "for benchmarks"],
  ["198.51.100.0", 24, "for documents"],
  ["203.0.113.0", 24, "for documents"],
  ["224.0.0.0", 4, "multicast"],
  ["240.0.0.0", 4, "reserved"],
  // Public by number, yet Azure answers its own machines there with their configuration.
  ["168.63.129.16", 32, "cloud metadata"],
];

const IPV6: readonly Range[] = [
  ["2001::", 23, "reserved, or a Teredo tunnel"],
  ["2001:db8::", 32, "for documents"],
  ["2002::", 16, "6to4, which wraps an IPv4 address"],
  ["3fff::", 20, "for documents"],
];
/** Beside the part of IPv6 in which there are public hosts: named, so that a message can say what an address is. */
const NOT_GLOBAL: readonly Range[] = [
  ["::", 128, "no address"],
  ["::1", 128, "this machine"],
  ["64:ff9b::", 96, "NAT64, which wraps an IPv4 address"],
  ["64:ff9b:1::", 48, "NAT64, which wraps an IPv4 address"],
  ["fc00::", 7, "private"],
  ["fe80::", 10, "link-local"],
  ["fec0::", 10, "private"],
  ["ff00::", 8, "multicast"],
];

type Family = "ipv4" | "ipv6";

function table(ranges: readonly Range[], family: Family): readonly (readonly [BlockList, string])[] {
  return ranges.map(([network, prefix, kind]) => {
    const list = new BlockList();
    list.addSubnet(network, prefix, family);
    return [list, kind];
  });
}

const TABLES = { ipv4: table(IPV4, "ipv4"), ipv6: table([...IPV6, ...NOT_GLOBAL], "ipv6") };
const GLOBAL_UNICAST = new BlockList();
GLOBAL_UNICAST.addSubnet("2000::", 3, "ipv6");

function kindOf(address: string, family: Family): string | undefined {
  return TABLES[family].find(([list]) => list.check(address, family))?.[1];
}

/** What an address is when it is not public, in words (`private`); undefined for a public one. */
export function notPublic(address: string): string | undefined {
  switch (isIP(address)) {
    case 4:
      return kindOf(address, "ipv4");
    case 6:
      // BlockList takes `::ffff:10.0.0.1` for the IPv4 address in it, so that this is asked before any range.
      if (isMapped(address)) return "an IPv4 address written as IPv6";
      return kindOf(address, "ipv6") ?? (GLOBAL_UNICAST.check(address, "ipv6") ? undefined : "not global");
    default:
      return "no IP address";
  }
}

function isMapped(address: string): boolean {
  const { hostname } = new URL(`http://[${address.replace(/%.*$/, "")}]`);
  return hostname.startsWith("[::ffff:");
}
