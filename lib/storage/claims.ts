import type { ZgError } from "../errors.ts";
import type { Hex } from "../hex.ts";
import { inParallel } from "../parallel.ts";
import type { StorageContext } from "./client.ts";
import { askFile, type FileInfo, type ShardNode } from "./node.ts";
import { isNodeFailure } from "./nodes.ts";
import { limitsOf } from "./settings.ts";

/** What a node said of a root: nothing known, a failure, or a file. */
export interface Claim {
  readonly node: ShardNode;
  readonly info?: FileInfo;
  readonly failure?: ZgError;
}

/** Whoever has the file answers at once; a node that hangs must not hold up the others for long. Milliseconds. */
const LOOKUP_TIMEOUT_MS = 10_000;

/** Asks nodes for a file, all at once. A node that fails is logged. */
export async function claimsOf(
  ctx: StorageContext,
  nodes: readonly ShardNode[],
  root: Hex,
  ask = async (quick: StorageContext, url: string) => askFile(quick, url, root),
): Promise<Claim[]> {
  const limits = limitsOf(ctx);
  const requestTimeoutMs = Math.min(limits.requestTimeoutMs, LOOKUP_TIMEOUT_MS);
  const quick = { ...ctx, limits: { ...limits, requestTimeoutMs, retries: Math.min(limits.retries, 1) } };
  return inParallel(
    nodes,
    async (node) => {
      try {
        const info = await ask(quick, node.url);
        return info === undefined ? { node } : { node, info };
      } catch (failure) {
        if (!isNodeFailure(failure)) throw failure;
        ctx.log?.(failure.message);
        return { node, failure };
      }
    },
    nodes.length,
  );
}
