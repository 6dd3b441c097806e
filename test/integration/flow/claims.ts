import { expect } from "chai";

import { receiptBytes } from "../../../lib/compute/receipt.ts";
import type { FlowContext } from "../../../lib/flow/context.ts";
import { flowStatus, openRun, planFlow, runFlow, startedClaim } from "../../../lib/flow/flow.ts";
import { RunMismatchError } from "../../../lib/flow/errors.ts";
import { lastFact, MemoryJournal } from "../../../lib/flow/journal.ts";
import { openRuns, type Runs } from "./support/runs.ts";

describe("how a run claims its result", () => {
  let runs: Runs;
  before(async () => {
    runs = await openRuns();
  });
  after(async () => runs.close());

  async function run(claim: "commit" | "bound" | "open", journal = new MemoryJournal()): Promise<FlowContext> {
    const ctx = await runs.newRun(journal, claim);
    const before = await ctx.read.provider.getBalance(ctx.owner);
    const bill = await planFlow(ctx);
    openRun(ctx.journal, ctx);
    await runFlow(ctx);
    const left = await ctx.read.provider.getBalance(ctx.owner);
    expect(before - left <= bill.walletTotal, "the bill holds").to.equal(true);
    expect(await runs.tokensOf(ctx)).to.equal(1n);
    return ctx;
  }
  const requestOf = (ctx: FlowContext) => {
    const receipt = lastFact(ctx.journal, "answered")?.receipt;
    if (receipt === undefined) throw new Error("nothing was answered");
    return JSON.parse(new TextDecoder().decode(receiptBytes(receipt).requestBytes)) as { user: string };
  };
  const sentBy = (ctx: FlowContext) => ctx.sent.map(({ what }) => what).filter((what) => what.includes("mint"));

  it("by commitment, with a user in the request that nobody knows", async () => {
    const ctx = await run("commit");
    expect(sentBy(ctx)).to.deep.equal(["commit to the mint", "mint the inference"]);
    expect(requestOf(ctx).user).to.match(/^[0-9a-f]{32}$/);
  });

  it("as bound, with the minter's name in the request, and no commitment", async () => {
    const ctx = await run("bound");
    expect(sentBy(ctx)).to.deep.equal(["mint the inference"]);
    expect(requestOf(ctx).user).to.equal(ctx.owner.toLowerCase());
    expect((await flowStatus(ctx)).every(({ state }) => state === "already done")).to.equal(true);
  });

  it("openly, without a commitment", async () => {
    expect(sentBy(await run("open"))).to.deep.equal(["mint the inference"]);
  });

  it("goes on as it was begun, and refuses another way", async () => {
    const ctx = await run("bound");
    expect(startedClaim(ctx.journal)).to.equal("bound");
    expect(() => {
      openRun(ctx.journal, { ...ctx, claim: "commit" });
    })
      .to.throw(RunMismatchError)
      .with.property("details")
      .that.includes({ field: "claim", recorded: "bound", now: "commit" });
  });
});
