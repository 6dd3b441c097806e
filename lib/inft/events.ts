/** The events of one token, of whichever contract of ours, in the order they happened. */

import type { Log as ChainLog, Result } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import type { Hex } from "../hex.ts";
import { tokenBytes } from "./content.ts";
import { inftInterface } from "./contracts.ts";
import { readLogs } from "../chain/logs.ts";
import type { TokenQuery } from "./show.ts";

/** One event, as the decoder gives it: addresses checksummed, integers as bigint. */
export interface TokenEvent {
  readonly name: TokenEventName;
  readonly args: Result;
  readonly block: number;
  /** Position in its block. */
  readonly index: number;
  readonly transaction: Hex;
}

/** By the topic that holds the token id. `Transferred` and ERC-4906 keep it in the data, where no node can find it. */
const EVENTS = {
  1: [
    "InferenceMinted",
    "Updated",
    "DataHashesUpdated",
    "AuthorizationTerms",
    "AuthorizationsCleared",
    "TransferStaged",
    "TransferUnstaged",
    "Cloned",
  ],
  2: ["PublishedSealedKey", "Cloned"],
  3: ["Transfer", "Authorization", "AuthorizationRevoked"],
} as const;

export type TokenEventName = (typeof EVENTS)[keyof typeof EVENTS][number];

/** The hash that a log of this event begins with. */
export function topicOf(event: TokenEventName): Hex {
  const fragment = inftInterface().getEvent(event);
  if (fragment === null) throw new Error(`the ABI has no event ${event}`);
  return fragment.topicHash as Hex;
}

/** Decodes a log of the iNFT contract. */
export function argumentsOf(log: ChainLog): Result {
  const parsed = inftInterface().parseLog(log);
  if (parsed === null) throw new Error(`log ${log.index} of ${log.transactionHash} is not an event of the iNFT`);
  return parsed.args;
}

function eventOf(log: ChainLog): TokenEvent {
  const name = inftInterface().parseLog(log)?.name as TokenEventName;
  const { blockNumber: block, index, transactionHash } = log;
  return { name, args: argumentsOf(log), block, index, transaction: transactionHash as Hex };
}

/**
 * Reads all events of a token, oldest first: one question for each place a token id can stand in.
 * @throws {RpcUnreachableError} when the node does not answer.
 */
export async function readTokenEvents(ctx: ReadContext, query: TokenQuery): Promise<readonly TokenEvent[]> {
  const { inft: address, tokenId, fromBlock } = query;
  const token = tokenBytes(tokenId);
  const found = await Promise.all(
    Object.entries(EVENTS).map(async ([position, names]) => {
      const between = Array<null>(Number(position) - 1).fill(null);
      const topics = [names.map(topicOf), ...between, token];
      return readLogs(ctx, `Reading the events of token ${tokenId}`, { address, topics }, fromBlock);
    }),
  );
  return found
    .flat()
    .map(eventOf)
    .sort((a, b) => a.block - b.block || a.index - b.index);
}
