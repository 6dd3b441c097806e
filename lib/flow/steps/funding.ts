import { fundingNeed, type FundingNeed } from "../../compute/funding.ts";
import { buildChatRequest, estimateFee } from "../../compute/inference.ts";
import { deposit, readSubAccount, transfer } from "../../compute/ledger.ts";
import type { Service } from "../../compute/providers.ts";
import { withUnit } from "../../units.ts";
import { assertPlanned } from "../bill.ts";
import { chosenService, requireService, type FlowReadContext, type FlowStep } from "../context.ts";
import { lastFact } from "../journal.ts";

/** When money has to move at all, enough moves for so many answers, so that the next run pays no gas for it. */
export const FUNDED_ANSWERS = 10n;

/** What one answer to the question can cost at most, in neuron. */
export function answerBound({ question }: Pick<FlowReadContext, "question">, service: Service): bigint {
  const { messages, maxTokens, temperature } = question;
  const sameSize = buildChatRequest({
    model: service.model,
    messages,
    maxTokens,
    ...(temperature === undefined ? {} : { temperature }),
    random: (size) => new Uint8Array(size),
  });
  return estimateFee(service, sameSize, maxTokens);
}

/** What has to move so that the provider serves; nothing when it would serve now. */
export async function flowFunding(ctx: FlowReadContext, service: Service): Promise<FundingNeed | undefined> {
  const asking = {
    http: ctx.http,
    ...(ctx.session === undefined ? {} : { session: ctx.session }),
  };
  const bound = answerBound(ctx, service);
  const now = await fundingNeed(ctx.read, ctx.owner, service, { ...asking, expectedFee: bound });
  if (now.transferNeeded === 0n) return undefined;
  return fundingNeed(ctx.read, ctx.owner, service, { ...asking, expectedFee: bound * FUNDED_ANSWERS });
}

export const depositStep: FlowStep = {
  id: "deposit",
  title: "deposit",
  check: async (ctx) => {
    if (lastFact(ctx.journal, "answered") !== undefined) return { done: true, detail: "the answer is here" };
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
    if (lastFact(ctx.journal, "answered") !== undefined) return { done: true, detail: "the answer is here" };
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
