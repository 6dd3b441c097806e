/** The attestor of an embedded network or a fork: in this process, with a key that ends with it. */

import { randomBytes } from "node:crypto";

import { SigningKey, computeAddress, hexlify, type Provider } from "ethers";

import type { Log } from "../chain/context.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import { DEFAULT_ATTESTOR_LIMITS } from "../inft/attestor/limits.ts";
import { listen } from "../listen.ts";
import type { Network } from "../networks.ts";
import { lateServer, letProcessEnd } from "./provider/late-server.ts";

/** JSON-RPC method by which another process finds the attestors of a served network. */
export const ATTESTORS_METHOD = "galileo_attestors";

/** Where an attestor of this network is. All of it can be checked: `GET /v1/attestor` says the same. */
export interface LocalAttestorEntry {
  readonly address: Address;
  readonly url: string;
  /** 65 bytes. */
  readonly publicKey: Hex;
}

export interface LocalAttestor extends LocalAttestorEntry {
  /** Stops serving at once. */
  stop(): Promise<void>;
}

export interface LocalAttestorOptions {
  readonly network: Network;
  readonly provider: Provider;
  /** On 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Keep the process running for as long as the server is open. Default false. */
  readonly keepAlive?: boolean;
  readonly log?: Log;
}

/**
 * Starts an attestor that listens, and is built when it is first asked: commands that need none pay for a key and a
 * socket only. It keeps ciphertexts in memory, as long as the chain.
 * @throws {PortTakenError}
 */
export async function startLocalAttestor(options: LocalAttestorOptions): Promise<LocalAttestor> {
  const { network, provider, log } = options;
  const { publicKey, privateKey } = new SigningKey(hexlify(randomBytes(32)));
  const { server, close } = lateServer(async () => {
    const [{ attestorApp }, { attestorChain }, { attestorKey }, { MemoryObjectStore }] = await Promise.all([
      import("../inft/attestor/server.ts"),
      import("../inft/attestor/chain.ts"),
      import("../inft/attestor/key.ts"),
      import("../storage/object-store.ts"),
    ]);
    const attestor = {
      chainId: network.chainId,
      key: attestorKey(privateKey as Hex),
      chain: attestorChain({ network, provider }),
      objects: new MemoryObjectStore(),
      randomBytes: (length: number) => new Uint8Array(randomBytes(length)),
      limits: DEFAULT_ATTESTOR_LIMITS,
      ...(log === undefined ? {} : { log: (line: string) => log(`attestor: ${line}`) }),
    };
    return attestorApp({ attestor });
  });
  if (options.keepAlive !== true) letProcessEnd(server);
  const port = await listen(server, { port: options.port, what: "attestor" });
  const address = checksum(computeAddress(publicKey));
  return { address, publicKey: publicKey as Hex, url: `http://127.0.0.1:${port}`, stop: close };
}
