import type { Address, Hex } from "../../hex.ts";
import { COLLECTION } from "../../inft/collection.ts";
import { deployInft, findDeployment, recordDeployment } from "../../inft/deploy.ts";
import type { FlowContext, FlowStep } from "../context.ts";
import type { FactOf } from "../journal.ts";

/** A deployment this run sent and could not record any more. */
async function unrecorded(ctx: FlowContext): Promise<{ address: Address; transaction: Hex } | undefined> {
  const sent = ctx.journal.facts.filter(
    (fact): fact is FactOf<"signed"> => fact.type === "signed" && fact.step === "deploy",
  );
  for (const { hash } of sent) {
    const address = await findDeployment(ctx.read, hash);
    if (address !== undefined) return { address, transaction: hash };
  }
  return undefined;
}

export const deployStep: FlowStep = {
  id: "deploy",
  title: "deploy",
  check: async ({ inft }) => {
    const deployed = await inft.load();
    return deployed === undefined
      ? { done: false, reason: "no iNFT contract is recorded for this network" }
      : { done: true, detail: `iNFT contract ${deployed.address}` };
  },
  run: async (ctx) => {
    const artifact = await ctx.artifact();
    const found = await unrecorded(ctx);
    if (found !== undefined) {
      const args = [COLLECTION.name, COLLECTION.symbol, ctx.read.network.contracts.inferenceServing];
      await recordDeployment(ctx.read, ctx.inft, { ...found, args, artifact });
      return;
    }
    const { address, transaction, args } = await deployInft(ctx.write, artifact, COLLECTION);
    ctx.sent.push(transaction);
    await recordDeployment(ctx.read, ctx.inft, { address, transaction: transaction.hash, args, artifact });
  },
};
