/** Submits a file to the Flow contract, unless that was done: by whomever, and however it ended. */

import type { SignedTransaction } from "../chain/context.ts";
import { awaitPending } from "../chain/pending.ts";
import { TransactionRevertedError } from "../chain/outcomes.ts";
import { ContractRevertError } from "../chain/revert.ts";
import { sendTransaction, type ConfirmedTransaction } from "../chain/send.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import { claimsOf } from "./claims.ts";
import type { StorageContext, StorageWriteContext, Submission } from "./client.ts";
import { FeeTooLowError, SubmissionRefusedError } from "./client-errors.ts";
import { findSubmissions, readPricePerSector, storageFee, submissionDraft, submissionOf } from "./flow.ts";
import type { StorageTree } from "./merkle.ts";
import { askSubmission, type ShardNode } from "./node.ts";
import { inTurn } from "./turns.ts";
import { UploadNote } from "./upload-note.ts";

export interface Submitted {
  readonly txSeq: number;
  /** Absent when it was there. */
  readonly transaction?: ConfirmedTransaction;
}

/**
 * Finds the submission of a file that nodes or the chain know: of this size, and not dropped by the nodes. A claim of a
 * node that the chain denies is passed over.
 */
export async function findSubmitted(
  ctx: StorageContext,
  nodes: readonly ShardNode[],
  { root, shape, nodes: subtrees }: StorageTree,
): Promise<number | undefined> {
  const [chain, claims] = await Promise.all([findSubmissions(ctx, subtrees), claimsOf(ctx, nodes, root)]);
  const ofSize = chain.submissions.filter(({ size }) => size === shape.size);
  const onChain = new Set(ofSize.map(({ txSeq }) => txSeq));
  const live = claims.flatMap(({ info }) => info ?? []).filter(({ size, pruned }) => size === shape.size && !pruned);
  const claimed = live.toSorted((one, other) => Number(other.finalised) - Number(one.finalised));
  const known = claimed.find(({ txSeq }) => !chain.whole || onChain.has(txSeq));
  return known?.txSeq ?? newestKept(ctx, nodes, root, ofSize);
}

/** The newest of the submissions that no node has dropped. */
async function newestKept(
  ctx: StorageContext,
  nodes: readonly ShardNode[],
  root: Hex,
  submissions: readonly Submission[],
): Promise<number | undefined> {
  for (const { txSeq } of submissions.toReversed()) {
    const claims = await claimsOf(ctx, nodes, root, async (quick, url) => askSubmission(quick, url, root, txSeq));
    if (!claims.some(({ info }) => info?.pruned)) return txSeq;
  }
  return undefined;
}

/**
 * Makes sure that a file is submitted once. Sends at most one transaction, one after the other for each signer.
 * @throws {FeeTooLowError} {@link SubmissionRefusedError} {@link StorageBusyError}
 * @throws what `sendTransaction` does.
 */
export async function submitOnce(
  ctx: StorageWriteContext,
  params: {
    readonly tree: StorageTree;
    readonly tags: Hex;
    readonly nodes: readonly ShardNode[];
    /** Called before anything is paid. */
    readonly beforePaying: () => Promise<void>;
  },
): Promise<Submitted> {
  const { tree, tags, nodes, beforePaying } = params;
  const submitter = checksum(await ctx.signer.getAddress());
  return inTurn(ctx, submitter, async () => {
    const note = new UploadNote(ctx, tree);
    const known = (await findSubmitted(ctx, nodes, tree)) ?? (await findPending(ctx, nodes, tree, note));
    if (known !== undefined) {
      await note.remove();
      return { txSeq: known };
    }
    await beforePaying();
    const transaction = await send(ctx, tree, tags, submitter, note);
    await note.remove();
    return { txSeq: submissionOf(ctx, tree.root, transaction.receipt).txSeq, transaction };
  });
}

/** Waits for the transaction of a run that was interrupted, if a node still holds it, and looks again. */
async function findPending(
  ctx: StorageWriteContext,
  nodes: readonly ShardNode[],
  tree: StorageTree,
  note: UploadNote,
): Promise<number | undefined> {
  const signed = await note.read();
  if (signed === undefined) return undefined;
  await awaitPending(ctx, signed.from, [signed], ctx);
  return findSubmitted(ctx, nodes, tree);
}

async function send(
  ctx: StorageWriteContext,
  tree: StorageTree,
  tags: Hex,
  submitter: Address,
  note: UploadNote,
): Promise<ConfirmedTransaction> {
  const pricePerSector = await readPricePerSector(ctx);
  const onSigned = async (transaction: SignedTransaction) => {
    await note.write(transaction);
    await ctx.onSigned?.(transaction);
  };
  try {
    return await sendTransaction({ ...ctx, onSigned }, submissionDraft(ctx, { tree, submitter, tags, pricePerSector }));
  } catch (error) {
    const reason = refusalOf(error);
    if (reason === undefined) throw error;
    await note.remove();
    const { root, shape } = tree;
    if (reason !== "NotEnoughFee") throw new SubmissionRefusedError({ root, reason }, error);
    const fee = storageFee(tree, pricePerSector);
    throw new FeeTooLowError({ root, fee, sectors: shape.paddedChunks, pricePerSector }, error);
  }
}

/** What the contract said, when the transaction or its estimate reverted. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof TransactionRevertedError) return String(error.details["reason"]);
  if (!(error instanceof ContractRevertError)) return undefined;
  const { name, args } = error.revert;
  return name === "Error" ? String(args["reason"]) : name;
}
