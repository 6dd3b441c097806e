import type { Provider } from "ethers";

import type { Address, Hex } from "../hex.ts";
import { rawRpc } from "./fees.ts";

/** Of how many blocks a node keeps the state without being an archive. Source: go-ethereum, core/blockchain.go. */
const RECENT_BLOCKS = 127;

/**
 * Finds the transaction that used a nonce, in one of the last blocks, by halving: some nine questions.
 * @returns undefined when it is older, or the node does not show it.
 */
export async function transactionOfNonce(
  provider: Provider,
  from: Address,
  nonce: number,
): Promise<{ readonly hash: Hex; readonly block: number } | undefined> {
  const isUsedAt = async (block: number) => {
    const count = await rawRpc(provider, "eth_getTransactionCount", [from, `0x${block.toString(16)}`]);
    return Number(count) > nonce;
  };
  let used = await provider.getBlockNumber();
  let free = Math.max(-1, used - RECENT_BLOCKS);
  if (!(await isUsedAt(used)) || (free >= 0 && (await isUsedAt(free)))) return undefined;
  while (used - free > 1) {
    const middle = Math.floor((used + free) / 2);
    if (await isUsedAt(middle)) used = middle;
    else free = middle;
  }
  const block = await provider.getBlock(used, true);
  const found = block?.prefetchedTransactions.find(
    (each) => each.nonce === nonce && each.from.toLowerCase() === from.toLowerCase(),
  );
  return found === undefined ? undefined : { hash: found.hash as Hex, block: used };
}
