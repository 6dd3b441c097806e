import type { Filter, Log as ChainLog } from "ethers";

import { EXIT, ZgError } from "../errors.ts";
import type { ReadContext } from "./context.ts";
import { chainCall, RpcUnreachableError } from "./revert.ts";

/** Below this, a node that refuses a range is not refusing because of its size. */
const SMALLEST_RANGE = 1_000;
/** Of one reading. At the smallest range that is a few million blocks; a node that wants more keeps us busy for nothing. */
const MOST_QUESTIONS = 4_096;

/** A node takes such short ranges that reading all logs would not end. */
export class LogRangeError extends ZgError {
  constructor(values: { what: string; questions: number; fromBlock: number; reached: number; toBlock: number }) {
    const { what, questions, fromBlock, reached, toBlock } = values;
    super({
      code: "ZG_LOG_RANGE",
      exit: EXIT.network,
      message: `${what} from block ${fromBlock} to ${toBlock} was given up at block ${reached}, after ${questions} questions`,
      remedy: "Set an RPC address whose node takes longer ranges of blocks in one question (see .env.example).",
      details: values,
    });
  }
}

/**
 * Reads the logs of a filter from `fromBlock` to the latest block, oldest first. Public nodes limit the range of one
 * question, each to another length; so a refused range is halved.
 * @throws {RpcUnreachableError} when the node refuses even a short range.
 * @throws {LogRangeError} when it takes ranges so short that there would be no end.
 */
export async function readLogs(
  ctx: ReadContext,
  what: string,
  filter: Pick<Filter, "address" | "topics">,
  fromBlock = 0,
): Promise<ChainLog[]> {
  const latest = await chainCall("Reading the latest block number", ctx.provider.getBlockNumber());
  const from = Math.min(fromBlock, latest);
  let questions = 0;
  const readRange = async (first: number, last: number): Promise<ChainLog[]> => {
    if (questions === MOST_QUESTIONS) {
      throw new LogRangeError({ what, questions, fromBlock: from, reached: first, toBlock: latest });
    }
    questions += 1;
    try {
      return await chainCall(what, ctx.provider.getLogs({ ...filter, fromBlock: first, toBlock: last }));
    } catch (error) {
      if (!(error instanceof RpcUnreachableError) || last - first < SMALLEST_RANGE) throw error;
    }
    const middle = Math.floor((first + last) / 2);
    const older = await readRange(first, middle);
    return [...older, ...(await readRange(middle + 1, last))];
  };
  return readRange(from, latest);
}
