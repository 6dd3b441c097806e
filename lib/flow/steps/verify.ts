import { assertReceipt, verifyReceipt } from "../../compute/receipt-check.ts";
import type { FlowReadContext, FlowStep } from "../context.ts";
import { lastFact } from "../journal.ts";
import { failedChecks, quarantine } from "../quarantine.ts";
import { isMinted } from "./mint.ts";

/** Works the proof out from the receipt's bytes and the chain: what was found when it came is not believed. */
async function verification(ctx: FlowReadContext) {
  const answered = lastFact(ctx.journal, "answered");
  return answered === undefined ? undefined : verifyReceipt(ctx.read, answered.receipt);
}

/** What may be otherwise tomorrow: whom the contract's owner endorses. All else an answer fails for good. */
const PASSING = "endorsement";

export const verifyStep: FlowStep = {
  id: "verify",
  title: "verify",
  check: async (ctx) => {
    // The contract checked it then; a signer that rotated since changes nothing about the token.
    if (await isMinted(ctx)) return { done: true, detail: "when it was minted" };
    if (lastFact(ctx.journal, "verified") === undefined) return { done: false, reason: "not verified" };
    // Verified once is not verified now: the signer may have lost its endorsement in between.
    const found = await verification(ctx);
    if (found?.status !== "verified") return { done: false, reason: found?.reason ?? "no answer yet" };
    return { done: true, detail: found.checks.map(({ name }) => `${name} ok`).join(", ") };
  },
  run: async (ctx) => {
    const found = await verification(ctx);
    const receipt = lastFact(ctx.journal, "answered")?.receipt;
    if (found === undefined || receipt === undefined) throw new Error("a step ran before there was an answer");
    if (found.status === "rejected" && found.failed.some((check) => check !== PASSING)) {
      const { provider } = receipt.service;
      await quarantine(ctx, { provider, ...failedChecks(found.checks), fee: BigInt(receipt.fee.fee), receipt });
    }
    assertReceipt(found);
    ctx.journal.append({ type: "verified" });
  },
};
