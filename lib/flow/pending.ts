/** Transactions that an interrupted command of the same run sent, and that have not landed yet. */

import { rawRpc } from "../chain/fees.ts";
import { chainCall } from "../chain/revert.ts";
import { waitForReceipt } from "../chain/send.ts";
import type { FlowReadContext } from "./context.ts";

/**
 * Waits until the run's transactions that a node still holds are in a block: until then the state does not show what
 * they do, and a step would do it again. One that the node does not know needs no wait, because the next transaction
 * takes its nonce, and only one of the two can land. Reads only.
 * @throws {ReceiptPendingError} when one does not land in time.
 */
export async function awaitPending(
  ctx: Pick<FlowReadContext, "read" | "owner" | "journal" | "http">,
  receiptTimeout?: number,
): Promise<void> {
  const { read, owner, journal, http } = ctx;
  const signed = journal.facts.filter((fact) => fact.type === "signed");
  if (signed.length === 0) return;
  const { provider } = read;
  const counted = chainCall(
    `Reading the nonce of ${owner}`,
    rawRpc(provider, "eth_getTransactionCount", [owner, "latest"]),
  );
  const landed = Number(BigInt((await counted) as string));
  for (const { what, hash, nonce } of signed.filter((fact) => fact.nonce >= landed)) {
    if ((await chainCall(`Looking for ${hash}`, provider.getTransaction(hash))) === null) continue;
    const waiting = {
      provider,
      ...(http.signal === undefined ? {} : { signal: http.signal }),
      ...(receiptTimeout === undefined ? {} : { receiptTimeout }),
    };
    await waitForReceipt(waiting, what, hash, nonce);
  }
}
