import type { Address } from "../../hex.ts";
import type { Shard } from "./shard.ts";

/** JSON-RPC method by which another process finds the storage of a served network. */
export const STORAGE_METHOD = "galileo_storage";

export interface LocalStorageNodeEntry extends Shard {
  readonly url: string;
}

/** Where the storage of this network is. */
export interface LocalStorageEntry {
  /** The indexer's URL: what clients are given. */
  readonly indexer: string;
  readonly nodes: readonly LocalStorageNodeEntry[];
  /** The contract whose submissions the nodes follow. */
  readonly flow: Address;
}

/** The part of a storage that another process can use. */
export function storageEntry({ indexer, nodes, flow }: LocalStorageEntry): LocalStorageEntry {
  return { indexer, nodes: nodes.map(({ url, shardId, numShard }) => ({ url, shardId, numShard })), flow };
}
