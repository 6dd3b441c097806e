/** Finds the contract of a token by the token's id alone. */

import { toBeHex, zeroPadValue } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import { chainCall, RpcUnreachableError } from "../chain/revert.ts";
import { checksum, ZERO_ADDRESS, type Address } from "../hex.ts";
import { topicOf } from "./events.ts";

/**
 * Every contract that minted a token of this id, by its ERC-721 event; anybody can emit one, so it says where to look and
 * no more. Empty where the node does not search its whole chain at once.
 */
export async function findMints(ctx: ReadContext, tokenId: bigint): Promise<readonly Address[]> {
  const topics = [topicOf("Transfer"), zeroPadValue(ZERO_ADDRESS, 32), null, toBeHex(tokenId, 32)];
  try {
    const filter = { topics, fromBlock: 0, toBlock: "latest" };
    const logs = await chainCall(`Looking for the mint of token ${tokenId}`, ctx.provider.getLogs(filter));
    return [...new Set(logs.map(({ address }) => checksum(address)))];
  } catch (error) {
    if (!(error instanceof RpcUnreachableError)) throw error;
    return [];
  }
}
