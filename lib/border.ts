/**
 * Where requests may go whose address somebody else named: a provider in its registration, an answer, an indexer. Checked
 * where the connection is made, on the address that is connected to, so that no name can lead elsewhere in between.
 */

import dns, { type LookupAddress, type LookupOptions } from "node:dns";
import { isIP, type LookupFunction } from "node:net";

import type { buildConnector, RequestInit as UndiciRequestInit } from "undici";

import { EXIT, ZgError } from "./errors.ts";
import { isLoopback } from "./loopback.ts";
import type { Network } from "./networks.ts";
import { notPublic } from "./public-address.ts";

/**
 * - `live`: somebody else named the address, and real money or secrets travel: TLS, and public addresses only.
 * - `live-content`: the same for what a hash proves and anybody may read, as in 0G Storage, whose nodes speak plain HTTP.
 * - `local`: the network is simulated: this machine, named as such, and public addresses.
 * - `given`: the user typed the address: anywhere.
 */
export type Border = "live" | "live-content" | "local" | "given";

/** The border for providers of a network. */
export function borderOf({ mode }: Pick<Network, "mode">): Border {
  return mode === "live" ? "live" : "local";
}

/** An address that somebody else named is not one that may be asked. Nothing was sent there. */
export class AddressRefusedError extends ZgError {
  constructor(values: { host: string; why: string; address?: string }) {
    const { host, why, address } = values;
    super({
      code: "ZG_ADDRESS_REFUSED",
      exit: EXIT.trust,
      message: `${JSON.stringify(host)} ${address === undefined || address === host ? "" : `leads to ${address}, which `}${why}; nothing was sent there`,
      remedy:
        "Use another provider: npx hardhat provider list. Addresses that others name must be public, and use https.",
      details: values,
    });
  }
}

/** The {@link AddressRefusedError} that a failed request was caused by, if any: `fetch` wraps what its connection said. */
export function refusalBelow(error: unknown): AddressRefusedError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof AddressRefusedError) return cause;
  }
  return undefined;
}

/** The border for nodes that an indexer names. What they hold is proved by hashes and public, and they speak plain HTTP. */
export function contentBorderOf({ mode }: Pick<Network, "mode">): Border {
  return mode === "live" ? "live-content" : "given";
}

/** The name in a URL without the brackets of IPv6. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}

/** Whether a host lies within a border whatever its address is. */
function isOpen(border: Border, hostname: string): boolean {
  return border === "given" || (border === "local" && isLoopback(hostname));
}

/**
 * Asserts of a URL what can be known before its name is resolved: its scheme, and an address in place of a name.
 * @throws {AddressRefusedError}
 */
export function assertMayAsk(border: Border, url: Pick<URL, "protocol" | "hostname">): void {
  if (isOpen(border, url.hostname)) return;
  const host = bare(url.hostname);
  if (border === "live" && url.protocol !== "https:") {
    throw new AddressRefusedError({ host, why: "is registered without https, which live networks require" });
  }
  if (isIP(host) !== 0) assertPublic(host, host);
}

function assertPublic(host: string, address: string): void {
  const kind = notPublic(address);
  if (kind !== undefined) throw new AddressRefusedError({ host, address, why: `is not public (${kind})` });
}

type Resolve = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** What reaches the outside, for tests. */
export interface BorderDeps {
  readonly resolve?: Resolve;
  /** Makes a connection; the default is undici's own. */
  readonly connector?: (options: buildConnector.BuildOptions) => buildConnector.connector;
}

/**
 * A `lookup` for sockets that yields public addresses only. A name that also leads elsewhere is refused whole: which of its
 * addresses is connected to would be chance.
 */
export function publicLookup(resolve: Resolve = dns.lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      try {
        for (const { address } of addresses) assertPublic(hostname, address);
      } catch (refused) {
        callback(refused as AddressRefusedError, []);
        return;
      }
      const [first] = addresses;
      if (options.all === true || first === undefined) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** The `lookup` for a socket to a host: none where any address will do. */
export function lookupWithin(border: Border, hostname: string): { readonly lookup?: LookupFunction } {
  return isOpen(border, hostname) ? {} : { lookup: publicLookup() };
}

/** Headers of an answer are no place for data. */
const MAX_HEADER_BYTES = 16 * 1024;

/**
 * Makes a `fetch` that never leaves its border. Connections are kept open and shared by all who use it; redirects are the
 * caller's to refuse. An {@link AddressRefusedError} comes as the cause of what it throws: see {@link refusalBelow}.
 */
export function borderFetch(border: Border, deps: BorderDeps = {}): typeof fetch {
  if (border === "given") return fetch;
  let guarded: Promise<typeof fetch> | undefined;
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    assertMayAsk(border, url);
    if (isOpen(border, url.hostname)) return fetch(input, init);
    guarded ??= guardedFetch(border, deps);
    return (await guarded)(input, init);
  };
}

/** undici takes a while to load: only who leaves this machine waits for it. */
async function guardedFetch(border: Border, { resolve, connector }: BorderDeps): Promise<typeof fetch> {
  const undici = await import("undici");
  const connect = (connector ?? undici.buildConnector)({ lookup: publicLookup(resolve) });
  const dispatcher = new undici.Agent({
    maxHeaderSize: MAX_HEADER_BYTES,
    connect: (options, callback) => {
      try {
        assertMayAsk(border, options); // an address in place of a name is never looked up
      } catch (error) {
        callback(error as AddressRefusedError, null);
        return;
      }
      connect(options, callback);
    },
  });
  return (async (input: string | URL, init?: RequestInit) =>
    undici.fetch(input, { ...(init as UndiciRequestInit), dispatcher })) as unknown as typeof fetch;
}

const SHARED = new Map<Border, typeof fetch>();

/** The process's own {@link borderFetch}, whose connections everybody shares. */
export function fetchWithin(border: Border): typeof fetch {
  let shared = SHARED.get(border);
  if (shared === undefined) SHARED.set(border, (shared = borderFetch(border)));
  return shared;
}
