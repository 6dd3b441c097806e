import { expect } from "chai";

import { notPublic } from "../../lib/public-address.ts";

describe("notPublic", () => {
  for (const address of [
    "8.8.8.8",
    "172.32.0.1",
    "100.128.0.0",
    "192.0.1.1",
    "2606:4700:4700::1111",
    "2a00:1450::8a",
  ]) {
    it(`takes ${address} for public`, () => {
      expect(notPublic(address)).to.equal(undefined);
    });
  }

  for (const [address, kind] of [
    ["0.0.0.0", "this network"],
    ["10.255.0.1", "private"],
    ["100.64.0.1", "shared by a carrier's customers"],
    ["100.100.100.200", "shared by a carrier's customers"],
    ["127.255.255.254", "this machine"],
    ["169.254.169.254", "link-local, as cloud metadata is"],
    ["168.63.129.16", "cloud metadata"],
    ["172.31.255.255", "private"],
    ["192.0.0.192", "reserved"],
    ["192.88.99.1", "a 6to4 relay"],
    ["192.168.1.1", "private"],
    ["198.19.0.1", "for benchmarks"],
    ["224.0.0.1", "multicast"],
    ["255.255.255.255", "reserved"],
    ["::", "no address"],
    ["::1", "this machine"],
    ["::7f00:1", "not global"],
    ["::ffff:127.0.0.1", "an IPv4 address written as IPv6"],
    ["::ffff:8.8.8.8", "an IPv4 address written as IPv6"],
    ["::FFFF:a00:1", "an IPv4 address written as IPv6"],
    ["0:0:0:0:0:ffff:a00:1", "an IPv4 address written as IPv6"],
    ["64:ff9b::7f00:1", "NAT64, which wraps an IPv4 address"],
    ["64:ff9b:1::a00:1", "NAT64, which wraps an IPv4 address"],
    ["100::1", "not global"],
    ["2001::1", "reserved, or a Teredo tunnel"],
    ["2001:db8::1", "for documents"],
    ["2002:7f00:1::", "6to4, which wraps an IPv4 address"],
    ["fd00:ec2::254", "private"],
    ["fe80::1", "link-local"],
    ["fe80::1%eth0", "link-local"],
    ["fec0::1", "private"],
    ["ff02::1", "multicast"],
    ["4000::1", "not global"],
    ["provider.example", "no IP address"],
    ["", "no IP address"],
  ] as const) {
    it(`takes ${address === "" ? "nothing" : address} for ${kind}`, () => {
      expect(notPublic(address)).to.equal(kind);
    });
  }
});
