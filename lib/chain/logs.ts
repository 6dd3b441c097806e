import type { Filter, Log as ChainLog } from "ethers";

import type { ReadContext } from "./context.ts";
import { chainCall, RpcUnreachableError } from "./revert.ts";

/** Below this, a node that refuses a range is not refusing because of its size. */
const SMALLEST_RANGE = 1_000;

/**
 * Reads the logs of a filter from `fromBlock` to the latest block, oldest first. Public nodes limit the range of one
 * question, each to another length; so a refused range is halved.
 * @throws {RpcUnreachableError} when the node refuses even a short range.
 */
export async function readLogs(
  ctx: ReadContext,
  what: string,
  filter: Pick<Filter, "address" | "topics">,
  fromBlock = 0,
): Promise<ChainLog[]> {
  const latest = await chainCall("Reading the latest block number", ctx.provider.getBlockNumber());
  return readRange(ctx, what, filter, Math.min(fromBlock, latest), latest);
}

async function readRange(
  ctx: ReadContext,
  what: string,
  filter: Pick<Filter, "address" | "topics">,
  fromBlock: number,
  toBlock: number,
): Promise<ChainLog[]> {
  try {
    return await chainCall(what, ctx.provider.getLogs({ ...filter, fromBlock, toBlock }));
  } catch (error) {
    if (!(error instanceof RpcUnreachableError) || toBlock - fromBlock < SMALLEST_RANGE) throw error;
    const middle = Math.floor((fromBlock + toBlock) / 2);
    const first = await readRange(ctx, what, filter, fromBlock, middle);
    return [...first, ...(await readRange(ctx, what, filter, middle + 1, toBlock))];
  }
}
