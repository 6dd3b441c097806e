/** What every queue of batches must do, whatever it is kept in. */

import { expect } from "chai";

import { BatchMismatchError } from "../../../../lib/batch/errors.ts";
import { itemsDigest, itemText, parseItems, type BatchItem } from "../../../../lib/batch/items.ts";
import { BATCH_VERSION, type BatchPlan, type BatchQueue, type ItemRow } from "../../../../lib/batch/queue.ts";
import type { Address, Hex } from "../../../../lib/hex.ts";

export const OWNER: Address = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const PROVIDER: Address = "0xBcd4042DE499D14e55001CcbB24a551F3b954096";
const GENESIS: Hex = `0x${"11".repeat(32)}`;

export function itemsOf(count: number): readonly BatchItem[] {
  const lines = Array.from({ length: count }, (_, i) => JSON.stringify({ id: `q${i}`, prompt: `What is ${i}+${i}?` }));
  return parseItems(lines.join("\n"), "items.jsonl", { maxTokens: 64 });
}

export function planFor(items: readonly BatchItem[], id = "test"): BatchPlan {
  return {
    ...{ version: BATCH_VERSION, id, network: "localhost", genesisHash: GENESIS, owner: OWNER },
    ...{ claim: "commit", mint: true, stores: false, items: items.length },
    digest: itemsDigest(items.map(itemText)),
  };
}

export interface QueueUnderTest {
  /** Opens the queue of a batch: the same one again, when it was closed. */
  open(): Promise<BatchQueue>;
  /** Forgets everything, for the next test. */
  reset(): Promise<void>;
}

export async function drain(queue: BatchQueue): Promise<readonly ItemRow[]> {
  const rows: ItemRow[] = [];
  for (let row = await queue.take(); row !== undefined; row = await queue.take()) rows.push(row);
  return rows;
}

/** Declares the tests, inside a `describe`. */
export function itIsAQueue(tested: () => QueueUnderTest): void {
  let queue: BatchQueue;
  const items = itemsOf(4);
  beforeEach(async () => {
    queue = await tested().open();
  });
  afterEach(async () => {
    await queue.close();
    await tested().reset();
  });
  const reopen = async () => {
    await queue.close();
    queue = await tested().open();
  };
  const states = async () => {
    const found: string[] = [];
    for await (const { state } of queue.each()) found.push(state);
    return found;
  };

  it("has no plan before it is begun, then the one it was begun with", async () => {
    expect(await queue.plan()).to.equal(undefined);
    expect(await queue.begin(planFor(items), items)).to.equal("begun");
    expect(await queue.plan()).to.deep.equal(planFor(items));
    await reopen();
    expect(await queue.begin(planFor(items), items)).to.equal("continued");
  });

  it("hands every item out once, in the order of the file", async () => {
    await queue.begin(planFor(items), items);
    expect((await drain(queue)).map(({ id }) => id)).to.deep.equal(["q0", "q1", "q2", "q3"]);
    expect(await queue.take()).to.equal(undefined);
  });

  it("hands an item out again that was put back, once its time has come", async () => {
    await queue.begin(planFor(items), items);
    await drain(queue);
    await queue.putBack(2, 0);
    let row = await queue.take();
    for (let i = 0; row === undefined && i < 50; i++) {
      await queue.changed(20);
      row = await queue.take();
    }
    expect(row?.id).to.equal("q2");
  });

  it("moves items only where they may come from, and keeps what is written down with it", async () => {
    await queue.begin(planFor(items), items);
    await drain(queue);
    expect(await queue.advance(0, "answered", { content: "early" }), "a late answer is taken").to.equal(true);
    expect(await queue.advance(1, "minted")).to.equal(false);
    expect(await queue.advance(1, "asked", { provider: PROVIDER, worst: "12" })).to.equal(true);
    expect(await queue.advance(1, "asked")).to.equal(false);
    await queue.advance(1, "answered", { content: "2", fee: "3" });
    await queue.advance(1, "verified", { receipt: "{}" });
    await queue.advance(1, "sealed");
    await queue.advance(1, "committed");
    expect(await queue.advance(1, "minted", { tokenId: "7", transactionHash: GENESIS })).to.equal(true);
    await reopen();
    expect(await queue.get(1)).to.include({
      ...{ id: "q1", state: "minted", provider: PROVIDER, worst: "12", content: "2", fee: "3" },
      ...{ receipt: "{}", tokenId: "7", transactionHash: GENESIS, failure: null },
    });
    expect(await queue.get(99)).to.equal(undefined);
  });

  it("counts and finds by state, and leaves large parts out where all are listed", async () => {
    await queue.begin(planFor(items), items);
    for (const seq of [3, 1]) {
      await queue.advance(seq, "answered", { answer: "{}" });
      await queue.advance(seq, "verified", { receipt: "{}", answer: null });
    }
    const { verified, waiting, minted } = await queue.counts();
    expect({ verified, waiting, minted }).to.deep.equal({ verified: 2, waiting: 2, minted: 0 });
    expect(await queue.list("verified", 10)).to.deep.equal([1, 3]);
    expect(await queue.list("waiting", 1)).to.deep.equal([0]);
    expect(await queue.get(3)).to.include({ receipt: "{}", answer: null });
    for await (const { receipt } of queue.each()) expect(receipt).to.equal(null);
  });

  it("takes what was asked when it ended for lost, and hands out what lacks only its proof", async () => {
    await queue.begin(planFor(items), items);
    await drain(queue);
    await queue.advance(0, "asked", { provider: PROVIDER });
    await queue.advance(1, "asked", { provider: PROVIDER });
    await queue.advance(1, "answered", { answer: "{}" });
    await queue.advance(2, "asked", { provider: PROVIDER });
    await queue.advance(2, "answered", { answer: "{}" });
    await queue.advance(2, "unproved");
    await reopen();
    await queue.begin(planFor(items), items);
    expect((await drain(queue)).map(({ seq, state }) => `${seq} ${state}`)).to.have.members([
      "1 answered",
      "2 answered",
      "3 waiting",
    ]);
    expect(await states()).to.deep.equal(["unknown", "answered", "answered", "waiting"]);
    expect((await queue.get(0))?.failure).to.include("ZG_UNANSWERED");
  });

  it("lets lost items wait again only when it is told to", async () => {
    await queue.begin(planFor(items), items);
    await drain(queue);
    await queue.advance(0, "asked");
    await queue.advance(0, "unknown", { failure: "{}" });
    expect(await queue.retry(["refused"])).to.equal(0);
    expect(await queue.take()).to.equal(undefined);
    expect(await queue.retry(["unknown", "minted"])).to.equal(1);
    expect((await drain(queue)).map(({ id, failure }) => [id, failure])).to.deep.equal([["q0", null]]);
  });

  it("is no other batch than it was begun as, and says which item differs", async () => {
    await queue.begin(planFor(items), items);
    await reopen();
    const changed = items.map((item) => (item.seq === 2 ? { ...item, maxTokens: 65 } : item));
    const attempts = [
      [planFor(changed), changed, "item 3"],
      [{ ...planFor(items), genesisHash: `0x${"22".repeat(32)}` } as const, items, "genesis hash"],
      [{ ...planFor(items), owner: PROVIDER }, items, "owner"],
      [{ ...planFor(items), claim: "open" } as const, items, "claim"],
      [planFor(items.slice(1)), items.slice(1), "a number of items"],
    ] as const;
    for (const [plan, given, field] of attempts) {
      const failed = await queue.begin(plan, given).catch((error: unknown) => error);
      expect(failed).to.be.instanceOf(BatchMismatchError).with.property("details").that.includes({ field });
    }
  });

  it("remembers whom it asks, and who is not asked any more", async () => {
    await queue.begin(planFor(items), items);
    expect(await queue.assignment()).to.equal(undefined);
    const assignment = {
      terms: { provider: PROVIDER, model: "m", inputPrice: "1", outputPrice: "2", signer: OWNER },
    };
    await queue.assign(assignment);
    await queue.quarantine(PROVIDER, "lied");
    await queue.quarantine(PROVIDER, "lied again");
    await reopen();
    expect(await queue.assignment()).to.deep.equal(assignment);
    expect([...(await queue.quarantined())]).to.deep.equal([[PROVIDER, "lied"]]);
  });

  it("has one minter at a time", async () => {
    await queue.begin(planFor(items), items);
    const lease = await queue.minter();
    expect(lease).not.to.equal(undefined);
    lease?.assertHeld();
    expect(await queue.minter()).to.equal(undefined);
    await lease?.release();
    const next = await queue.minter();
    expect(next).not.to.equal(undefined);
    await next?.release();
  });
}
