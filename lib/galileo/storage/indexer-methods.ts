/** The `indexer_` methods. Source: 0g-storage-client, indexer/api.go. */

import { isHex, type Hex } from "../../hex.ts";
import { CODES } from "../json-rpc.ts";
import type { IndexerMisbehaviour, Temper } from "./misbehaviour.ts";
import { invalidParams, RpcRefusal } from "./refusal.ts";
import type { Shard } from "./shard.ts";
import type { Method } from "./storage-app.ts";

/** A node as the indexer knows it. */
export interface IndexedNode extends Shard {
  readonly url: string;
  /** What the node itself says of a file; undefined when it knows none, or does not answer. */
  readonly ask: (root: Hex) => Promise<{ readonly finalized: boolean } | undefined>;
}

export interface IndexerParts {
  readonly nodes: readonly IndexedNode[];
  readonly temper: Temper<IndexerMisbehaviour>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export function indexerMethods({ nodes, temper, clock }: IndexerParts): Readonly<Record<string, Method>> {
  const since = Math.floor(clock() / 1000);
  const listed = ({ url, shardId, numShard }: IndexedNode) => ({
    url,
    config: { shardId, numShard },
    latency: 1,
    since,
  });
  return {
    indexer_getShardedNodes: async () => ({
      trusted: temper.next("no-nodes") === undefined ? nodes.map(listed) : [],
      discovered: [],
    }),
    // Places on the globe. 0G looks them up by address; these are all here.
    indexer_getNodeLocations: async () => ({}),
    indexer_getFileLocations: async ([root]) => {
      if (!isHex(root) || root.length !== 66) throw invalidParams("root", "not 32 bytes in hexadecimal");
      if (temper.next("lists-all") !== undefined) return nodes.map(listed);
      const nothing = temper.next("finds-nothing") !== undefined;
      const known = nothing ? [] : await Promise.all(nodes.map(async (node) => node.ask(root.toLowerCase() as Hex)));
      // As 0G's indexer has it: an error when no node knows the file, no location while none is whole.
      if (known.every((file) => file === undefined)) throw new RpcRefusal(CODES.refused, "file not found");
      return nodes.filter((_, index) => known[index]?.finalized === true).map(listed);
    },
  };
}
