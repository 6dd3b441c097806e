import { expect } from "chai";

import { BatchBusyError } from "../../../lib/batch/errors.ts";
import { rawRpc } from "../../../lib/chain/fees.ts";
import { LockHeldError } from "../../../lib/exclusively.ts";
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
    expect((await batch.work({ http: { timeoutMs: 500 }, provider: asked.address })).counts).to.include({
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

  it("funds nothing while somebody else mints", async () => {
    const batch = await batches.newBatch(questions(2));
    const lease = await batch.queue.minter();
    expect(await batch.work().catch((error: unknown) => error)).to.be.instanceOf(BatchBusyError);
    expect(await batches.read.provider.getTransactionCount(batch.deps.owner), "what was sent").to.equal(0);
    await lease?.release();
    expect((await batch.work()).counts).to.include({ minted: 2 });
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
