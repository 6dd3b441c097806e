/** Works a batch: asks and mints at the same time, until nothing is left or something stops it. */

import type { WriteContext } from "../chain/context.ts";
import type { ConfirmedTransaction } from "../chain/send.ts";
import { ZgError } from "../errors.ts";
import type { Receipt } from "../compute/receipt.ts";
import { inParallel } from "../parallel.ts";
import { askItems, type AskingDeps } from "./ask-items.ts";
import { hashFaster } from "./fast-keccak.ts";
import { mintItems, type MintingDeps } from "./mint-items.ts";
import { receiptOf, type BatchPlan, type BatchQueue, type ItemRow, type MinterLease } from "./queue.ts";
import { doneHere } from "./thread-tasks.ts";
import type { Counts } from "./state.ts";

export interface RunDeps extends Omit<AskingDeps, "concurrency" | "claim" | "onPaid" | "onSettled"> {
  readonly plan: BatchPlan;
  /** 0: others ask, this process mints. */
  readonly concurrency: number;
  readonly write: WriteContext;
  /** Held by whoever sends transactions. */
  readonly lease: MinterLease;
  /** What minting needs; absent where nothing is minted. */
  readonly minting?: Pick<MintingDeps, "inft" | "ownerPublicKey" | "objects" | "store">;
  readonly keepReceipt: MintingDeps["keepReceipt"];
  /** Told of every transaction. */
  readonly onSent?: (transaction: ConfirmedTransaction) => void;
  /** Told now and then how far it is. */
  readonly onProgress?: (progress: {
    readonly settled: number;
    readonly minted: number;
    readonly spent: bigint;
  }) => void;
}

export interface RunOutcome {
  readonly counts: Counts;
  /** What ended it before its end. */
  readonly stopped?: ZgError;
  /** Neuron that the answers of this run of the command cost. */
  readonly spent: bigint;
}

/**
 * Works the items of a batch that was begun and funded.
 * @throws {BatchBusyError} when somebody else may have become the minter. What is no error of ours is a bug, and is thrown when all is still.
 */
export async function runBatch(deps: RunDeps): Promise<RunOutcome> {
  const { queue, signal } = deps;
  hashFaster();
  let spent = 0n;
  let settled = 0;
  let minted = 0;
  const progress = () => deps.onProgress?.({ settled, minted, spent });
  const failing = new AbortController();
  const stop = signal === undefined ? failing.signal : AbortSignal.any([signal, failing.signal]);
  let asking = true;
  const asked = ask(deps, {
    signal: stop,
    onPaid: (fee) => {
      spent += fee;
    },
    onSettled: () => {
      settled += 1;
      progress();
    },
  }).finally(() => {
    asking = false;
  });
  const mints = mint(deps, async () => Promise.resolve(!asking), {
    ...(deps.onSent === undefined ? {} : { onSent: deps.onSent }),
    onMinted: (count) => {
      minted += count;
      progress();
    },
  }).catch((error: unknown) => {
    failing.abort(); // answers that cannot be minted now shall not be paid for
    throw error;
  });
  const [stopped, failed] = await Promise.allSettled([asked, mints]);
  await keepReceipts(queue, deps.keepReceipt);
  const error = reasonOf(stopped) ?? reasonOf(failed);
  if (error !== undefined && !(error instanceof ZgError)) throw error as Error;
  const reason = error ?? (stopped.status === "fulfilled" ? stopped.value : undefined);
  return { counts: await queue.counts(), spent, ...(reason === undefined ? {} : { stopped: reason }) };
}

function reasonOf(result: PromiseSettledResult<unknown>): unknown {
  return result.status === "rejected" ? (result.reason as unknown) : undefined;
}

async function ask(
  deps: RunDeps,
  told: Pick<AskingDeps, "onPaid" | "onSettled"> & { readonly signal: AbortSignal },
): Promise<ZgError | undefined> {
  if (deps.concurrency > 0) return askItems({ ...deps, ...told, claim: deps.plan.claim });
  for (;;) {
    const { waiting, asked, answered } = await deps.queue.counts();
    if (waiting + asked + answered === 0 || told.signal.aborted) return undefined;
    await deps.queue.changed(WATCH_MS);
  }
}

const WATCH_MS = 500;

async function mint(
  deps: RunDeps,
  isLast: () => Promise<boolean>,
  told: Pick<MintingDeps, "onSent" | "onMinted">,
): Promise<void> {
  const { queue, minting, plan, lease, read, write, owner, keepReceipt, signal } = deps;
  if (minting === undefined) return;
  const { claim } = plan;
  const arithmetic = deps.arithmetic ?? doneHere(deps.random);
  const stop = signal === undefined ? {} : { signal };
  await mintItems(
    { queue, read, write, owner, claim, arithmetic, keepReceipt, isLast, ...minting, ...told, ...stop },
    lease,
  );
}

/** Keeps the receipts of what is not minted as files, too: the proven ones, and those that failed. */
async function keepReceipts(
  queue: BatchQueue,
  keep: (item: Pick<ItemRow, "seq" | "id">, receipt: Receipt) => Promise<string | undefined>,
): Promise<void> {
  const missing: number[] = [];
  for await (const { seq, state, receiptFile } of queue.each()) {
    if (receiptFile === null && (state === "verified" || state === "quarantined")) missing.push(seq);
  }
  // All at once: they wait for one and the same commit of the store.
  await inParallel(
    missing,
    async (seq) => {
      const row = await queue.get(seq);
      const receipt = row === undefined ? undefined : receiptOf(row);
      if (row === undefined || receipt === undefined) return;
      const receiptFile = await keep(row, receipt);
      if (receiptFile !== undefined) await queue.advance(seq, row.state, { receiptFile });
    },
    KEPT_AT_ONCE,
  );
}

const KEPT_AT_ONCE = 64;
