import { setTimeout } from "node:timers/promises";

import { expect } from "chai";

import { readLedger } from "../../../lib/compute/ledger.ts";
import { EXIT } from "../../../lib/errors.ts";
import { DEPLOY_STEPS, FLOW_STEPS, flowStatus, openRun, planFlow, runFlow } from "../../../lib/flow/flow.ts";
import { isUnanswered, lastFact, MemoryJournal } from "../../../lib/flow/journal.ts";
import type { Galileo } from "../../../lib/galileo/galileo.ts";
import type { Misbehaviour } from "../../../lib/galileo/provider/misbehaviour.ts";
import { checksum } from "../../../lib/hex.ts";
import { commitMint, prepareInferenceMint, revealMint } from "../../../lib/inft/mint.ts";
import { resultOfReceipt } from "../../../lib/inft/receipt.ts";
import { openRuns, type Runs } from "./support/runs.ts";

describe("the flow with a provider that lies or fails", () => {
  let runs: Runs;
  let galileo: Galileo;
  const newRun: Runs["newRun"] = async (...args) => runs.newRun(...args);
  const failureOf: Runs["failureOf"] = async (ctx) => runs.failureOf(ctx);
  const tokensOf: Runs["tokensOf"] = async (ctx) => runs.tokensOf(ctx);

  before(async () => {
    runs = await openRuns();
    ({ galileo } = runs);
  });
  after(async () => runs.close());
  afterEach(() => {
    galileo.provider(0).misbehave(undefined);
  });

  const LIES: readonly (readonly [what: string, how: Misbehaviour])[] = [
    ["a signature that is noise", { kind: "wrong-signature" }],
    ["a signature of another key", { kind: "foreign-signature" }],
    ["the signature of another answer", { kind: "replayed-text" }],
    ["a signature over another request", { kind: "wrong-request-hash" }],
    ["bytes that were changed after they were signed", { kind: "altered-body" }],
  ];

  for (const [what, how] of LIES) {
    it(`mints nothing for ${what}, and refuses it as untrusted`, async () => {
      // A replayed text needs an answer before it.
      await runAndMint();
      galileo.provider(0).misbehave(how);
      const ctx = await newRun();
      const failed = await failureOf(ctx);
      expect(failed.exit, failed.message).to.equal(EXIT.trust);
      expect(await tokensOf(ctx)).to.equal(0n);
      const kept = lastFact(ctx.journal, "quarantined");
      expect(kept?.receipt?.checks.find(({ passed }) => !passed)?.name, "kept, with what failed").to.equal(
        kept?.failed,
      );
      const status = await flowStatus(ctx);
      expect(status.find(({ id }) => id === "verify")).to.include({ state: "open" });
    });
  }

  async function runAndMint(): Promise<void> {
    const honest = await newRun();
    openRun(honest.journal, honest);
    await runFlow(honest);
    expect(await tokensOf(honest)).to.equal(1n);
  }

  it("knows a refused request from a lost one: the first may be repeated", async () => {
    galileo.provider(0).misbehave({ kind: "status", status: 503 });
    const ctx = await newRun();
    await failureOf(ctx);
    expect(isUnanswered(ctx.journal)).to.equal(false);

    galileo.provider(0).misbehave(undefined);
    await runFlow(ctx);
    expect(await tokensOf(ctx)).to.equal(1n);
  });

  it("asks again for an answer that never came only when told to", async () => {
    galileo.provider(0).misbehave({ kind: "cut-stream" });
    const ctx = await newRun();
    await failureOf(ctx);
    galileo.provider(0).misbehave(undefined);

    const stopped = await failureOf(ctx);
    expect(stopped.code).to.equal("ZG_UNANSWERED");
    await runFlow({ ...ctx, retryUnanswered: true });
    expect(await tokensOf(ctx)).to.equal(1n);
  });

  it("fetches a signature that was late with the next run, and pays no second answer", async () => {
    galileo.provider(0).misbehave({ kind: "no-signature", requests: 1 });
    const ctx = await newRun();
    const failed = await failureOf(ctx);
    expect(failed.code).to.equal("ZG_SIGNATURE_MISSING");
    const again = await failureOf(ctx);
    expect(again.code, "still missing, and not asked a second time").to.equal("ZG_SIGNATURE_MISSING");
    expect(ctx.journal.facts.filter(({ type }) => type === "asked")).to.have.length(1);
  });

  it("moves nothing that the plan did not say, whatever the provider claims to be owed after it", async () => {
    const first = await newRun();
    openRun(first.journal, first);
    await runFlow(first);
    const second = { ...first, journal: new MemoryJournal(), sent: [] };
    const plan = await planFlow(second);
    const lie: typeof fetch = async (input, init) =>
      input instanceof Request || !input.toString().endsWith("/unsettledfee")
        ? fetch(input, init)
        : Response.json({ unsettledFee: (10n ** 18n / 2n).toString() });
    const before = await first.read.provider.getBalance(first.owner);
    const failed = await failureOf({ ...second, plan, http: { ...second.http, fetch: lie } });
    expect(failed.code).to.equal("ZG_PLAN_EXCEEDED");
    expect(failed.details).to.include({ planned: 0n });
    expect(await first.read.provider.getBalance(first.owner), "nothing was sent").to.equal(before);
    expect(second.sent).to.deep.equal([]);
  });

  it("calls nothing its own that somebody who saw the signature minted first", async () => {
    const ctx = await newRun();
    openRun(ctx.journal, ctx);
    await runFlow(
      ctx,
      FLOW_STEPS.filter(({ id }) => id !== "mint" && id !== "report"),
    );
    const receipt = lastFact(ctx.journal, "answered")?.receipt;
    const sealed = lastFact(ctx.journal, "sealed");
    if (receipt === undefined || sealed === undefined) throw new Error("the run has come to its mint");
    const { signer } = await galileo.fundedUser();
    const thief = checksum(signer.address);
    const stolen = prepareInferenceMint({
      network: galileo.network,
      inft: sealed.inft,
      minter: thief,
      to: thief,
      result: resultOfReceipt(receipt, "local"),
      sealed: sealed.data,
    });
    await commitMint({ ...ctx.write, signer }, stolen);
    await revealMint({ ...ctx.write, signer }, stolen);

    const failed = await failureOf(ctx);
    expect(failed.code).to.equal("ZG_RESULT_TAKEN");
    expect(failed.details).to.include({ owner: thief, minter: ctx.owner });
    expect((await flowStatus(ctx)).find(({ id }) => id === "mint")).to.include({ state: "open" });
  });

  it("waits for a deposit that an interrupted run had sent, and does not send it again", async () => {
    const ctx = await newRun();
    const mine = async (automatically: boolean) =>
      runs.connection.provider.request({ method: "evm_setAutomine", params: [automatically] });
    await runFlow(ctx, DEPLOY_STEPS);
    await mine(false);
    try {
      const interrupted = await failureOf({ ...ctx, write: { ...ctx.write, receiptTimeout: 50 } });
      expect(interrupted.code).to.equal("ZG_RECEIPT_PENDING");
      const resumed = runFlow(ctx);
      await setTimeout(500); // enough to send a second one, if it did
      await mine(true);
      await runs.connection.provider.request({ method: "evm_mine" });
      await resumed;
    } finally {
      await mine(true);
    }
    const deposits = ctx.journal.facts.filter((fact) => fact.type === "signed" && fact.step === "deposit");
    expect(deposits).to.have.length(1);
    const ledger = await readLedger(ctx.read, ctx.owner);
    expect(ledger?.available, "all of one deposit went on to the provider").to.equal(0n);
  });

  it("plans a bill that the run stays under, to the neuron", async () => {
    runs.forgetDeployment();
    const ctx = await newRun();
    const before = await ctx.read.provider.getBalance(ctx.owner);
    const bill = await planFlow(ctx);
    openRun(ctx.journal, ctx);
    await runFlow(ctx);
    const left = await ctx.read.provider.getBalance(ctx.owner);
    expect(before - left).to.equal(ctx.sent.reduce((sum, { fee, value }) => sum + fee + value, 0n));
    expect(before - left <= bill.walletTotal, `${before - left} of ${bill.walletTotal}`).to.equal(true);
  });
});
