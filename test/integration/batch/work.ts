import { expect } from "chai";

import { BatchProviderError } from "../../../lib/batch/errors.ts";
import { resultLines } from "../../../lib/batch/results.ts";
import { receiptOf, sealedOf } from "../../../lib/batch/queue.ts";
import { MemoryBook } from "../../../lib/guards/book.ts";
import { Budgets } from "../../../lib/guards/budgets.ts";
import { BudgetExceededError } from "../../../lib/guards/errors.ts";
import { inftContract } from "../../../lib/inft/contracts.ts";
import type { Galileo } from "../../../lib/galileo/galileo.ts";
import { openBatches, questions, type Batch, type Batches } from "./support/batches.ts";

describe("a batch", () => {
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

  const statesOf = async (batch: Batch) => (await batch.rows()).map(({ state }) => state);
  const askedBy = (batch: Batch, index = 0) =>
    galileo
      .provider(index)
      .requests()
      .filter(
        ({ user, path, fee }) => user === batch.deps.owner && path.endsWith("/chat/completions") && fee !== undefined,
      );

  it("asks, proves and mints every item once, funds once, and keeps what each token needs", async () => {
    const batch = await batches.newBatch(questions(60));
    const { counts, bill, sent, spent } = await batch.work();
    expect(counts).to.include({ minted: 60, waiting: 0 });
    expect(await batches.tokensOf(batch.deps.owner)).to.equal(60n);
    const said = sent.map(({ what }) => what.replace(/ (of )?0x.*| with .*| [\d.]+ 0G.*/, ""));
    expect(said.slice(0, 2)).to.deep.equal(["open a ledger", "transfer"]);
    // The next are committed to while the first are minted.
    expect(said.slice(2)).to.have.members([
      ...["commit to 50 mints", "have the signer", "mint 50 inferences"],
      ...["commit to 10 mints", "mint 10 inferences"],
    ]);
    const fees = bill.rows.find(({ from }) => from === "fee")?.amount ?? 0n;
    expect(spent > 0n && spent <= fees, "the answers cost no more than the plan said").to.equal(true);
    const left = await batches.read.provider.getBalance(batch.deps.owner);
    expect(10_000n * 10n ** 18n - left <= bill.walletTotal, "nor did the wallet").to.equal(true);

    const lines = (await resultLines(batch.queue))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, string>);
    expect(lines.map(({ id, content }) => `${id} ${content}`).slice(0, 3)).to.deep.equal(["q0 0", "q1 2", "q2 4"]);
    const contract = inftContract(batches.inft, batches.read.provider);
    for (const seq of [0, 59]) {
      const row = await batch.queue.get(seq);
      if (row === undefined) return expect.fail("the item is there");
      expect(await contract.ownerOf(BigInt(row.tokenId ?? 0))).to.equal(batch.deps.owner);
      expect(batch.receipts.get(seq)).to.deep.equal(receiptOf(row));
      const root = sealedOf(row)?.datas[0]?.dataHash ?? "0x";
      expect(await batch.deps.collection?.objects.get(root), "the encrypted bytes").not.to.equal(undefined);
    }
    expect(askedBy(batch)).to.have.length(60);
    const again = await (await batch.again()).work();
    expect(again.sent, "worked again, it does nothing").to.deep.equal([]);
    expect(askedBy(batch)).to.have.length(60);
  });

  it("counts in the book of all runs what it really spent, and fits under its caps or does nothing", async () => {
    const batch = await batches.newBatch(questions(4));
    const budgets = new Budgets({ book: new MemoryBook(), clock: Date.now });
    galileo.provider(0).misbehave({ kind: "hang", requests: 1 });
    const { spent, sent } = await batch.work({ budgets, http: { timeoutMs: 300 } });
    const gas = sent.reduce((sum, { fee }) => sum + fee, 0n);
    const lost = BigInt((await batch.rows()).find(({ state }) => state === "unknown")?.worst ?? 0);
    expect(lost > 0n).to.equal(true);
    expect(budgets.spentBy("batch test")).to.deep.equal({ spent: spent + gas + lost, reserved: 0n });
    const again = await (await batch.again()).work({ budgets, retryUnanswered: true });
    const more = again.spent + again.sent.reduce((sum, { fee }) => sum + fee, 0n);
    expect(budgets.spentBy("batch test").spent, "what is asked again is paid again").to.equal(
      spent + gas + lost + more,
    );

    const poor = await batches.newBatch(questions(2));
    const capped = new Budgets({ book: new MemoryBook(), caps: { day: 1n }, clock: Date.now });
    const refused: unknown = await poor.work({ budgets: capped }).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(BudgetExceededError);
    expect(await statesOf(poor)).to.deep.equal(["waiting", "waiting"]);
  });

  it("quarantines an answer that is not proved, asks its provider nothing more, and mints what is proven", async () => {
    const batch = await batches.newBatch(questions(40));
    await batch.work({ items: [], provider: galileo.provider(0).address, approve: async () => Promise.resolve(false) });
    galileo.provider(0).misbehave({ kind: "altered-body", requests: 1 });
    const { stopped, counts } = await batch.work({ provider: galileo.provider(0).address });
    expect(stopped).to.be.instanceOf(BatchProviderError).with.property("exit", 5);
    expect(counts.quarantined).to.equal(1);
    expect(counts.waiting).to.be.greaterThan(0);
    expect(counts.minted + counts.quarantined + counts.waiting).to.equal(40);
    expect(await batches.tokensOf(batch.deps.owner)).to.equal(BigInt(counts.minted));
    const liar = (await batch.rows()).find(({ state }) => state === "quarantined");
    expect(liar).to.include({ tokenId: null }).and.have.property("receiptFile").that.is.a("string");
    const result = (await resultLines(batch.queue)).split("\n").find((line) => line.includes("quarantined"));
    expect(JSON.parse(result ?? "{}")).to.not.have.property("content");

    const asked = askedBy(batch).length;
    const next = await (await batch.again()).work();
    expect(next.service?.provider).to.equal(galileo.provider(1).address);
    expect(next.counts).to.include({ minted: 39, quarantined: 1, waiting: 0 });
    expect(askedBy(batch)).to.have.length(asked);
  });

  it("goes on with another provider by itself where none was named", async () => {
    const batch = await batches.newBatch(questions(40));
    galileo.provider(0).misbehave({ kind: "foreign-signature", requests: 1 });
    let plans = 0;
    const { counts } = await batch.work({
      approve: async () => {
        plans += 1;
        return Promise.resolve(true);
      },
    });
    expect(counts).to.include({ minted: 39, quarantined: 1 });
    expect(plans, "its plan is shown, too").to.equal(2);
  });

  it("lets one refused item hold up no other, and asks it again the next time", async () => {
    const batch = await batches.newBatch(questions(6));
    galileo.provider(0).misbehave({ kind: "status", status: 400, error: "bad request", requests: 1 });
    expect((await batch.work()).counts).to.include({ minted: 5, refused: 1 });
    const refused = (await batch.rows()).find(({ state }) => state === "refused");
    expect(refused?.failure).to.include("ZG_PROVIDER_REFUSED");
    expect((await (await batch.again()).work()).counts).to.include({ minted: 6 });
    expect(askedBy(batch)).to.have.length(6);
  });

  it("asks for a lost answer again only when told to, and says what it may have cost", async () => {
    const batch = await batches.newBatch(questions(5));
    galileo.provider(0).misbehave({ kind: "hang", requests: 1 });
    expect((await batch.work({ http: { timeoutMs: 800 } })).counts).to.include({ minted: 4, unknown: 1 });
    const said: string[] = [];
    const log = (line: string) => said.push(line);
    const left = await (await batch.again()).work({ log });
    expect(left.counts).to.include({ minted: 4, unknown: 1 });
    expect(left.unknownCharge).to.equal(0n);
    expect(said.join("\n")).to.include("the answers of 1 items were lost").and.include("--retry-unanswered");
    expect((await (await batch.again()).work({ retryUnanswered: true })).counts).to.include({ minted: 5, unknown: 0 });
  });

  it("stops without taking more when it is told to, and goes on from there", async () => {
    const batch = await batches.newBatch(questions(20));
    const controller = new AbortController();
    const stopped = await batch.work({
      signal: controller.signal,
      onProgress: ({ settled }) => {
        if (settled === 3) controller.abort();
      },
    });
    expect(stopped.counts.asked + stopped.counts.unknown, "what was sent was waited for").to.equal(0);
    expect(stopped.counts.waiting).to.be.greaterThan(0);
    expect((await (await batch.again()).work()).counts).to.include({ minted: 20 });
    expect(askedBy(batch)).to.have.length(20);
    expect(await batches.tokensOf(batch.deps.owner)).to.equal(20n);
  });

  it("asks fewer at a time when that is too many for the provider", async () => {
    const batch = await batches.newBatch(questions(24));
    expect((await batch.work({ concurrency: 16 })).counts).to.include({ minted: 24 });
    expect(askedBy(batch)).to.have.length(24);
    expect(new Set(await statesOf(batch))).to.deep.equal(new Set(["minted"]));
  });

  for (const claim of ["bound", "open"] as const) {
    it(`mints one by one when it claims them as ${claim}`, async () => {
      const batch = await batches.newBatch(questions(2), { claim });
      const { counts, sent } = await batch.work();
      expect(counts).to.include({ minted: 2 });
      expect(sent.filter(({ what }) => what.includes("mint")).map(({ what }) => what)).to.deep.equal([
        "mint the inference",
        "mint the inference",
      ]);
    });
  }

  it("ends with proven answers where nothing shall be minted", async () => {
    const batch = await batches.newBatch(questions(3), { mint: false });
    expect((await batch.work()).counts).to.include({ verified: 3 });
    expect([...batch.receipts.keys()].sort()).to.deep.equal([0, 1, 2]);
    expect(await batches.tokensOf(batch.deps.owner)).to.equal(0n);
  });

  it("finds the one that the contract refuses before sending, and mints the others", async () => {
    const batch = await batches.newBatch(questions(5));
    await batch.work({ collection: undefined, plan: { ...batch.deps.plan, mint: false } });
    const row = await batch.queue.get(2);
    if (row?.receipt === null || row === undefined) return expect.fail("it is proven");
    // As if it had been altered on the disk since it was proven.
    const receipt = JSON.parse(row.receipt) as { signature: { signature: string } };
    receipt.signature.signature = `0x${"00".repeat(65)}`;
    await batch.queue.advance(2, "verified", { receipt: JSON.stringify(receipt) });
    const { counts } = await (await batch.again()).work();
    expect(counts).to.include({ minted: 4, unmintable: 1 });
    expect((await batch.queue.get(2))?.failure).to.include("ZG_");
  });
});
