import { deployInft, findDeployment } from "../../inft/deploy.ts";
import { describeDeployment } from "../../inft/records.ts";
import type { Address, Hex } from "../../hex.ts";
import type { FlowContext, FlowStep } from "../context.ts";
import type { FactOf } from "../journal.ts";

export const INFT_CONTRACT = "INFT";
export const INFT_NAME = { name: "Verified Inference", symbol: "VINF" } as const;

/** Records a deployment, so that every later run uses it. */
async function record(ctx: FlowContext, address: Address, transaction: Hex): Promise<void> {
  const { abi, compiler } = await ctx.artifact();
  const args = [INFT_NAME.name, INFT_NAME.symbol, ctx.read.network.contracts.inferenceServing];
  await ctx.inft.save(
    await describeDeployment(ctx.read, {
      contractName: INFT_CONTRACT,
      address,
      transaction,
      args,
      abi,
      ...(compiler === undefined ? {} : { compiler }),
    }),
  );
}

/** A deployment this run sent and could not record any more. */
async function unrecorded(ctx: FlowContext): Promise<{ address: Address; hash: Hex } | undefined> {
  const sent = ctx.journal.facts.filter(
    (fact): fact is FactOf<"signed"> => fact.type === "signed" && fact.step === "deploy",
  );
  for (const { hash } of sent) {
    const address = await findDeployment(ctx.read, hash);
    if (address !== undefined) return { address, hash };
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
    const found = await unrecorded(ctx);
    if (found !== undefined) {
      await record(ctx, found.address, found.hash);
      return;
    }
    const { address, transaction } = await deployInft(ctx.write, await ctx.artifact(), INFT_NAME);
    ctx.sent.push(transaction);
    await record(ctx, address, transaction.hash);
  },
};
