import { assertReceipt, verifyReceipt } from "../../compute/receipt-check.ts";
import type { FlowReadContext, FlowStep } from "../context.ts";
import { lastFact } from "../journal.ts";

/** Works the proof out from the receipt's bytes and the chain: what was found when it came is not believed. */
async function verification(ctx: FlowReadContext) {
  const answered = lastFact(ctx.journal, "answered");
  return answered === undefined ? undefined : verifyReceipt(ctx.read, answered.receipt);
}

export const verifyStep: FlowStep = {
  id: "verify",
  title: "verify",
  check: async (ctx) => {
    // The contract checked it then; a signer that rotated since changes nothing about the token.
    if (lastFact(ctx.journal, "minted") !== undefined) return { done: true, detail: "when it was minted" };
    if (lastFact(ctx.journal, "verified") === undefined) return { done: false, reason: "not verified" };
    // Verified once is not verified now: the signer may have lost its endorsement in between.
    const found = await verification(ctx);
    if (found?.status !== "verified") return { done: false, reason: found?.reason ?? "no answer yet" };
    return { done: true, detail: found.checks.map(({ name }) => `${name} ok`).join(", ") };
  },
  run: async (ctx) => {
    const found = await verification(ctx);
    if (found === undefined) throw new Error("a step ran before there was an answer");
    assertReceipt(found);
    ctx.journal.append({ type: "verified" });
  },
};
