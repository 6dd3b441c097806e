/** The main job: from a prompt to a minted, proven inference, as steps that find out for themselves what is left to do. */

import type { SignedTransaction } from "../chain/context.ts";
import { currentFees } from "../chain/fees.ts";
import { notBefore } from "../chain/not-before.ts";
import { awaitPending } from "../chain/pending.ts";
import { chainCall } from "../chain/revert.ts";
import type { Service } from "../compute/providers.ts";
import { DEFAULT_CLAIM, type ClaimMode } from "../inft/claim.ts";
import { PROVIDER_MINIMUM_RESERVE } from "../protocol/constants.ts";
import { readPricePerSector } from "../storage/flow.ts";
import { shapeOf } from "../storage/merkle.ts";
import { withUnit } from "../units.ts";
import { priceCeilingText } from "../guards/price-ceiling.ts";
import { termsOf } from "../guards/terms.ts";
import { makeBill, withBefore, type BillRow } from "./bill.ts";
import type { FlowContext, FlowPlan, FlowReadContext, FlowStep } from "./context.ts";
import { RunAbandonedError, RunMismatchError } from "./errors.ts";
import { expensesOf, settleReservations } from "./expenses.ts";
import { GAS_BOUNDS, mintGas } from "./gas.ts";
import { JOURNAL_VERSION, lastFact, type Journal } from "./journal.ts";
import { assertMayAskAnother, keepQuarantined } from "./quarantine.ts";
import { questionText } from "./question.ts";
import { spentRows } from "./spent.ts";
import { checkSteps, runSteps, type StepOutcome } from "./step.ts";
import { acknowledgeStep } from "./steps/acknowledge.ts";
import { deployStep, verifierStep } from "./steps/deploy.ts";
import { answerBound, depositStep, flowFunding, fundedAnswers, requestSize, transferStep } from "./steps/funding.ts";
import { assertAnswersKnown, inferStep } from "./steps/infer.ts";
import { commitStep, mintStep, sealStep } from "./steps/mint.ts";
import { reportStep, storeStep } from "./steps/store.ts";
import { pickService, providerStep } from "./steps/provider.ts";
import { verifyStep } from "./steps/verify.ts";

/** Makes sure that the iNFT contract and the verifier it trusts stand. */
export const DEPLOY_STEPS: readonly FlowStep[] = [verifierStep, deployStep];
/** Makes sure that a provider would serve. */
export const FUNDING_STEPS: readonly FlowStep[] = [providerStep, depositStep, transferStep, acknowledgeStep];
/** The main job. */
export const FLOW_STEPS: readonly FlowStep[] = [
  providerStep,
  verifierStep,
  deployStep,
  depositStep,
  transferStep,
  acknowledgeStep,
  inferStep,
  verifyStep,
  sealStep,
  storeStep,
  commitStep,
  mintStep,
  reportStep,
];
const STORING_STEPS: readonly FlowStep[] = [storeStep, reportStep];

/** The main job, as far as a run does it: without 0G Storage nothing is stored. */
export function flowSteps({ stores }: Pick<FlowReadContext, "stores">): readonly FlowStep[] {
  return stores ? FLOW_STEPS : FLOW_STEPS.filter((step) => !STORING_STEPS.includes(step));
}

type Identity = Pick<
  FlowReadContext,
  "owner" | "question" | "claim" | "genesisHash" | "read" | "stores" | "maxPrice"
> & {
  readonly id: string;
};

/**
 * Asserts that a run that was started before is the one that is continued.
 * @throws {RunMismatchError} when it was started on another chain, by another owner, or with another question, claim,
 *   storage or price ceiling.
 * @throws {RunAbandonedError}
 */
export function assertSameRun(journal: Journal, identity: Identity): void {
  const started = lastFact(journal, "started");
  if (started === undefined) return;
  const { id, owner, question, claim, genesisHash, read, stores, maxPrice } = identity;
  const compare = (field: string, recorded: string, now: string) => {
    if (recorded !== now) throw new RunMismatchError({ id, field, recorded, now });
  };
  compare("network", started.network, read.network.name);
  compare("genesis hash", started.genesisHash, genesisHash);
  compare("owner", started.owner, owner);
  compare("question", questionText(started.question), questionText(question));
  compare("claim", startedClaim(journal), claim);
  // What stayed here may be stored later; nothing is taken back.
  if (started.storage !== false) compare("storage", "0G Storage", stores ? "0G Storage" : "none");
  compare("price ceiling", started.maxPrice ?? "none", maxPrice === undefined ? "none" : priceCeilingText(maxPrice));
  const abandoned = lastFact(journal, "abandoned");
  if (abandoned !== undefined) throw new RunAbandonedError({ id, time: abandoned.time });
}

/** How a run that was started claims its result. */
export function startedClaim(journal: Journal): ClaimMode {
  return lastFact(journal, "started")?.claim ?? DEFAULT_CLAIM;
}

/** Starts a run's journal, unless it is started, and takes the run. @throws {RunBusyError} and {@link assertSameRun}'s */
export function openRun(journal: Journal, identity: Identity): void {
  assertSameRun(journal, identity);
  journal.hold();
  if (lastFact(journal, "started") !== undefined) return;
  const { id, owner, question, claim, genesisHash, read, stores, maxPrice } = identity;
  const { name: network } = read.network;
  const started = { version: JOURNAL_VERSION, id, network, genesisHash, owner, question } as const;
  const terms = {
    ...(claim === DEFAULT_CLAIM ? {} : { claim }),
    ...(stores ? {} : { storage: false as const }),
    ...(maxPrice === undefined ? {} : { maxPrice: priceCeilingText(maxPrice) }),
  };
  journal.append({ type: "started", ...started, ...terms });
}

/** Waits until what an interrupted command of the run sent has landed, so that the chain shows what it did. */
async function awaitSent({ read, owner, journal, http }: FlowReadContext): Promise<void> {
  const signed = journal.facts.filter((fact) => fact.type === "signed");
  await awaitPending(read, owner, signed, http.signal === undefined ? {} : { signal: http.signal });
}

/**
 * Makes good what a command left that was interrupted, before anything is planned: waits for what it sent, settles what
 * it had set aside, and writes the files it could not write any more. Pays nothing.
 * @throws {ReceiptPendingError} when what was sent does not land in time.
 */
export async function reconcile(ctx: FlowContext): Promise<void> {
  await awaitSent(ctx);
  await settleReservations(ctx);
  const receipt = lastFact(ctx.journal, "answered")?.receipt;
  if (receipt !== undefined) await ctx.receipts.save(ctx.id, receipt);
  await keepQuarantined(ctx);
}

/**
 * Asserts that nothing was paid for in vain, as far as is known, or that the user agreed to pay once more.
 * @throws {AnswerUnknownError} {@link AnswerQuarantinedError}
 */
export async function assertMayAsk(ctx: FlowContext): Promise<void> {
  await assertAnswersKnown(ctx);
  assertMayAskAnother(ctx);
}

/**
 * A step whose transactions are in the journal, with their hashes, before they are sent, and which sees at least what the
 * run has done: a node that is behind would have it done again.
 * @param landed the block of the last thing that earlier commands of this run did; 0 where there is none.
 */
function recorded(step: FlowStep, landed: number, sent: FlowContext["sent"]): FlowStep {
  const seeing = async <Reading extends FlowReadContext>(ctx: Reading): Promise<Reading> => {
    const read = await notBefore(ctx.read, Math.max(landed, ...sent.map(({ blockNumber }) => blockNumber)));
    return { ...ctx, read };
  };
  const check = async (ctx: FlowReadContext) => step.check(await seeing(ctx));
  const run = async (given: FlowContext) => {
    const ctx = await seeing(given);
    const onSigned = ({ what, hash, nonce }: SignedTransaction) => {
      ctx.journal.append({ type: "signed", step: step.id, what, hash, nonce });
    };
    await step.run({ ...ctx, write: { ...ctx.write, onSigned } });
  };
  return { ...step, check, run };
}

/** The block of the last transaction of the run that is in one; 0 where none is. */
async function landedBlock({ journal, read }: FlowReadContext): Promise<number> {
  for (const fact of [...journal.facts].reverse()) {
    if (fact.type !== "signed") continue;
    const receipt = await chainCall(`Looking for ${fact.hash}`, read.provider.getTransactionReceipt(fact.hash));
    if (receipt !== null) return receipt.blockNumber;
  }
  return 0;
}

/**
 * Does what is left to do, in order, and moves no more money than the plan says.
 * @throws {PlanExceededError} when a step would; what came before it is done.
 */
export async function runFlow(ctx: FlowContext, steps = flowSteps(ctx)): Promise<readonly StepOutcome[]> {
  const plan = ctx.plan ?? (await planFlow(ctx, steps));
  const landed = await landedBlock(ctx);
  const seeing = steps.map((step) => recorded(step, landed, ctx.sent));
  const { budgets, journal, id } = ctx;
  const run = async () => runSteps(seeing, { ...ctx, plan }, ctx.write.log ?? (() => undefined));
  const [onChain] = expensesOf(id, plan);
  if (budgets === undefined || onChain === undefined || onChain.worst === 0n) return run();
  const { id: reservation } = await budgets.reserve(onChain);
  journal.append({ type: "reserved", reservation });
  try {
    const outcomes = await run();
    await settleReservations(ctx);
    return outcomes;
  } catch (error) {
    // What stopped the run is what its user must hear; what could not be settled stays set aside.
    await settleReservations(ctx).catch(() => undefined);
    throw error;
  }
}

/** Checks every step and changes nothing. */
export async function flowStatus(ctx: FlowReadContext): Promise<readonly StepOutcome[]> {
  return checkSteps(flowSteps(ctx), ctx);
}

function gasRow(what: string, gas: bigint, maxFeePerGas: bigint): BillRow {
  return { what: `gas to ${what}`, amount: gas * maxFeePerGas, from: "wallet", note: `up to ${gas} gas` };
}

/** Whether a step is part of a run and still to do. */
type IsOpen = (step: FlowStep) => Promise<boolean>;

/** Asks every step once, however often its answer is needed. */
function openSteps(ctx: FlowReadContext, steps: readonly FlowStep[]): IsOpen {
  const known = new Map<FlowStep, Promise<boolean>>();
  return async (step) => {
    const found = known.get(step) ?? step.check(ctx).then(({ done }) => !done);
    known.set(step, found);
    return steps.includes(step) && found;
  };
}

/**
 * Works out what a run will cost at worst, from what is still to do, after what an interrupted command sent has landed.
 * Reads only; signs at most a session token, to ask the provider what it has not collected.
 * @param calls how many such runs, one after the other, the bill is for. More than one only before anything was answered.
 * @throws {NotMintableError} {@link NotEndorsedError} and the like for a provider whose results could not be minted.
 * @throws {PriceCeilingError} {@link TermsChangedError}
 */
export async function planFlow(ctx: FlowReadContext, steps = flowSteps(ctx), calls = 1): Promise<FlowPlan> {
  await awaitSent(ctx);
  const { maxFeePerGas } = await currentFees(ctx.read);
  const gas = (what: string, amount: bigint) => gasRow(what, amount, maxFeePerGas);
  const isOpen = openSteps(ctx, steps);
  const before = await spentRows(ctx.read, ctx.journal);
  const isMinted = steps.includes(mintStep) && !(await isOpen(mintStep));
  if (isMinted) return withBefore(makeBill(await storageRows(ctx, isOpen, gas, calls)), before);
  const rows: BillRow[] = [];
  if (await isOpen(verifierStep)) rows.push(gas("deploy the verifier of transfers", GAS_BOUNDS.deployVerifier));
  if (await isOpen(deployStep)) rows.push(gas("deploy the iNFT contract", GAS_BOUNDS.deployInft));
  let service: Service | undefined;
  // What came is paid for, also while its signature is not to be had.
  if (lastFact(ctx.journal, "received") === undefined && steps.includes(providerStep)) {
    service = await pickService(ctx);
    rows.push(...(await fundingRows(ctx, service, gas, calls)));
    if (steps.includes(inferStep)) rows.push(answerRow(ctx, service, calls));
  }
  rows.push(...(await storageRows(ctx, isOpen, gas, calls)));
  const times = BigInt(calls);
  const [commits, mints] =
    calls === 1 ? ["commit to the mint", "mint"] : [`commit ${calls} times`, `mint ${calls} times`];
  if (ctx.claim === "commit" && (await isOpen(commitStep))) rows.push(gas(commits, GAS_BOUNDS.commit * times));
  const mint = mintGas(ctx.claim === "bound" ? requestSize(ctx) : 0);
  if (await isOpen(mintStep)) rows.push(gas(mints, mint * times));
  const bill = withBefore(makeBill(rows), before);
  return service === undefined ? bill : { ...bill, terms: termsOf(service) };
}

/** Bytes of an answer's token in JSON, escapes included, from above. */
const TOKEN_BYTES = 64;
/** What a receipt holds beside request and response, which it holds in base64 and once more as text. */
const RECEIPT_BYTES = 32_768;
const RECEIPT_FACTOR = 4;
/** A log has six lines or so. */
const LOG_BYTES = 8_192;

/** What storing the result and the log will cost: the storage fee, which is for good, and gas. */
async function storageRows(
  ctx: FlowReadContext,
  isOpen: IsOpen,
  gas: (what: string, amount: bigint) => BillRow,
  calls: number,
): Promise<BillRow[]> {
  const [data, log] = [await isOpen(storeStep), await isOpen(reportStep)];
  const answered = lastFact(ctx.journal, "answered");
  const exchanged =
    answered === undefined
      ? requestSize(ctx) + ctx.question.maxTokens * TOKEN_BYTES
      : answered.receipt.request.length + answered.receipt.response.length;
  const sizes = [...(data ? [RECEIPT_BYTES + RECEIPT_FACTOR * exchanged, LOG_BYTES] : []), ...(log ? [LOG_BYTES] : [])];
  if (sizes.length === 0) return [];
  const sectors = calls * sizes.reduce((sum, size) => sum + shapeOf(size).paddedChunks, 0);
  const whole = calls === 1 ? "store the result and its audit log" : `store ${calls} results and their audit logs`;
  const what = data ? whole : "store the audit log";
  const amount = BigInt(sectors) * (await readPricePerSector(ctx.read));
  return [
    { what, amount, from: "storage", note: `for up to ${sectors} sectors; 0G Storage refunds nothing` },
    gas(what, GAS_BOUNDS.store * BigInt(sizes.length * calls)),
  ];
}

function answerRow(ctx: FlowReadContext, service: Service, calls: number): BillRow {
  return {
    what: `${calls === 1 ? "one answer" : `${calls} answers`} of ${service.model}`,
    amount: answerBound(ctx, service) * BigInt(calls),
    from: "fee",
    note: "at most, out of the sub-account",
  };
}

async function fundingRows(
  ctx: FlowReadContext,
  service: Service,
  gas: (what: string, amount: bigint) => BillRow,
  calls: number,
): Promise<BillRow[]> {
  const need = await flowFunding(ctx, service, calls);
  if (need === undefined) return [];
  const { depositNeeded, transferNeeded, fromRefund, unsettled, ledger, subAccount } = need;
  const rows: BillRow[] = [];
  if (depositNeeded > 0n) {
    const opens = ledger === undefined;
    const what = opens ? "open the ledger" : "deposit into the ledger";
    rows.push({ what, amount: depositNeeded, from: "deposit", note: "wallet to ledger, refundable" });
    rows.push(gas(what, opens ? GAS_BOUNDS.openLedger : GAS_BOUNDS.deposit));
  }
  const owed = unsettled === 0n ? "" : `; ${withUnit(unsettled)} for past answers`;
  const cancelled = fromRefund === 0n ? "" : `; cancels a pending refund of ${withUnit(fromRefund)}`;
  rows.push({
    what: "transfer to the provider",
    amount: transferNeeded - fromRefund,
    from: "transfer",
    note: `refundable: ${fundedAnswers(calls)} answers, and ${withUnit(PROVIDER_MINIMUM_RESERVE)} it wants locked beyond${owed}${cancelled}`,
  });
  rows.push(gas("transfer", subAccount === undefined ? GAS_BOUNDS.openSubAccount : GAS_BOUNDS.transfer));
  return rows;
}
