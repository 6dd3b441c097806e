import { writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { SessionTokens } from "../../../lib/compute/session.ts";
import { EXIT } from "../../../lib/errors.ts";
import type { FlowContext } from "../../../lib/flow/context.ts";
import { FLOW_STEPS, openRun, runFlow } from "../../../lib/flow/flow.ts";
import { FileJournal } from "../../../lib/flow/journal-file.ts";
import { MemoryJournal, type Fact } from "../../../lib/flow/journal.ts";
import { passTime } from "../../../lib/galileo/rpc.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { openRuns, type Runs } from "../flow/support/runs.ts";
import { readBooks } from "./support/books.ts";

/** A journal on a disk that is full when a fact of this type is to be written. */
class FullDisk extends MemoryJournal {
  full: Fact["type"] | undefined;

  override append(fact: Fact): void {
    if (fact.type === this.full) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    super.append(fact);
  }
}

describe("the flow on a machine that fails", () => {
  let runs: Runs;
  let folder: TemporaryFolder;
  before(async () => {
    [runs, folder] = await Promise.all([openRuns(), temporaryFolder()]);
    await runFlow(await newRun());
  });
  after(async () => {
    await runs.close();
    await folder.remove();
  });

  async function newRun(journal = new MemoryJournal()): Promise<FlowContext> {
    const made = await runs.newRun(journal);
    const provider = runs.galileo.provider(0).address;
    const ctx: FlowContext = { ...made, http: { timeoutMs: 20_000 }, question: { ...made.question, provider } };
    openRun(ctx.journal, ctx);
    return ctx;
  }

  const landed = async ({ read, owner }: FlowContext) => read.provider.getTransactionCount(owner);
  const asked = ({ owner }: FlowContext) =>
    runs.galileo
      .provider(0)
      .requests()
      .filter(({ user, fee }) => user === owner && fee !== undefined).length;

  /** Runs until the disk is full, and gives what it said. */
  async function failsWhenFull(journal: FullDisk, ctx: FlowContext, type: Fact["type"]): Promise<string> {
    journal.full = type;
    return runFlow(ctx).then(
      () => "it went through",
      (error: unknown) => String((error as { code?: unknown }).code),
    );
  }

  it("sends no transaction that it cannot write down, and sends it once there is room", async () => {
    const journal = new FullDisk();
    const ctx = await newRun(journal);
    expect(await failsWhenFull(journal, ctx, "signed")).to.equal("ENOSPC");
    expect(await landed(ctx)).to.equal(0);
    journal.full = undefined;
    await runFlow(ctx);
    expect(await runs.tokensOf(ctx)).to.equal(1n);
  });

  it("asks nothing that it cannot write down", async () => {
    const journal = new FullDisk();
    const ctx = await newRun(journal);
    expect(await failsWhenFull(journal, ctx, "asked")).to.equal("ENOSPC");
    expect(asked(ctx)).to.equal(0);
    journal.full = undefined;
    await runFlow(ctx);
    expect(asked(ctx)).to.equal(1);
  });

  it("does not ask by itself a second time where the first answer found no room", async () => {
    const journal = new FullDisk();
    const ctx = await newRun(journal);
    expect(await failsWhenFull(journal, ctx, "received")).to.equal("ENOSPC");
    journal.full = undefined;
    expect((await runs.failureOf(ctx)).code).to.equal("ZG_UNANSWERED");
    expect([asked(ctx), await runs.tokensOf(ctx)]).to.deep.equal([1, 0n]);
  });

  it("mints once where the mint could not be written down", async () => {
    const journal = new FullDisk();
    const ctx = await newRun(journal);
    const from = await ctx.read.provider.getBlockNumber();
    expect(await failsWhenFull(journal, ctx, "minted")).to.equal("ENOSPC");
    journal.full = undefined;
    await runFlow(ctx);
    const { calls } = await readBooks(ctx.read, ctx.owner, from);
    expect(calls).to.include({ depositFund: 1, transferFund: 1, commit: 1, mintInference: 1 });
  });

  it("begins nothing in a folder that cannot be written", async () => {
    const file = path.join(folder.path, "no folder");
    await writeFile(file, "");
    expect(() => new FileJournal(file, "run").append({ type: "verified" })).to.throw(/ENOTDIR|EEXIST/);
  });

  it("does not continue a run on another chain, though it has the same id", async () => {
    const ctx = await newRun();
    const elsewhere = { ...ctx, genesisHash: `0x${"42".repeat(32)}` as const };
    expect(() => openRun(ctx.journal, elsewhere))
      .to.throw()
      .that.includes({ code: "ZG_RUN_MISMATCH", exit: EXIT.usage });
  });

  it("pays nothing with a clock that is two days behind: its session tokens are refused as expired", async () => {
    const ctx = await newRun();
    const slow = () => Date.now() - 2 * 86_400_000;
    const session = new SessionTokens({ ...ctx.read, signer: ctx.write.signer, clock: slow });
    const failed = await runs.failureOf({ ...ctx, session });
    expect(failed.code, failed.message).to.equal("ZG_AUTH_REFUSED");
    expect(asked(ctx)).to.equal(0);
    await runFlow(ctx);
    expect([asked(ctx), await runs.tokensOf(ctx)]).to.deep.equal([1, 1n]);
  });

  it("commits again, and mints once, where the clock passed the end of the commitment", async () => {
    const ctx = await newRun();
    const from = await ctx.read.provider.getBlockNumber();
    await runFlow(
      ctx,
      FLOW_STEPS.slice(
        0,
        FLOW_STEPS.findIndex(({ id }) => id === "mint"),
      ),
    );
    await passTime(runs.connection.provider, 86_400n * 30n);
    await runFlow(ctx);
    const { calls } = await readBooks(ctx.read, ctx.owner, from);
    expect(calls).to.include({ depositFund: 1, commit: 2, mintInference: 1 });
    expect(await runs.tokensOf(ctx)).to.equal(1n);
  });
});
