/** Says what stands of 0G Storage on a network, and whether its servers answer. Reads only. */

import { keccak256 } from "ethers";

import { chainCall } from "../../chain/revert.ts";
import { checksum, type Address, type Hex } from "../../hex.ts";
import type { Network } from "../../networks.ts";
import { probe, type Probed } from "../probe.ts";
import { codeAt, type Eip1193 } from "../rpc.ts";
import type { LocalStorageEntry } from "./entry.ts";
import { FLOW, MARKET } from "./flow.ts";
import { STORAGE_DIFFERENCE, STORAGE_FLOW, STORAGE_MARKET, type StoragePredeploy } from "./predeploys.ts";

/**
 * `placed`: what the embedded network places. `unrecorded`: some code, on a chain for which 0G has no record of it.
 * `neither`: some other code on an embedded network.
 */
export type StorageCodeMatch = "placed" | "unrecorded" | "neither" | "empty";

export interface StorageContractStatus {
  readonly name: string;
  readonly address: Address;
  readonly codeHash: Hex | undefined;
  readonly match: StorageCodeMatch;
  readonly placedCodeHash: Hex;
  /** Why it is not known to be Galileo's. */
  readonly difference: string;
}

export interface StorageServerStatus extends Probed {
  readonly part: "indexer" | "node";
  readonly url: string;
  /** Of a node: its share of every file. */
  readonly shard: string | undefined;
}

export interface StorageStatus {
  readonly contracts: readonly StorageContractStatus[];
  /** Neuron a 256-byte sector; undefined when no Flow stands. */
  readonly pricePerSector: bigint | undefined;
  /** How often something was submitted; undefined when no Flow stands. */
  readonly submissions: bigint | undefined;
  readonly servers: readonly StorageServerStatus[];
}

export interface StorageInspectContext {
  readonly network: Network;
  readonly rpc: Eip1193;
  readonly fetch: typeof fetch;
  /** Of the network itself; live ones have 0G's indexer. */
  readonly storage: LocalStorageEntry | undefined;
}

export async function inspectStorage(ctx: StorageInspectContext): Promise<StorageStatus> {
  const { network, rpc } = ctx;
  const at = network.contracts.storageFlow;
  const [flow, servers] = await Promise.all([
    contractStatus(ctx, STORAGE_FLOW, at),
    Promise.all(serversOf(ctx).map(async (server) => ({ ...server, ...(await answers(ctx.fetch, server)) }))),
  ]);
  if (flow.match === "empty") return { contracts: [flow], pricePerSector: undefined, submissions: undefined, servers };
  const read = async (to: Address, data: string, what: string) =>
    (await chainCall(`Reading ${what}`, rpc.request({ method: "eth_call", params: [{ to, data }, "latest"] }))) as Hex;
  const [market, submissions] = await Promise.all([
    read(at, FLOW.encodeFunctionData("market"), "the storage market"),
    read(at, FLOW.encodeFunctionData("submissionIndex"), "the number of submissions"),
  ]);
  const marketAt = checksum(`0x${market.slice(-40)}`);
  const price = await read(marketAt, MARKET.encodeFunctionData("pricePerSector"), "the price of storage");
  return {
    contracts: [flow, await contractStatus(ctx, STORAGE_MARKET, marketAt)],
    pricePerSector: BigInt(price),
    submissions: BigInt(submissions),
    servers,
  };
}

async function contractStatus(
  { network, rpc }: StorageInspectContext,
  { name, placedCodeHash }: StoragePredeploy,
  address: Address,
): Promise<StorageContractStatus> {
  const code = await chainCall(`Reading the code of ${name}`, codeAt(rpc, address));
  const codeHash = code === "0x" ? undefined : (keccak256(code) as Hex);
  const other = network.mode === "local" ? "neither" : "unrecorded";
  const match = codeHash === undefined ? "empty" : codeHash === placedCodeHash ? "placed" : other;
  return { name, address, codeHash, match, placedCodeHash, difference: STORAGE_DIFFERENCE };
}

type Server = Pick<StorageServerStatus, "part" | "url" | "shard">;

function serversOf({ network, storage }: StorageInspectContext): Server[] {
  if (storage === undefined) {
    const url = network.storageIndexer;
    return url === undefined ? [] : [{ part: "indexer", url, shard: undefined }];
  }
  const nodes = storage.nodes.map(({ url, shardId, numShard }): Server => {
    return { part: "node", url, shard: `${shardId} of ${numShard}` };
  });
  return [{ part: "indexer", url: storage.indexer, shard: undefined }, ...nodes];
}

async function answers(ask: typeof fetch, { url, part }: Server): Promise<Probed> {
  const method = part === "indexer" ? "indexer_getShardedNodes" : "zgs_getStatus";
  return probe(ask, url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: [] }),
  });
}
