/** What indexers are asked: which nodes there are, and which of them hold a file. Source: 0g-storage-client, indexer/api.go. */

import { z } from "zod";

import { AddressRefusedError, assertMayAsk, contentBorderOf } from "../border.ts";
import type { Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import type { StorageContext } from "./client.ts";
import { StorageIndexerError, StorageNodeError, StorageUrlError } from "./client-errors.ts";
import { shardSchema, type ShardNode } from "./node.ts";
import { callRpc, storageUrl } from "./rpc.ts";
import type { Reach } from "./settings.ts";

/** One that lists more than this is not believed. */
const MAX_NODES = 10_000;

const nodeSchema = z.object({ url: z.string(), config: shardSchema });
const listSchema = z.array(z.unknown()).max(MAX_NODES);
const nodesSchema = z.object({ trusted: listSchema.nullish() });

type Asking = Pick<StorageContext, "indexers"> & Reach;

/** The nodes of a list that can be used; others are logged and left out. */
function usable({ log, network }: Asking, indexer: string, list: readonly unknown[]): ShardNode[] {
  return list.flatMap((entry) => {
    const parsed = nodeSchema.safeParse(entry);
    try {
      if (parsed.success) return [{ url: nodeUrl(parsed.data.url, network), ...parsed.data.config }];
    } catch (error) {
      if (!(error instanceof StorageUrlError || error instanceof AddressRefusedError)) throw error;
    }
    log?.(`The storage indexer ${indexer} lists a node that cannot be used; it is left out`);
    return [];
  });
}

/** An indexer may name what it likes. @throws {StorageUrlError} {@link AddressRefusedError} */
function nodeUrl(text: string, network: Network | undefined): string {
  const url = storageUrl(text);
  if (network !== undefined) assertMayAsk(contentBorderOf(network), new URL(url));
  return url;
}

/**
 * The nodes that an indexer trusts, none twice: the first one that answers and knows any.
 * @throws {StorageIndexerError} when none answers. {@link AbortedError}
 */
export async function trustedNodes(ctx: Asking): Promise<readonly ShardNode[]> {
  const problems: string[] = [];
  let answered = false;
  for (const indexer of ctx.indexers) {
    try {
      const request = {
        url: indexer,
        what: "Asking for storage nodes",
        method: "indexer_getShardedNodes",
        params: [],
        border: "given",
      } as const;
      const parsed = nodesSchema.safeParse(await callRpc(ctx, request));
      if (!parsed.success) {
        problems.push(`${indexer}: its list of nodes has another form`);
        continue;
      }
      const nodes = unique(usable(ctx, indexer, parsed.data.trusted ?? []));
      if (nodes.length > 0) return nodes;
      answered = true;
    } catch (error) {
      problems.push(`${indexer}: ${passedOver(error)}`);
    }
  }
  if (answered) return [];
  throw new StorageIndexerError({ indexers: ctx.indexers, problems });
}

/**
 * The nodes that an indexer finds for a file; none when no indexer knows it, or none answers: 0G's answers with an error for
 * a file it does not know, and a file can be whole before an indexer has noticed.
 * @throws {AbortedError}
 */
export async function fileLocations(ctx: Asking, root: Hex): Promise<readonly ShardNode[]> {
  for (const indexer of ctx.indexers) {
    try {
      const request = {
        url: indexer,
        what: `Looking for ${root}`,
        method: "indexer_getFileLocations",
        params: [root],
        border: "given",
      } as const;
      const parsed = listSchema.nullish().safeParse(await callRpc(ctx, request));
      const found = parsed.success ? usable(ctx, indexer, parsed.data ?? []) : [];
      if (found.length > 0) return unique(found);
    } catch (error) {
      passedOver(error);
    }
  }
  return [];
}

/** What was wrong with an indexer, when another one can be asked instead. */
function passedOver(error: unknown): string {
  if (error instanceof StorageNodeError) return String(error.details["problem"]);
  throw error;
}

function unique(nodes: readonly ShardNode[]): ShardNode[] {
  return [...new Map(nodes.map((node) => [node.url, node])).values()];
}
