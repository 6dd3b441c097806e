import { fundingNeed, type FundingNeed } from "../../compute/funding.ts";
import { buildChatRequest, estimateFee } from "../../compute/inference.ts";
import { deposit, readSubAccount, transfer } from "../../compute/ledger.ts";
import type { Service } from "../../compute/providers.ts";
import { receiptBytes } from "../../compute/receipt.ts";
import { withUnit } from "../../units.ts";
import { assertPlanned } from "../bill.ts";
import { chosenService, requireService, type FlowReadContext, type FlowStep } from "../context.ts";
import { lastFact } from "../journal.ts";

const LONGEST_MODEL_NAME = 256;

/** When money has to move at all, enough moves for so many answers, so that the next run pays no gas for it. */
const FUNDED_ANSWERS = 10n;

type Asking = Pick<FlowReadContext, "question" | "claim" | "owner">;

/** The bytes of a run's request to a model. */
export function requestOf(
  { question, claim, owner }: Asking,
  model: string,
  random: (size: number) => Uint8Array,
): Uint8Array {
  const { messages, maxTokens, temperature } = question;
  return buildChatRequest({
    ...{ model, messages, maxTokens, random },
    ...(temperature === undefined ? {} : { temperature }),
    ...(claim === "bound" ? { boundTo: owner } : {}),
  });
}

function ofSameSize(ctx: Asking, model: string): Uint8Array {
  return requestOf(ctx, model, (size) => new Uint8Array(size));
}

/** What one answer to the question can cost at most, in neuron. */
export function answerBound(ctx: Asking, service: Service): bigint {
  return estimateFee(service, ofSameSize(ctx, service.model), ctx.question.maxTokens);
}

/** Bytes of the run's request: as it was sent, else from above, whichever model is asked. */
export function requestSize(ctx: Asking & Pick<FlowReadContext, "journal">): number {
  const answered = lastFact(ctx.journal, "answered");
  if (answered !== undefined) return receiptBytes(answered.receipt).requestBytes.length;
  return ofSameSize(ctx, "").length + LONGEST_MODEL_NAME;
}

/** For how many answers to a question money moves when it has to move at all. */
export function fundedAnswers(calls: number): bigint {
  return BigInt(calls) > FUNDED_ANSWERS ? BigInt(calls) : FUNDED_ANSWERS;
}

/** What has to move so that the provider serves `calls` answers; nothing when it would serve them now. */
export async function flowFunding(ctx: FlowReadContext, service: Service, calls = 1): Promise<FundingNeed | undefined> {
  const asking = {
    http: ctx.http,
    ...(ctx.session === undefined ? {} : { session: ctx.session }),
  };
  const bound = answerBound(ctx, service);
  const now = await fundingNeed(ctx.read, ctx.owner, service, { ...asking, expectedFee: bound * BigInt(calls) });
  if (now.transferNeeded === 0n) return undefined;
  return fundingNeed(ctx.read, ctx.owner, service, { ...asking, expectedFee: bound * fundedAnswers(calls) });
}

export const depositStep: FlowStep = {
  id: "deposit",
  title: "deposit",
  check: async (ctx) => {
    if (lastFact(ctx.journal, "received") !== undefined) return { done: true, detail: "the answer is here" };
    const service = await chosenService(ctx);
    if (service === undefined) return { done: false, reason: "needs a provider" };
    const need = await flowFunding(ctx, service);
    if (need === undefined) return { done: true, detail: "the sub-account holds enough" };
    return need.depositNeeded === 0n
      ? { done: true, detail: `${withUnit(need.ledger?.available ?? 0n)} available in the ledger` }
      : { done: false, reason: `the ledger lacks ${withUnit(need.depositNeeded)}` };
  },
  run: async (ctx) => {
    const need = await flowFunding(ctx, await requireService(ctx));
    if (need === undefined) return;
    assertPlanned(ctx.plan, "deposit", need.depositNeeded, "deposit into the ledger");
    ctx.sent.push(...(await deposit(ctx.write, need.depositNeeded)).transactions);
  },
};

export const transferStep: FlowStep = {
  id: "transfer",
  title: "transfer",
  check: async (ctx) => {
    if (lastFact(ctx.journal, "received") !== undefined) return { done: true, detail: "the answer is here" };
    const service = await chosenService(ctx);
    if (service === undefined) return { done: false, reason: "needs a provider" };
    const need = await flowFunding(ctx, service);
    if (need !== undefined) return { done: false, reason: `the sub-account lacks ${withUnit(need.transferNeeded)}` };
    const subAccount = await readSubAccount(ctx.read, ctx.owner, service.provider);
    return { done: true, detail: `${withUnit(subAccount?.spendable ?? 0n)} in the sub-account` };
  },
  run: async (ctx) => {
    const service = await requireService(ctx);
    const need = await flowFunding(ctx, service);
    if (need === undefined) return;
    const { provider } = service;
    assertPlanned(ctx.plan, "transfer", need.transferNeeded - need.fromRefund, `transfer to ${provider}`);
    ctx.sent.push(...(await transfer(ctx.write, { provider, amount: need.transferNeeded })).transactions);
  },
};
