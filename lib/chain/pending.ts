/** Transactions that an interrupted command signed, and that have not landed yet. */

import type { Address } from "../hex.ts";
import type { SignedTransaction } from "./context.ts";
import { rawRpc } from "./fees.ts";
import { awaitInclusion, type WaitContext } from "./inclusion.ts";
import { TransactionDroppedError, TransactionReplacedError } from "./outcomes.ts";
import { chainCall } from "./revert.ts";

type Signed = Pick<SignedTransaction, "what" | "hash" | "nonce">;

/**
 * Waits until those of `signed` that a node still holds are in a block: until then the state does not show what they do,
 * and a command would do it again. One that the node does not know needs no wait, because the next transaction takes its
 * nonce, and only one of the two can land. Reads only.
 * @throws {ReceiptPendingError} when one does not land in time.
 */
export async function awaitPending(
  { network, provider }: Pick<WaitContext, "network" | "provider">,
  from: Address,
  signed: readonly Signed[],
  waiting: Pick<WaitContext, "signal" | "receiptTimeout" | "time"> = {},
): Promise<void> {
  if (signed.length === 0) return;
  const counted = await chainCall(
    `Reading the nonce of ${from}`,
    rawRpc(provider, "eth_getTransactionCount", [from, "latest"]),
  );
  const landed = Number(BigInt(counted as string));
  const { signal, receiptTimeout, time } = waiting;
  const ctx: WaitContext = {
    network,
    provider,
    ...(signal === undefined ? {} : { signal }),
    ...(receiptTimeout === undefined ? {} : { receiptTimeout }),
    ...(time === undefined ? {} : { time }),
  };
  for (const [nonce, { what, hashes }] of byNonce(signed)) {
    if (nonce < landed) continue;
    const held = await Promise.all(
      hashes.map(async (hash) => chainCall(`Looking for ${hash}`, provider.getTransaction(hash))),
    );
    if (held.every((found) => found === null)) continue;
    try {
      await awaitInclusion(ctx, { what, from, nonce, hashes: () => hashes });
    } catch (error) {
      // Its nonce is used, or free: in either case it does nothing any more, and the state is what counts.
      if (!(error instanceof TransactionReplacedError || error instanceof TransactionDroppedError)) throw error;
    }
  }
}

/** A transaction and what replaced it are one: whichever lands. */
function byNonce(signed: readonly Signed[]): Map<number, { what: string; hashes: Signed["hash"][] }> {
  const nonces = new Map<number, { what: string; hashes: Signed["hash"][] }>();
  for (const { what, hash, nonce } of signed) {
    const hashes = nonces.get(nonce)?.hashes ?? [];
    nonces.set(nonce, { what, hashes: [...hashes, hash] });
  }
  return nonces;
}
