import { expect } from "chai";

import { BatchBusyError } from "../../../lib/batch/errors.ts";
import { rawRpc } from "../../../lib/chain/fees.ts";
import { LockHeldError } from "../../../lib/exclusively.ts";
import { NoSuitableProviderError } from "../../../lib/compute/errors.ts";
import { MemoryBook, type Book } from "../../../lib/guards/book.ts";
import { Budgets } from "../../../lib/guards/budgets.ts";
import { PriceCeilingError } from "../../../lib/guards/errors.ts";
import { parsePriceCeiling } from "../../../lib/guards/price-ceiling.ts";
import type { Galileo } from "../../../lib/galileo/galileo.ts";
import { openBatches, questions, type Batch, type Batches } from "./support/batches.ts";

describe("the money of a batch", () => {
  let batches: Batches;
  let galileo: Galileo;
  before(async () => {
    batches = await openBatches();
    ({ galileo } = batches);
  });
  after(async () => batches.close());
  afterEach(() => {
    for (const provider of galileo.providers) provider.misbehave(undefined);
  });

  /** As the provider itself would take its service off the chain. */
  async function removeService(provider: string): Promise<void> {
    const { inferenceServing } = galileo.contracts;
    const to = await inferenceServing.getAddress();
    const data = inferenceServing.interface.encodeFunctionData("removeService");
    await rawRpc(batches.read.provider, "hardhat_impersonateAccount", [provider]);
    await rawRpc(batches.read.provider, "eth_sendTransaction", [{ from: provider, to, data }]);
  }

  async function withLostAnswer(): Promise<Batch> {
    const batch = await batches.newBatch(questions(3));
    const asked = galileo.provider(0);
    asked.misbehave({ kind: "hang", requests: 1 });
    expect((await batch.work({ http: { timeoutMs: 800 }, provider: asked.address })).counts).to.include({
      minted: 2,
      unknown: 1,
    });
    return batch.again();
  }

  it("asks nothing again because its plan was only looked at with --retry-unanswered, or declined", async () => {
    const looked = await withLostAnswer();
    const { status, bill } = await looked.work({ retryUnanswered: true, approve: async () => Promise.resolve(false) });
    expect(status).to.equal("planned");
    expect(
      bill.rows.some(({ from }) => from === "fee"),
      "what it would cost is in the plan",
    ).to.equal(true);
    const { counts } = await (await looked.again()).work();
    expect(counts).to.include({ minted: 2, unknown: 1 });
  });

  it("keeps what is proven, and mints it once its provider is endorsed again", async () => {
    const batch = await batches.newBatch(questions(3));
    const provider = galileo.provider(0);
    await batch.work({ collection: undefined, plan: { ...batch.deps.plan, mint: false }, provider: provider.address });
    await galileo.unendorse(provider.address);
    try {
      const { counts, sent } = await (await batch.again()).work();
      expect(counts).to.include({ unmintable: 3 });
      expect(sent).to.deep.equal([]);
    } finally {
      await galileo.endorse(provider.address);
    }
    const { counts } = await (await batch.again()).work();
    expect(counts).to.include({ minted: 3 });
  });

  const caught = async (work: Promise<unknown>) => work.catch((error: unknown) => error);
  const sentBy = async ({ deps }: Batch) => batches.read.provider.getTransactionCount(deps.owner);

  it("counts what a killed command set aside in full until the batch is continued", async () => {
    const book = new MemoryBook();
    const provider = galileo.provider(0).address;
    const killed: Book = {
      read: () => book.read(),
      write: async (decide) => book.write((tally) => decide(tally).filter(({ event }) => event !== "settled")),
    };
    const [before, after] = [killed, book].map((each) => new Budgets({ book: each, clock: Date.now }));
    const batch = await batches.newBatch(questions(3));
    const { spent } = await batch.work({ budgets: before, provider });
    expect(book.read().ofProvider(provider)).to.include({ spent: 0n });
    expect(book.read().ofProvider(provider).reserved > spent, "at worst").to.equal(true);
    await (await batch.again()).work({ budgets: after });
    expect(book.read().ofProvider(provider)).to.deep.equal({ spent, reserved: 0n });
  });

  it("leaves alone what a run of the same name set aside", async () => {
    const budgets = new Budgets({ book: new MemoryBook(), clock: Date.now });
    const provider = galileo.provider(0).address;
    await budgets.reserve({ run: "test", what: "ask", provider, worst: 5n });
    await (await batches.newBatch(questions(1))).work({ budgets });
    expect(budgets.spentBy("test")).to.deep.equal({ spent: 0n, reserved: 5n });
  });

  it("keeps what it set aside while workers elsewhere may go on asking", async () => {
    const budgets = new Budgets({ book: new MemoryBook(), clock: Date.now });
    const batch = await batches.newBatch(questions(2));
    Object.assign(batch.queue, { isShared: true });
    const controller = new AbortController();
    controller.abort();
    const { counts, bill } = await batch.work({ budgets, signal: controller.signal });
    expect(counts).to.include({ waiting: 2 });
    const fees = bill.rows.find(({ from }) => from === "fee")?.amount;
    expect(budgets.spentBy("batch test").reserved).to.equal(fees);
    await (await batch.again()).work({ budgets });
    expect(budgets.spentBy("batch test").reserved, "until it is over").to.equal(0n);
  });

  it("pays nobody more for a model than the ceiling", async () => {
    const ceilings = [parsePriceCeiling("0.0000001")];
    const batch = await batches.newBatch(questions(1));
    expect(await caught(batch.work({ ceilings, provider: galileo.provider(0).address }))).to.be.instanceOf(
      PriceCeilingError,
    );
    expect(await caught(batch.work({ ceilings }))).to.be.instanceOf(NoSuitableProviderError);
    expect(await sentBy(batch)).to.equal(0);
  });

  it("funds nothing while somebody else mints", async () => {
    const batch = await batches.newBatch(questions(2));
    const lease = await batch.queue.minter();
    expect(await caught(batch.work())).to.be.instanceOf(BatchBusyError);
    expect(await sentBy(batch)).to.equal(0);
    await lease?.release();
    expect((await batch.work()).counts).to.include({ minted: 2 });
  });

  it("commits to nothing and mints nothing when somebody else may have become the minter", async () => {
    const batch = await batches.newBatch(questions(2));
    const { queue } = batch;
    const minter = queue.minter.bind(queue);
    const busy = new BatchBusyError({ id: "test", by: "another minter" });
    queue.minter = async () => {
      const lease = await minter();
      const assertHeld = () => {
        throw busy;
      };
      return lease === undefined ? undefined : { assertHeld, release: async () => lease.release() };
    };
    const { stopped, counts, sent } = await batch.work();
    expect(stopped).to.equal(busy);
    expect(counts).to.include({ committed: 0, minted: 0, unmintable: 0 });
    expect(sent.filter(({ what }) => /commit|mint/.test(what))).to.deep.equal([]);
  });

  it("calls no item unmintable because its transaction could not be sent", async () => {
    const batch = await batches.newBatch(questions(2), { claim: "bound" });
    await batch.work({ collection: undefined, plan: { ...batch.deps.plan, mint: false } });
    const busy = new LockHeldError({ what: "sign", pid: 1, waitedMs: 180_000 });
    const sharedNonces = {
      exclusively: async () => Promise.reject(busy),
      read: () => undefined,
      write: () => undefined,
    };
    const held = await (await batch.again()).work({ write: { ...batch.deps.write, sharedNonces } });
    expect(held.stopped).to.equal(busy);
    expect(held.counts).to.include({ sealed: 2, unmintable: 0 });
    expect((await (await batch.again()).work()).counts).to.include({ minted: 2 });
  });

  it("mints what others answered when a provider is not listed any more", async () => {
    const batch = await batches.newBatch(questions(4));
    const lone = { plan: { ...batch.deps.plan, mint: false }, collection: undefined };
    const gone = galileo.provider(0);
    gone.misbehave({ kind: "status", status: 400, error: "bad request", requests: 2 });
    expect((await batch.work({ ...lone, provider: gone.address })).counts).to.include({ verified: 2, refused: 2 });
    const other = galileo.provider(1).address;
    expect((await (await batch.again()).work({ ...lone, provider: other })).counts).to.include({ verified: 4 });
    await removeService(gone.address);
    const { counts } = await (await batch.again()).work();
    expect(counts).to.include({ minted: 2, unmintable: 2 });
  });

  it("commits again where its commitments expired before they were used", async () => {
    const batch = await batches.newBatch(questions(2));
    const { queue } = batch;
    const advance = queue.advance.bind(queue);
    queue.advance = async (seq, to, changes) => {
      if (to === "committed" && seq === 0) {
        await rawRpc(batches.read.provider, "evm_increaseTime", [25 * 60 * 60]);
        await rawRpc(batches.read.provider, "evm_mine", []);
      }
      return advance(seq, to, changes);
    };
    const { counts, sent } = await batch.work();
    expect(counts).to.include({ minted: 2, unmintable: 0 });
    expect(sent.filter(({ what }) => what.startsWith("commit to"))).to.have.length(2);
  });
});
