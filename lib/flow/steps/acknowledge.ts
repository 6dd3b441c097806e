import { acknowledge } from "../../compute/acknowledge.ts";
import { readSubAccount } from "../../compute/ledger.ts";
import { requireService, chosenService, type FlowStep } from "../context.ts";
import { lastFact } from "../journal.ts";

export const acknowledgeStep: FlowStep = {
  id: "acknowledge",
  title: "acknowledge",
  check: async (ctx) => {
    if (lastFact(ctx.journal, "received") !== undefined) return { done: true, detail: "the answer is here" };
    const service = await chosenService(ctx);
    if (service === undefined) return { done: false, reason: "needs a provider" };
    const account = await readSubAccount(ctx.read, ctx.owner, service.provider);
    if (account === undefined) return { done: false, reason: "needs a sub-account" };
    return account.acknowledged
      ? { done: true, detail: `signer ${service.expectedSigner ?? "none"}, as every transfer does` }
      : { done: false, reason: "the signer is not acknowledged" };
  },
  run: async (ctx) => {
    const { provider } = await requireService(ctx);
    ctx.sent.push(...(await acknowledge(ctx.write, provider)).transactions);
  },
};
