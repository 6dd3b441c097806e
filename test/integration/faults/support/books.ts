/** What an account sent and paid, from the blocks themselves: nothing of ours is believed. */

import type { Interface } from "ethers";

import type { ReadContext } from "../../../../lib/chain/context.ts";
import { INTERFACES } from "../../../../lib/chain/contracts.ts";
import type { Address } from "../../../../lib/hex.ts";
import { inftInterface } from "../../../../lib/inft/contracts.ts";

export interface Books {
  /** How often each function was called with success: `{ depositFund: 1, … }`; `submit` is 0G Storage's. */
  readonly calls: Readonly<Record<string, number>>;
  /** Neuron that left the wallet: values and gas. */
  readonly spent: bigint;
}

/** Reads all that `account` sent after block `from`. */
export async function readBooks({ network, provider }: ReadContext, account: Address, from: number): Promise<Books> {
  const known: readonly Interface[] = [INTERFACES.ledgerManager(), inftInterface()];
  const calls: Record<string, number> = {};
  let spent = 0n;
  const last = await provider.getBlockNumber();
  for (let number = from + 1; number <= last; number++) {
    const block = await provider.getBlock(number, true);
    for (const transaction of block?.prefetchedTransactions ?? []) {
      if (transaction.from !== account) continue;
      const receipt = await provider.getTransactionReceipt(transaction.hash);
      if (receipt === null) throw new Error(`${transaction.hash} is in block ${number} and has no receipt`);
      spent += receipt.gasUsed * receipt.gasPrice;
      if (receipt.status === 0) continue;
      spent += transaction.value;
      const parsed = known.map((abi) => abi.parseTransaction(transaction)).find((found) => found !== null);
      const name = transaction.to === network.contracts.storageFlow ? "submit" : (parsed?.name ?? "unknown");
      calls[name] = (calls[name] ?? 0) + 1;
    }
  }
  return { calls, spent };
}
