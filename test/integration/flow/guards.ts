import { expect } from "chai";

import { deposit, readLedger } from "../../../lib/compute/ledger.ts";
import { abandon, retrievable } from "../../../lib/flow/abandon.ts";
import type { FlowContext } from "../../../lib/flow/context.ts";
import { expensesOf } from "../../../lib/flow/expenses.ts";
import { FLOW_STEPS, openRun, planFlow, reconcile, runFlow } from "../../../lib/flow/flow.ts";
import { lastFact, MemoryJournal, type Fact } from "../../../lib/flow/journal.ts";
import { spentRows } from "../../../lib/flow/spent.ts";
import { makeBill } from "../../../lib/flow/bill.ts";
import { MemoryBook } from "../../../lib/guards/book.ts";
import { Budgets, type Caps } from "../../../lib/guards/budgets.ts";
import { openRuns, type Runs } from "./support/runs.ts";

describe("what a run may spend, and on what terms", () => {
  let runs: Runs;
  let book: MemoryBook;
  before(async () => {
    runs = await openRuns();
    await runFlow(await begun(await runs.newRun())); // deploys what the others share
  });
  beforeEach(() => {
    book = new MemoryBook();
  });
  after(async () => runs.close());
  afterEach(() => {
    runs.galileo.provider(0).misbehave(undefined);
  });

  async function begun(ctx: FlowContext): Promise<FlowContext> {
    openRun(ctx.journal, ctx);
    return Promise.resolve(ctx);
  }
  const budgets = (caps: Caps = {}) => new Budgets({ book, caps, clock: Date.now });
  const newRun = async (caps: Caps = {}) => begun({ ...(await runs.newRun()), budgets: budgets(caps) });
  const until = (id: string) => FLOW_STEPS.slice(0, FLOW_STEPS.findIndex((step) => step.id === id) + 1);
  async function failureOf(work: Promise<unknown>) {
    return work.then(
      () => undefined,
      (error: unknown) => error as { code: string; details: Record<string, unknown> },
    );
  }
  /** The run as a process would find it that comes after one which ended when its journal was so long. */
  function killedAfter(ctx: FlowContext, is: (fact: Fact) => boolean): FlowContext {
    const journal = new MemoryJournal();
    journal.facts.push(...ctx.journal.facts.slice(0, ctx.journal.facts.findLastIndex(is) + 1));
    return { ...ctx, journal, sent: [] };
  }

  it("counts in the book what it spent for good, to the neuron", async () => {
    const ctx = await newRun();
    await runFlow(ctx);
    const fee = BigInt(lastFact(ctx.journal, "answered")?.receipt.fee.fee ?? 0);
    const { storageFlow } = ctx.read.network.contracts;
    const onChain = ctx.sent.reduce(
      (sum, { fee: gas, value, receipt }) => sum + gas + (receipt.to === storageFlow ? value : 0n),
      0n,
    );
    expect(budgets().spentBy(ctx.id)).to.deep.equal({ spent: onChain + fee, reserved: 0n });
  });

  it("is stopped by a day's cap that another run has used up, before it asks", async () => {
    const first = await newRun();
    const plan = await planFlow(first);
    const worst = expensesOf(first.id, plan).reduce((sum, expense) => sum + expense.worst, 0n);
    await runFlow({ ...first, plan });
    const { spent } = budgets().spentBy(first.id);
    const second = await newRun({ day: spent + worst - 1n });
    const failed = await failureOf(runFlow(second));
    expect(failed).to.have.property("code", "ZG_BUDGET");
    expect(lastFact(second.journal, "asked")).to.equal(undefined);
    const third = await newRun({ day: budgets().spentBy(first.id).spent + worst });
    await runFlow(third);
  });

  it("counts in full what a killed process had set aside, until the run is continued", async () => {
    const ctx = await newRun();
    await runFlow(ctx);
    const spent = budgets().spentBy(ctx.id);

    const again = new MemoryBook();
    const reserved = ctx.journal.facts.flatMap((fact) =>
      fact.type === "reserved" || (fact.type === "asked" && fact.reservation !== undefined) ? [fact] : [],
    );
    await again.write(() =>
      reserved.map(({ reservation = "", ...fact }) => ({
        ...{
          event: "reserved",
          id: reservation,
          at: new Date().toISOString(),
          run: ctx.id,
          what: "",
          worst: 10n ** 20n,
        },
        ...(fact.type === "asked" ? { provider: fact.provider } : {}),
      })),
    );
    const left = new Budgets({ book: again, clock: Date.now });
    expect(left.spentBy(ctx.id).reserved).to.equal(2n * 10n ** 20n);
    await reconcile({ ...ctx, budgets: left });
    expect(left.spentBy(ctx.id)).to.deep.equal(spent);
  });

  it("takes back what was set aside for a request that never left", async () => {
    const ctx = await newRun();
    await runFlow(ctx, until("acknowledge"));
    await ctx.budgets?.reserve({ run: ctx.id, what: "ask", provider: runs.galileo.provider(0).address, worst: 5n });
    await reconcile(ctx);
    expect(ctx.budgets?.unsettledOf(ctx.id)).to.deep.equal([]);
  });

  it("keeps counted at worst what nobody knows the end of", async () => {
    const ctx = await newRun();
    runs.galileo.provider(0).misbehave({ kind: "cut-stream" });
    await failureOf(runFlow(ctx));
    const worst = BigInt(lastFact(ctx.journal, "asked")?.worst ?? 0);
    expect(worst > 0n).to.equal(true);
    expect(ctx.budgets?.spentBy(ctx.id).reserved).to.equal(worst);
    await reconcile(ctx);
    expect(ctx.budgets?.spentBy(ctx.id).reserved).to.equal(worst);
  });

  it("counts for the run what its earlier commands moved, each neuron once", async () => {
    const ctx = await newRun();
    const whole = await planFlow(ctx);
    expect(whole.before).to.equal(undefined);
    await runFlow(ctx, until("transfer"));
    const rows = await spentRows(ctx.read, ctx.journal);
    const moved = ctx.sent.reduce((sum, { value, fee }) => sum + value + fee, 0n);
    expect(makeBill(rows).exposure, "a transfer of what was deposited is no second payment").to.equal(moved);
    const left = await planFlow(ctx);
    const { exposure, before = 0n } = left;
    const fees = left.rows.filter(({ from }) => from === "fee").reduce((sum, { amount }) => sum + amount, 0n);
    expect(before, "what the answer costs was deposited with the rest").to.equal(moved - fees);
    expect(before + exposure <= whole.exposure).to.equal(true);
  });

  for (const [what, field, change] of [
    ["price", "price of a token in", { inputPrice: "1" }],
    ["signer", "TEE signer", { signer: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8" }],
  ] as const) {
    it(`asks nothing when the ${what} is not the plan's any more`, async () => {
      const ctx = await newRun();
      const plan = await planFlow(ctx);
      if (plan.terms === undefined) throw new Error("somebody is to be asked");
      const failed = await failureOf(runFlow({ ...ctx, plan: { ...plan, terms: { ...plan.terms, ...change } } }));
      expect(failed).to.have.property("code", "ZG_TERMS_CHANGED");
      expect(failed?.details).to.include({ field });
      expect(ctx.sent).to.deep.equal([]);
    });

    it(`asks nothing when the ${what} changed after money moved, at the last moment and later`, async () => {
      const ctx = await newRun();
      await runFlow(ctx, until("acknowledge"));
      const { provider, terms } = lastFact(ctx.journal, "provider") ?? {};
      if (provider === undefined || terms === undefined) throw new Error("a provider was chosen");
      const plan = await planFlow(ctx);
      ctx.journal.append({ type: "provider", provider, terms: { ...terms, ...change } });
      expect(await failureOf(runFlow({ ...ctx, plan }))).to.have.property("code", "ZG_TERMS_CHANGED");
      expect(await failureOf(planFlow(ctx))).to.have.property("code", "ZG_TERMS_CHANGED");
      expect(lastFact(ctx.journal, "asked")).to.equal(undefined);
    });
  }

  it("keeps a paid answer that cannot be read, and asks its provider no more", async () => {
    const ctx = await newRun();
    const garbled: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init);
      if (init?.method !== "POST") return answer;
      return new Response("not JSON", { status: 200, headers: answer.headers });
    };
    const failed = await failureOf(runFlow({ ...ctx, http: { ...ctx.http, fetch: garbled } }));
    expect(failed).to.have.property("code", "ZG_QUARANTINED");
    expect(failed?.details).to.include({ failed: "form" });
    const kept = ctx.journal.facts.find((fact) => fact.type === "received");
    expect(Buffer.from(kept?.result.responseBytes ?? "", "base64").toString()).to.equal("not JSON");
    const { worst, provider } = ctx.journal.facts.find((fact) => fact.type === "asked") ?? {};
    expect(lastFact(ctx.journal, "quarantined")).to.include({ fee: worst, provider });
    await runFlow({ ...ctx, retryRejected: true });
    expect(lastFact(ctx.journal, "answered")?.receipt.service.provider).to.not.equal(provider);
    expect(await runs.tokensOf(ctx)).to.equal(1n);
  });

  it("never puts away what is a token already, though it has no note of the mint and the signer lost its endorsement", async () => {
    const ctx = await newRun();
    await runFlow(ctx);
    const killed = killedAfter(ctx, (fact) => fact.type === "signed" && fact.step === "mint");
    const provider = runs.galileo.provider(0);
    await runs.galileo.unendorse(provider);
    try {
      await runFlow(killed, until("mint"));
    } finally {
      await runs.galileo.endorse(provider);
    }
    expect(lastFact(killed.journal, "quarantined")).to.equal(undefined);
    expect(await runs.tokensOf(ctx)).to.equal(1n);
  });

  it("gives back a deposit that was not moved on, to the wallet at once", async () => {
    const ctx = await newRun();
    await runFlow(ctx, until("deposit"));
    const found = await retrievable(ctx);
    const ledger = await readLedger(ctx.read, ctx.owner);
    expect(found).to.deep.equal({ providers: [], withdrawable: ledger?.available });
    const { withdrawn } = await abandon(ctx, found);
    expect(withdrawn).to.equal(ledger?.available);
    expect((await readLedger(ctx.read, ctx.owner))?.available ?? 0n).to.equal(0n);
    await deposit(ctx.write, withdrawn);
    expect(await retrievable(ctx), "what came in since is not the run's").to.deep.equal({
      providers: [],
      withdrawable: 0n,
    });
  });
});
