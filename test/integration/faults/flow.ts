import { expect } from "chai";

import { Transaction } from "ethers";

import { readLedger, readSubAccount } from "../../../lib/compute/ledger.ts";
import { EXIT, ZgError } from "../../../lib/errors.ts";
import type { FlowContext } from "../../../lib/flow/context.ts";
import { openRun, runFlow } from "../../../lib/flow/flow.ts";
import { lastFact } from "../../../lib/flow/journal.ts";
import type { Fault } from "../../support/fault-proxy.ts";
import type { RpcCall } from "../../support/fault-proxy/json-rpc.ts";
import { openRuns, type Runs } from "../flow/support/runs.ts";
import { CHAT, SIGNATURE } from "./support/asking.ts";
import { readBooks } from "./support/books.ts";
import { failureOf, IMPATIENCE_MS, openFaultWorld, type FaultWorld } from "./support/world.ts";

const SEND = "eth_sendRawTransaction";
const RECEIPT = "eth_getTransactionReceipt";

/** What a run sends where the contracts stand, in this order. */
const SENDS = ["deposit", "transfer", "data", "log", "commitment", "mint", "final log"] as const;
const CALLS = { depositFund: 1, transferFund: 1, submit: 3, commit: 1, mintInference: 1 };

describe("the flow among faults", () => {
  let world: FaultWorld;
  let runs: Runs;
  before(async () => {
    world = await openFaultWorld();
    const { connection, read, indexer, storageLimits } = world;
    runs = await openRuns({ connection, provider: read.provider, indexer: indexer.url, storageLimits });
    await runFlow((await newRun()).ctx); // deploys what the others share
  });
  afterEach(async () => world.heal());
  after(async () => world.close());

  interface Run {
    readonly ctx: FlowContext;
    readonly from: number;
    readonly wallet: bigint;
  }

  async function newRun(): Promise<Run> {
    const made = await runs.newRun();
    const ctx = { ...made, http: world.http, question: { ...made.question, provider: world.provider.address } };
    openRun(ctx.journal, ctx);
    const { provider } = world.truth;
    return { ctx, from: await provider.getBlockNumber(), wallet: await provider.getBalance(ctx.owner) };
  }

  const hasty = (ctx: FlowContext): FlowContext => ({
    ...ctx,
    write: { ...ctx.write, receiptTimeout: IMPATIENCE_MS },
  });

  /** Everything was sent once, all of it adds up, and there is one token. */
  async function isDoneOnce({ ctx, from, wallet }: Run, answers = 1): Promise<void> {
    const books = await readBooks(world.truth, ctx.owner, from);
    expect(books.calls).to.deep.equal(CALLS);
    expect(wallet - (await world.truth.provider.getBalance(ctx.owner))).to.equal(books.spent);
    const ledger = await readLedger(world.truth, ctx.owner);
    const account = await readSubAccount(world.truth, ctx.owner, world.provider.address);
    expect([ledger?.available, account?.balance]).to.deep.equal([0n, ledger?.total]);
    const fee = BigInt(lastFact(ctx.journal, "answered")?.receipt.fee.fee ?? 0n);
    expect(world.provider.unsettledFee(ctx.owner)).to.equal(fee * BigInt(answers));
    expect(await runs.tokensOf(ctx)).to.equal(1n);
  }

  /** Goes on with a run until it is done, and gives how often it stopped for want of a receipt. */
  async function stopsUntilDone({ ctx }: Run): Promise<number> {
    for (let stops = 0; ; stops++) {
      expect(stops, "it gets further each time").to.be.at.most(SENDS.length);
      const stopped = await runFlow(hasty(ctx)).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (stopped === undefined) return stops;
      if (!(stopped instanceof ZgError) || stopped.exit !== EXIT.network) throw stopped;
    }
  }

  it("sends everything again that never arrived, and nothing twice", async () => {
    const run = await newRun();
    const lost = new Set<number>();
    const isNew = ({ method, params }: RpcCall) => {
      if (method !== SEND) return false;
      const { nonce } = Transaction.from(String(params[0]));
      return !lost.has(nonce) && lost.add(nonce) === lost;
    };
    world.chain.fail({ kind: "drop" }, { call: isNew });
    await stopsUntilDone(run);
    expect(lost.size, "each was lost once").to.equal(SENDS.length);
    await isDoneOnce(run);
  });

  it("does everything once where every transaction is sent twice", async () => {
    const run = await newRun();
    world.chain.fail({ kind: "duplicate" }, { method: SEND });
    await runFlow(run.ctx);
    await isDoneOnce(run);
  });

  it("does everything once where every transaction arrives, and no answer comes back", async () => {
    const run = await newRun();
    world.chain.fail({ kind: "drop", delivered: true }, { method: SEND });
    await runFlow(run.ctx);
    await isDoneOnce(run);
  });

  it("gets there run by run where no receipt ever comes", async () => {
    const run = await newRun();
    world.chain.fail({ kind: "answer", result: null }, { method: RECEIPT });
    expect(await stopsUntilDone(run)).to.equal(SENDS.length);
    await isDoneOnce(run);
  });

  it("stops in storms of 500 and of half answers wherever it is, and goes on without paying twice", async () => {
    const run = await newRun();
    const storms: readonly Fault[] = [
      { kind: "status", status: 500 },
      { kind: "corrupt", how: "json" },
    ];
    // Each time a little further.
    for (const [i, nth] of [5, 40, 80, 130].entries()) {
      const storm = storms[i % storms.length];
      if (storm !== undefined) world.chain.fail(storm, { nth });
      expect((await failureOf(runFlow(hasty(run.ctx)))).exit).to.equal(EXIT.network);
      await world.heal();
    }
    await runFlow(run.ctx);
    await isDoneOnce(run);
  });

  it("deposits nothing a second time where a node shows the state before the deposit", async () => {
    const run = await newRun();
    world.chain.fail({ kind: "stale", block: run.from }, { method: "eth_call", nth: 40 });
    for (const again of ["then", "and again"]) {
      const failed = await failureOf(runFlow(hasty(run.ctx)));
      expect(failed.exit, `${again}: ${failed.message}`).to.equal(EXIT.network);
    }
    expect((await readBooks(world.truth, run.ctx.owner, run.from)).calls).to.deep.equal({ depositFund: 1 });
    await world.heal();
    await runFlow(run.ctx);
    await isDoneOnce(run);
  });

  it("asks again after a refusal, which costs nothing", async () => {
    const run = await newRun();
    world.market.fail({ kind: "status", status: 429, retryAfter: 5 }, { path: CHAT, times: 1 });
    expect(await failureOf(runFlow(run.ctx))).to.include({ code: "ZG_RATE_LIMITED", exit: EXIT.network });
    await runFlow(run.ctx);
    await isDoneOnce(run);
  });

  it("does not ask again by itself where the answer was lost, and says that it may have been charged", async () => {
    const run = await newRun();
    world.market.fail({ kind: "drop", delivered: true }, { path: CHAT, times: 1 });
    expect(await failureOf(runFlow(run.ctx))).to.include({ code: "ZG_PROVIDER_DOWN" });
    expect(await failureOf(runFlow(run.ctx))).to.include({ code: "ZG_UNANSWERED", exit: EXIT.precondition });
    expect(await runs.tokensOf(run.ctx)).to.equal(0n);
    await runFlow({ ...run.ctx, retryUnanswered: true });
    await isDoneOnce(run, 2);
  });

  it("mints one token of one answer where the question is delivered twice", async () => {
    const run = await newRun();
    world.market.fail({ kind: "duplicate" }, { path: CHAT, times: 1 });
    await runFlow(run.ctx);
    await isDoneOnce(run, 2);
  });

  it("mints nothing of an answer with one bit turned over, today or tomorrow", async () => {
    const run = await newRun();
    world.market.fail({ kind: "corrupt", how: "bytes" }, { path: CHAT, times: 1 });
    await failureOf(runFlow(run.ctx));
    const again = await failureOf(runFlow(run.ctx));
    expect(again.exit, again.message).to.be.oneOf([EXIT.trust, EXIT.precondition]);
    expect(await runs.tokensOf(run.ctx)).to.equal(0n);
  });

  it("keeps an answer whose signature it cannot get, whatever is in the way, and pays no second one", async () => {
    const run = await newRun();
    const inTheWay: readonly (readonly [fault: Fault, code: string])[] = [
      [{ kind: "drop" }, "ZG_PROVIDER_DOWN"],
      [{ kind: "status", status: 429, retryAfter: 9 }, "ZG_RATE_LIMITED"],
      [{ kind: "corrupt", how: "json" }, "ZG_SIGNATURE_DOCUMENT"],
      [{ kind: "cut", afterBytes: 30 }, "ZG_RESPONSE_CUT"],
    ];
    for (const [fault, code] of inTheWay) {
      world.market.fail(fault, { path: SIGNATURE });
      expect((await failureOf(runFlow(run.ctx))).code).to.equal(code);
      await world.heal();
    }
    await runFlow(run.ctx);
    await isDoneOnce(run);
  });

  it("goes on storing what it had begun to store, and pays for it once", async () => {
    const run = await newRun();
    world.node.fail({ kind: "status", status: 500 }, { method: "zgs_uploadSegmentsByTxSeq" });
    expect((await failureOf(runFlow(run.ctx))).code).to.equal("ZG_STORAGE_UPLOAD");
    await world.heal();
    await runFlow(run.ctx);
    await isDoneOnce(run);
  });
});
