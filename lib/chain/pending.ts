/** Transactions that an interrupted command signed, and that have not landed yet. */

import type { Address } from "../hex.ts";
import type { ReadContext, SignedTransaction, WriteContext } from "./context.ts";
import { rawRpc } from "./fees.ts";
import { chainCall } from "./revert.ts";
import { waitForReceipt } from "./send.ts";

/**
 * Waits until those of `signed` that a node still holds are in a block: until then the state does not show what they do,
 * and a command would do it again. One that the node does not know needs no wait, because the next transaction takes its
 * nonce, and only one of the two can land. Reads only.
 * @throws {ReceiptPendingError} when one does not land in time.
 */
export async function awaitPending(
  { provider }: Pick<ReadContext, "provider">,
  from: Address,
  signed: readonly Pick<SignedTransaction, "what" | "hash" | "nonce">[],
  waiting: Pick<WriteContext, "signal" | "receiptTimeout"> = {},
): Promise<void> {
  if (signed.length === 0) return;
  const counted = await chainCall(
    `Reading the nonce of ${from}`,
    rawRpc(provider, "eth_getTransactionCount", [from, "latest"]),
  );
  const landed = Number(BigInt(counted as string));
  for (const { what, hash, nonce } of signed) {
    if (nonce < landed) continue;
    if ((await chainCall(`Looking for ${hash}`, provider.getTransaction(hash))) === null) continue;
    await waitForReceipt({ provider, ...waiting }, what, hash, nonce);
  }
}
