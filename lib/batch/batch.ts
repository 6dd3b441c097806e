/** One command's work on a batch: choose whom to ask, plan, fund once, run; once more with another provider when one lied. */

import type { ReadContext, WriteContext } from "../chain/context.ts";
import { nextNonce } from "../chain/fees.ts";
import { ReceiptPendingError } from "../chain/outcomes.ts";
import type { ConfirmedTransaction } from "../chain/send.ts";
import { readService, type Service } from "../compute/providers.ts";
import type { SessionTokens } from "../compute/session.ts";
import type { HttpDeps } from "../compute/provider-http.ts";
import type { ZgError } from "../errors.ts";
import { makeBill, type Bill, type BillRow } from "../flow/bill.ts";
import type { Budgets, Expense } from "../guards/budgets.ts";
import type { PriceCeiling } from "../guards/price-ceiling.ts";
import { termsOf } from "../guards/terms.ts";
import type { Address } from "../hex.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { withUnit } from "../units.ts";
import { batchRows, fundBatch, type BillContext } from "./bill.ts";
import { readConsumed } from "./charge.ts";
import { chooseForBatch } from "./choose.ts";
import { BatchBusyError, BatchProviderError } from "./errors.ts";
import { bookName, expensesOf, paidTo, settleLeftovers, withinBudgets } from "./expenses.ts";
import type { BatchItem } from "./items.ts";
import { itemOf, type Assignment, type BatchPlan, type BatchQueue, type MinterLease } from "./queue.ts";
import { mayPass } from "./mint-items.ts";
import { runBatch, type RunDeps, type RunOutcome } from "./run.ts";
import type { Counts, ItemState } from "./state.ts";

/** How tokens are made of the answers. */
export interface Collection {
  /** What deploying the contract will cost; nothing where it stands. */
  readonly rows: readonly BillRow[];
  readonly deploy: () => Promise<Address>;
  readonly ownerPublicKey: Uint8Array;
  readonly objects: ObjectStore;
  /** Puts encrypted bytes on 0G Storage; absent where they stay on this machine. */
  readonly store?: (ciphertexts: readonly Uint8Array[]) => Promise<readonly ConfirmedTransaction[]>;
}

export interface BatchDeps extends Omit<RunDeps, "assignment" | "lease" | "minting" | "genesisHash" | "session"> {
  readonly plan: BatchPlan;
  readonly items: readonly BatchItem[];
  readonly queue: BatchQueue;
  readonly read: ReadContext;
  readonly write: WriteContext;
  readonly owner: Address;
  readonly session: SessionTokens;
  readonly http: HttpDeps;
  /** Whom to ask, as the user named it. */
  readonly provider?: string;
  /** Asks items again whose answer was lost or could not be used. */
  readonly retryUnanswered: boolean;
  /** Absent where nothing is minted. */
  readonly collection?: Collection;
  /** Caps on what all runs spend, and the price that none may exceed. */
  readonly budgets?: Budgets;
  readonly ceilings?: readonly PriceCeiling[];
  /** Shows what is about to be spent; false ends it there. May be called again, when another provider takes over. */
  readonly approve: (bill: Bill) => Promise<boolean>;
}

export interface BatchOutcome {
  readonly status: "worked" | "planned";
  readonly bill: Bill;
  readonly counts: Counts;
  /** What ended it before its end. */
  readonly stopped?: ZgError;
  /** Neuron that the answers of this command cost. */
  readonly spent: bigint;
  readonly sent: readonly ConfirmedTransaction[];
  /** Who was asked last. */
  readonly service?: Service;
  /** What lost answers of earlier commands may have cost. Neuron; absent when that cannot be told. */
  readonly unknownCharge?: bigint;
}

/** States that no command goes on from by itself. */
const ENDED: ReadonlySet<ItemState> = new Set(["minted", "refused", "spoiled", "unknown", "quarantined", "unmintable"]);

/**
 * Works a batch that was begun, as far as it comes.
 * @throws what the plan refuses, before anything is spent: {@link NotMintableError}, {@link MaxSpendExceededError} …
 */
export async function workBatch(deps: BatchDeps): Promise<BatchOutcome> {
  const { provider, queue, budgets, plan } = deps;
  const unknownCharge = await reportUnknown(deps);
  if (budgets !== undefined && !queue.isShared) await settleLeftovers(budgets, bookName(plan), queue);
  // What was turned down cost nothing, and may be taken today.
  const retried: readonly ItemState[] = ["refused", ...(deps.retryUnanswered ? (["unknown", "spoiled"] as const) : [])];
  let outcome = await workOnce(deps, retried);
  const sent = [...outcome.sent];
  let { spent } = outcome;
  // Whoever named a provider meant that one.
  while (outcome.stopped instanceof BatchProviderError && provider === undefined && outcome.counts.waiting > 0) {
    deps.log(`${outcome.stopped.message}; looking for another provider`);
    outcome = await workOnce(deps, []);
    if (outcome.status === "planned") break;
    sent.push(...outcome.sent);
    spent += outcome.spent;
  }
  return { ...outcome, sent, spent, ...(unknownCharge === undefined ? {} : { unknownCharge }) };
}

/** What a batch that was not begun would cost. Reads only. */
export async function planBatch(deps: BatchDeps): Promise<Bill> {
  const { items } = deps;
  const service = await chooseForBatch(deps, deps.queue, deps.provider);
  const bill = await billOf(deps, service, { open: items, unminted: deps.plan.mint ? items : [], passing: [] });
  deps.budgets?.assertWouldFit(expensesFor(deps, bill, service));
  return bill;
}

interface Left {
  readonly open: readonly BatchItem[];
  readonly unminted: readonly BatchItem[];
  /** Items that could not be minted before, and may now. */
  readonly passing: readonly number[];
}

async function leftOf({ queue, plan }: BatchDeps, retried: readonly ItemState[]): Promise<Left> {
  const open: BatchItem[] = [];
  const unminted: BatchItem[] = [];
  const passing: number[] = [];
  for await (const row of queue.each()) {
    const again = retried.includes(row.state);
    if (ENDED.has(row.state) && !again && !mayPass(row)) continue;
    const item = itemOf(row);
    if (row.state === "waiting" || again) open.push(item);
    if (plan.mint) unminted.push(item);
    if (mayPass(row)) passing.push(row.seq);
  }
  return { open, unminted, passing };
}

async function billOf(deps: BatchDeps, service: Service | undefined, left: Left): Promise<Bill> {
  const { plan, collection } = deps;
  const { open, unminted } = left;
  const work = { open, unminted, stores: plan.stores, ...(service === undefined ? {} : { service }) };
  return makeBill([...(collection?.rows ?? []), ...(await batchRows(billContext(deps), work))]);
}

/** What deploying takes is set aside by that itself. */
function expensesFor({ collection, plan }: BatchDeps, bill: Bill, service: Service | undefined): readonly Expense[] {
  const own = makeBill(bill.rows.filter((row) => !(collection?.rows ?? []).includes(row)));
  return expensesOf(bookName(plan), own, service?.provider);
}

function billContext({ read, owner, plan, http, session }: BatchDeps): BillContext {
  return { read, owner, claim: plan.claim, http, session };
}

/** @param retried states of items that are asked again. They stay in them until the plan is agreed to and funded. */
async function workOnce(deps: BatchDeps, retried: readonly ItemState[]): Promise<BatchOutcome> {
  const { queue, plan } = deps;
  const left = await leftOf(deps, retried);
  const { answered, asked } = await queue.counts();
  const isAsking = left.open.length + answered + asked > 0;
  const service = isAsking ? await chooseForBatch(deps, queue, deps.provider) : undefined;
  const bill = await billOf(deps, service, left);
  const common = { bill, ...(service === undefined ? {} : { service }) };
  const expenses = expensesFor(deps, bill, service);
  deps.budgets?.assertWouldFit(expenses);
  if (!(await deps.approve(bill))) {
    return { ...common, status: "planned", counts: await queue.counts(), spent: 0n, sent: [] };
  }
  // Who mints is the only one who funds, too: two who do not know of each other would pay for the same twice.
  const lease = await queue.minter();
  if (lease === undefined) throw new BatchBusyError({ id: plan.id, by: "another minter" });
  try {
    if (deps.budgets !== undefined && queue.isShared) await settleLeftovers(deps.budgets, bookName(plan), queue);
    const paid = async (apart: readonly ItemState[] = []) =>
      service === undefined ? 0n : paidTo(queue, service.provider, apart);
    // What is asked again is paid for again.
    const before = await paid(retried);
    const nonce = await nextNonce(deps.read.provider, deps.owner);
    const sent: ConfirmedTransaction[] = [];
    const work = async () => workAs(lease, { deps, left, retried, bill, service, sent });
    const outcome = await withinBudgets(deps.budgets, expenses, work, async (done) => {
      // Workers elsewhere may go on asking, and a transaction may still land.
      const isAsked = !queue.isShared || (done !== undefined && done.counts.waiting + done.counts.asked === 0);
      const isSent = done !== undefined && !(done.stopped instanceof ReceiptPendingError);
      return {
        ...(isAsked ? { answers: (await paid()) - before } : {}),
        ...(isSent || (await nextNonce(deps.read.provider, deps.owner)) === nonce + sent.length
          ? { onChain: onChainCost(deps, sent) }
          : {}),
      };
    });
    return { ...common, status: "worked", ...outcome, sent };
  } finally {
    await lease.release();
  }
}

interface Agreed {
  readonly deps: BatchDeps;
  readonly left: Left;
  readonly retried: readonly ItemState[];
  readonly bill: Bill;
  readonly service: Service | undefined;
  /** Takes every transaction. */
  readonly sent: ConfirmedTransaction[];
}

/** What transactions cost for good: gas, and what storing is paid with. */
function onChainCost({ read }: BatchDeps, sent: readonly ConfirmedTransaction[]): bigint {
  const { storageFlow } = read.network.contracts;
  return sent.reduce((sum, { fee, value, receipt: { to } }) => sum + fee + (to === storageFlow ? value : 0n), 0n);
}

/** Deploys, funds, asks and mints what was agreed to. */
async function workAs(lease: MinterLease, { deps, left, retried, bill, service, sent }: Agreed): Promise<RunOutcome> {
  const { queue, plan, collection, write } = deps;
  const inft = collection === undefined || left.unminted.length === 0 ? undefined : await collection.deploy();
  const onSent = (transaction: ConfirmedTransaction) => {
    sent.push(transaction);
  };
  const funding = { ...billContext(deps), write, onSent };
  const transferred = service === undefined ? 0n : await fundBatch(funding, service, bill);
  const before = await queue.assignment();
  const assignment = service === undefined ? before : await assignmentOf(deps, service, inft, before, transferred);
  if (assignment === undefined) throw new Error("a batch without an assignment has items that wait for one");
  await queue.assign(assignment);
  await queue.retry(retried);
  for (const seq of left.passing) await queue.advance(seq, "sealed", { failure: null });
  const { session, signal } = deps;
  const minting = inft === undefined || collection === undefined ? {} : { minting: { ...collection, inft } };
  const running = { ...deps, lease, assignment, session, genesisHash: plan.genesisHash, onSent, ...minting };
  return runBatch(signal === undefined ? running : { ...running, signal });
}

async function assignmentOf(
  deps: BatchDeps,
  service: Service,
  inft: Address | undefined,
  before: Assignment | undefined,
  transferred: bigint,
): Promise<Assignment> {
  const terms = termsOf(service);
  const elsewhere =
    before?.terms.provider === terms.provider && before.elsewhere !== undefined
      ? BigInt(before.elsewhere) - transferred
      : await consumedElsewhere(deps, service);
  return {
    terms,
    ...(inft === undefined ? {} : { inft }),
    ...(elsewhere === undefined ? {} : { elsewhere: elsewhere.toString() }),
  };
}

/** What was consumed at a provider, less the answers that are here. A constant, but for lost answers. */
async function consumedElsewhere(deps: BatchDeps, service: Service): Promise<bigint | undefined> {
  let consumed = await readConsumed(deps, service);
  if (consumed === undefined) return undefined;
  for await (const { state, provider, fee } of deps.queue.each()) {
    if (provider === service.provider && state !== "spoiled") consumed -= BigInt(fee ?? 0);
  }
  return consumed;
}

/** Says what items whose answer was lost may have cost. */
async function reportUnknown(deps: BatchDeps): Promise<bigint | undefined> {
  const { queue, log, retryUnanswered } = deps;
  let lost = 0;
  let atMost = 0n;
  for await (const { state, worst } of queue.each()) {
    if (state !== "unknown") continue;
    lost += 1;
    atMost += BigInt(worst ?? 0);
  }
  if (lost === 0) return undefined;
  const charged = await chargedFor(deps);
  const found =
    charged === undefined ? `at most ${withUnit(atMost)}` : `${withUnit(charged)}, by what the provider counts`;
  const again = retryUnanswered ? "they are asked again" : "add --retry-unanswered to ask them again";
  log(`the answers of ${lost} items were lost; they may have cost ${found}; ${again}`);
  return charged;
}

/** What the provider counted beyond the answers that are here, if nothing else used the account meanwhile. */
async function chargedFor(deps: BatchDeps): Promise<bigint | undefined> {
  const assignment = await deps.queue.assignment();
  if (assignment?.elsewhere === undefined) return undefined;
  const service = await readService(deps.read, assignment.terms.provider);
  const now = await consumedElsewhere(deps, service);
  if (now === undefined) return undefined;
  const charged = now - BigInt(assignment.elsewhere);
  return charged > 0n ? charged : 0n;
}
