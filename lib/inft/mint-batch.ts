/** Minting several results at once: one transaction for all commitments, one for all mints. */

import { latestBlock } from "../chain/connect.ts";
import type { ReadContext, WriteContext } from "../chain/context.ts";
import type { ConfirmedTransaction, TransactionDraft } from "../chain/send.ts";
import { EXIT, UsageError, ZgError } from "../errors.ts";
import type { Address, Hex } from "../hex.ts";
import { inftContract, inftInterface } from "./contracts.ts";
import { claimOf, findMinted, hasOpenCommitment, sendOnceCommitted, type PreparedMint } from "./mint.ts";
import { inftCall, sendToInft } from "./translate.ts";

/** As many as fit into one block with room to spare, whatever their providers say of themselves. */
export const BATCH_LIMIT = 50;

/**
 * From how many results of one provider on it costs less to have its signer remembered first. A batch reads the service
 * anew for each item, but from warm slots after the first. Measured: with a provider that says nothing of itself it takes
 * 5 of them (4 cost 0.1 % more), with one that says the 4 KB it may, 2.
 */
const SYNC_PAYS_FROM = 4;

/** One of several is refused, so none is sent. */
export class BatchItemError extends ZgError {
  constructor(item: string, cause: ZgError) {
    const { code, details, exit, message, remedy } = cause;
    super({
      code: "ZG_BATCH_ITEM",
      exit,
      message: `${item} cannot be minted, so nothing of the batch was sent: ${message}`,
      remedy: `Leave it out, or: ${remedy}`,
      details: { item, cause: code, ...details },
      cause,
    });
  }
}

/** Runs a check of one item and names the item when it is refused. @throws {BatchItemError} */
export async function checkItem<T>(item: string, check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof ZgError && error.exit !== EXIT.network) throw new BatchItemError(item, error);
    throw error; // an outage, or a bug
  }
}

/**
 * Asserts that results can be minted together: not too many, none twice.
 * @throws {UsageError}
 */
export function assertBatch(tokenIds: readonly bigint[]): void {
  if (tokenIds.length > BATCH_LIMIT) {
    throw new UsageError({
      message: `${tokenIds.length} results do not fit into one batch`,
      remedy: `Mint at most ${BATCH_LIMIT} at once.`,
      details: { given: tokenIds.length, limit: BATCH_LIMIT },
    });
  }
  const twice = tokenIds.find((id, position) => tokenIds.indexOf(id) !== position);
  if (twice !== undefined) {
    throw new UsageError({
      message: `Two of the receipts are of the same result, token ${twice}`,
      remedy: "Name each once.",
      details: { tokenId: twice },
    });
  }
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}

/** The transaction of several commitments. */
export function commitBatchDraft(inft: Address, commitments: readonly Hex[]): TransactionDraft {
  const data = inftInterface().encodeFunctionData("commitBatch", [commitments]) as Hex;
  return { what: `commit to ${counted(commitments.length, "mint")}`, to: inft, data };
}

/** The transaction of several mints, all by commitment. */
export function revealBatchDraft(inft: Address, batch: readonly PreparedMint[]): TransactionDraft {
  const items = batch.map(({ result, datas, sealedKeys, to, salt }) => ({
    ...{ claim: claimOf(result), datas, sealedKeys, to, salt },
  }));
  const data = inftInterface().encodeFunctionData("mintInferenceBatch", [items]) as Hex;
  return { what: `mint ${counted(batch.length, "inference")}`, to: inft, data };
}

/** The transaction that has a provider's signer remembered, so that the next mints cost less. */
export function syncDraft(inft: Address, provider: Address): TransactionDraft {
  const data = inftInterface().encodeFunctionData("syncSigner", [provider]) as Hex;
  return { what: `have the signer of ${provider} remembered`, to: inft, data };
}

/** The providers whose signer is worth remembering before a batch: often in it, and not remembered. */
export async function providersToSync(
  ctx: ReadContext,
  inft: Address,
  batch: readonly Pick<PreparedMint, "result">[],
): Promise<Address[]> {
  const counts = new Map<Address, number>();
  for (const { result } of batch) counts.set(result.provider, (counts.get(result.provider) ?? 0) + 1);
  const often = [...counts].filter(([, count]) => count >= SYNC_PAYS_FROM).map(([provider]) => provider);
  if (often.length === 0) return [];
  const contract = inftContract(inft, ctx.provider);
  const reading = "Reading which signers are remembered";
  const [{ timestamp }, maxAge] = await Promise.all([latestBlock(ctx), inftCall(reading, contract.SIGNER_MAX_AGE())]);
  const stale = await Promise.all(
    often.map(async (provider) => {
      const [, syncedAt] = await inftCall(reading, contract.cachedSignerOf(provider));
      // What is about to be forgotten may be forgotten before the mint.
      return BigInt(timestamp) - syncedAt > maxAge / 2n ? [provider] : [];
    }),
  );
  return stale.flat();
}

/** Those of a batch whose commitment is still to be made. Reads the commitments. */
export async function uncommitted(ctx: ReadContext, batch: readonly PreparedMint[]): Promise<Hex[]> {
  const open = await Promise.all(batch.map(async (one) => hasOpenCommitment(ctx, one)));
  return batch.filter((_, position) => open[position] !== true).map(({ commitment }) => commitment);
}

/** Those of a batch that are no tokens yet. Reads their owners. */
export async function unminted(ctx: ReadContext, batch: readonly PreparedMint[]): Promise<PreparedMint[]> {
  const found = await Promise.all(batch.map(async ({ inft, tokenId }) => findMinted(ctx, inft, tokenId)));
  return batch.filter((_, position) => found[position] === undefined);
}

/**
 * Commits to a whole batch and mints it, all or none. Sends up to two transactions, and one for each provider to remember.
 * @throws {CommitmentTooYoungError} when no block came in time.
 */
export async function mintBatch(
  ctx: WriteContext,
  inft: Address,
  batch: readonly PreparedMint[],
): Promise<ConfirmedTransaction[]> {
  const sent: ConfirmedTransaction[] = [];
  const commitments = await uncommitted(ctx, batch);
  if (commitments.length > 0) sent.push(await sendToInft(ctx, commitBatchDraft(inft, commitments)));
  for (const provider of await providersToSync(ctx, inft, batch)) {
    sent.push(await sendToInft(ctx, syncDraft(inft, provider)));
  }
  sent.push(await sendOnceCommitted(ctx, revealBatchDraft(inft, batch)));
  return sent;
}
