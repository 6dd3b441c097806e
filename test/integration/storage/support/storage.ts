/** An embedded Galileo whose storage has as many nodes as a test wants, and users of it. */

import { network as hardhatNetwork } from "hardhat";

import type { SignedTransaction } from "../../../../lib/chain/context.ts";
import { bootOptions } from "../../../../lib/galileo/boot-options.ts";
import type { Galileo } from "../../../../lib/galileo/galileo.ts";
import type { Eip1193 } from "../../../../lib/galileo/rpc.ts";
import { startRpcServer, type RpcServer } from "../../../../lib/galileo/rpc-server.ts";
import type { LocalStorage } from "../../../../lib/galileo/storage/local-storage.ts";
import type { Address, Hex } from "../../../../lib/hex.ts";
import { networkNamed } from "../../../../lib/networks.ts";
import type { StorageContext, StorageLimits, StorageWriteContext } from "../../../../lib/storage/client.ts";
import { SEGMENT_BYTES } from "../../../../lib/storage/merkle.ts";

/** Local servers answer at once, and tests do not wait for those that never do. */
const QUICK: Partial<StorageLimits> = {
  requestTimeoutMs: 5_000,
  retries: 1,
  retryDelayMs: 10,
  logWaitMs: 500,
  finalWaitMs: 500,
  pollMs: 20,
};

export interface StorageUser {
  readonly address: Address;
  readonly privateKey: Hex;
  readonly ctx: StorageWriteContext;
  /** What it said to its user. */
  readonly lines: string[];
  /** The transactions it signed. */
  readonly signed: SignedTransaction[];
}

export interface TestStorage {
  readonly galileo: Galileo;
  readonly storage: LocalStorage;
  readonly rpc: Eip1193;
  readonly read: StorageContext;
  /** Somebody nobody else is, who can pay. */
  user(more?: Partial<StorageWriteContext>): Promise<StorageUser>;
  /** The chain over HTTP, for other clients. */
  serve(): Promise<RpcServer>;
  close(): Promise<void>;
}

/** Call it inside `before`. */
export async function bootStorage(nodes = 1): Promise<TestStorage> {
  const connection = await bootOptions.run({ storageNodes: nodes }, async () => hardhatNetwork.create("default"));
  const { galileo } = connection;
  const network = networkNamed("default");
  const { provider } = connection.ethers;
  const servers: RpcServer[] = [];
  const read: StorageContext = { network, provider, indexers: [galileo.storage.indexer], limits: QUICK };
  return {
    galileo,
    storage: galileo.storage,
    rpc: connection.provider,
    read,
    user: async (more = {}) => {
      const { signer, address } = await galileo.fundedUser();
      const lines: string[] = [];
      const signed: SignedTransaction[] = [];
      const ctx: StorageWriteContext = {
        ...read,
        signer: signer.connect(provider),
        log: (line) => lines.push(line),
        onSigned: (transaction) => void signed.push(transaction),
        ...more,
      };
      return { address, privateKey: signer.privateKey as Hex, ctx, lines, signed };
    },
    serve: async () => {
      const server = await startRpcServer({ rpc: connection.provider, port: 0, mayBroadcast: () => true });
      servers.push(server);
      return server;
    },
    close: async () => {
      for (const server of servers) await server.close();
      await connection.close();
    },
  };
}

let salt = 0;

/** Bytes that nobody stored before; no segment is like another one. */
export function freshBytes(length: number): Uint8Array {
  salt++;
  const seed = salt;
  return Uint8Array.from(
    { length },
    (_, i) => (i * 131 + (i >> 8) + (i >> 18) * 7 + seed * 17 + (i % 61) * seed) & 255,
  );
}

export const SEGMENTS = (count: number, more = 0): number => count * SEGMENT_BYTES + more;
