import type { Address, Hex } from "../../hex.ts";
import { tooFewAttestors } from "../../inft/attestor-entry.ts";
import { COLLECTION } from "../../inft/collection.ts";
import {
  defaultVerifierTerms,
  deployInft,
  deployVerifier,
  findDeployment,
  inftDeployment,
  INFT_CONTRACT,
  recordDeployment,
  verifierDeployment,
  VERIFIER_CONTRACT,
  type Deployment,
  type InftTerms,
  type RecordStore,
  type VerifierTerms,
} from "../../inft/deploy.ts";
import type { FlowContext, FlowStep } from "../context.ts";
import type { FactOf } from "../journal.ts";

/** A deployment this run sent in a step and could not record any more. */
async function unrecorded(ctx: FlowContext, step: string): Promise<{ address: Address; transaction: Hex } | undefined> {
  const sent = ctx.journal.facts.filter(
    (fact): fact is FactOf<"signed"> => fact.type === "signed" && fact.step === step,
  );
  for (const { hash } of sent) {
    const address = await findDeployment(ctx.read, hash);
    if (address !== undefined) return { address, transaction: hash };
  }
  return undefined;
}

interface Deploying {
  readonly step: string;
  readonly contractName: string;
  readonly store: RecordStore;
  readonly args: Deployment["args"];
  readonly send: () => Promise<Deployment>;
}

/** Records what an interrupted run deployed, or deploys and records. */
async function deployOnce(ctx: FlowContext, { step, contractName, store, args, send }: Deploying): Promise<void> {
  const artifact = await ctx.artifact(contractName);
  let found = await unrecorded(ctx, step);
  if (found === undefined) {
    const { address, transaction } = await send();
    ctx.sent.push(transaction);
    found = { address, transaction: transaction.hash };
  }
  await recordDeployment(ctx.read, store, { ...found, contractName, args, artifact });
}

export const verifierStep: FlowStep = {
  id: "verifier",
  title: "verifier",
  check: async ({ records }) => {
    if ((await records.inft.load()) !== undefined) return { done: true, detail: "the iNFT contract has its own" };
    const deployed = await records.verifier.load();
    return deployed === undefined
      ? { done: false, reason: "no verifier of transfers is recorded for this network" }
      : { done: true, detail: `verifier of transfers ${deployed.address}` };
  },
  run: async (ctx) => {
    const artifact = await ctx.artifact(VERIFIER_CONTRACT);
    const attestors = await ctx.attestors();
    const terms: VerifierTerms = { owner: ctx.owner, ...defaultVerifierTerms(ctx.read.network), attestors };
    await deployOnce(ctx, {
      step: verifierStep.id,
      contractName: VERIFIER_CONTRACT,
      store: ctx.records.verifier,
      args: verifierDeployment(artifact, terms).args,
      send: async () => deployVerifier(ctx.write, artifact, terms),
    });
    const note = tooFewAttestors(attestors.length, terms.threshold);
    if (note !== undefined) ctx.write.log?.(`note: ${note}`);
  },
};

export const deployStep: FlowStep = {
  id: "deploy",
  title: "deploy",
  check: async ({ records }) => {
    const deployed = await records.inft.load();
    return deployed === undefined
      ? { done: false, reason: "no iNFT contract is recorded for this network" }
      : { done: true, detail: `iNFT contract ${deployed.address}` };
  },
  run: async (ctx) => {
    const verifier = (await ctx.records.verifier.load())?.address;
    if (verifier === undefined) throw new Error("a step ran before there was a verifier");
    const artifact = await ctx.artifact(INFT_CONTRACT);
    const terms: InftTerms = { ...COLLECTION, verifier };
    await deployOnce(ctx, {
      step: deployStep.id,
      contractName: INFT_CONTRACT,
      store: ctx.records.inft,
      args: inftDeployment(ctx.read.network, artifact, terms).args,
      send: async () => deployInft(ctx.write, artifact, terms),
    });
  },
};
