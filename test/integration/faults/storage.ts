import { expect } from "chai";

import { EXIT } from "../../../lib/errors.ts";
import type { StorageWriteContext, StorageLimits } from "../../../lib/storage/client.ts";
import { storageRoot } from "../../../lib/storage/merkle.ts";
import { storageClient, storageReader } from "../../../lib/storage/storage-client.ts";
import type { Fault, When } from "../../support/fault-proxy.ts";
import { bytesOf } from "../storage-network/support/world.ts";
import { failureOf, IMPATIENCE_MS, openFaultWorld, type FaultUser, type FaultWorld } from "./support/world.ts";

const UPLOAD = "zgs_uploadSegmentsByTxSeq";
const DOWNLOAD = "zgs_downloadSegmentWithProofByTxSeq";
const SUBMIT = "eth_sendRawTransaction";

describe("0G Storage through a faulty connection", () => {
  let world: FaultWorld;
  let user: FaultUser;
  let seed = 0;
  before(async () => {
    world = await openFaultWorld();
    user = await world.user();
  });
  beforeEach(() => {
    user.signed.length = 0;
  });
  afterEach(async () => world.heal());
  after(async () => world.close());

  const fresh = (size = 1_000) => bytesOf(size, seed++);

  function client(limits: Partial<StorageLimits> = {}, ctx = user.ctx) {
    const indexers = [world.indexer.url];
    const full: StorageWriteContext = { ...ctx, indexers, limits: { ...world.storageLimits, ...limits } };
    return storageClient(full);
  }

  const read = (limits: Partial<StorageLimits> = {}) =>
    storageReader({ ...world.read, indexers: [world.indexer.url], limits: { ...world.storageLimits, ...limits } });

  const hasty = ({ kind }: Fault): Partial<StorageLimits> =>
    kind === "hang" ? { requestTimeoutMs: IMPATIENCE_MS } : {};

  /** It is there, whole, and was paid for once. */
  async function isStoredOnce(bytes: Uint8Array): Promise<void> {
    expect(user.signed, "one payment").to.have.length(1);
    expect((await read().getBytes(storageRoot(bytes))).bytes).to.deep.equal(bytes);
  }

  const NODE_FAULTS: readonly (readonly [what: string, fault: Fault])[] = [
    ["hangs up", { kind: "drop" }],
    ["takes them and hangs up", { kind: "drop", delivered: true }],
    ["never answers", { kind: "hang" }],
    ["breaks its answer off", { kind: "cut", afterBytes: 5 }],
    ["answers with half of its JSON", { kind: "corrupt", how: "json" }],
    ["limits the rate", { kind: "status", status: 429, retryAfter: 1 }],
    ["fails with 500 again and again", { kind: "status", status: 500 }],
  ];

  for (const [what, fault] of NODE_FAULTS) {
    it(`an upload to a node that ${what} is incomplete, and going on pays nothing`, async () => {
      const bytes = fresh();
      world.node.fail(fault, { method: UPLOAD });
      const failed = await failureOf(client(hasty(fault)).put(bytes));
      expect(failed, failed.message).to.include({ code: "ZG_STORAGE_UPLOAD", exit: EXIT.network });
      await world.heal();
      expect((await client().put(bytes)).fee, "the second time").to.equal(0n);
      await isStoredOnce(bytes);
    });
  }

  const PASSING: readonly (readonly [what: string, fault: Fault, when: When])[] = [
    ["hangs up once", { kind: "drop" }, { method: UPLOAD, times: 1 }],
    ["is slow", { kind: "slow", bytes: 5 }, {}],
    ["gets everything twice", { kind: "duplicate" }, { method: UPLOAD }],
    ["gets everything twice, of which the second answer comes", { kind: "duplicate", answer: 2 }, { method: UPLOAD }],
    ["names another question in its answers", { kind: "corrupt", how: "id" }, {}],
  ];
  for (const [what, fault, when] of PASSING) {
    it(`an upload to a node that ${what} is whole, and is paid for once`, async () => {
      const bytes = fresh();
      world.node.fail(fault, when);
      await client().put(bytes);
      await world.heal();
      await isStoredOnce(bytes);
    });
  }

  const INDEXER_FAULTS: readonly (readonly [what: string, fault: Fault])[] = [
    ["hangs up", { kind: "drop" }],
    ["never answers", { kind: "hang" }],
    ["fails with 503 again and again", { kind: "status", status: 503 }],
    ["answers with other types", { kind: "corrupt", how: "types" }],
  ];
  for (const [what, fault] of INDEXER_FAULTS) {
    it(`an upload is not paid for where the indexer ${what}`, async () => {
      const bytes = fresh();
      world.indexer.fail(fault);
      const failed = await failureOf(client(hasty(fault)).put(bytes));
      expect(failed.exit, failed.message).to.equal(EXIT.network);
      expect(failed.code).to.be.oneOf(["ZG_STORAGE_INDEXER", "ZG_STORAGE_SHARDS"]);
      expect(user.signed).to.have.length(0);
      await world.heal();
      await client().put(bytes);
      await isStoredOnce(bytes);
    });
  }

  const SUBMISSIONS: readonly (readonly [what: string, fault: Fault])[] = [
    ["is sent twice", { kind: "duplicate" }],
    ["arrives, and the answer is lost", { kind: "drop", delivered: true }],
  ];
  for (const [what, fault] of SUBMISSIONS) {
    it(`a submission that ${what} is paid for once`, async () => {
      const bytes = fresh();
      world.chain.fail(fault, { method: SUBMIT });
      const { fee } = await client().put(bytes);
      expect(fee > 0n).to.equal(true);
      await isStoredOnce(bytes);
    });
  }

  it("a submission that never arrives is unknown, and the next run pays once", async () => {
    const bytes = fresh();
    world.chain.fail({ kind: "drop" }, { method: SUBMIT });
    const before = await world.landedOf(user);
    const failed = await failureOf(client({}, { ...user.ctx, receiptTimeout: IMPATIENCE_MS }).put(bytes));
    expect(failed, failed.message).to.include({ exit: EXIT.network });
    expect(await world.landedOf(user)).to.equal(before);
    await world.heal();
    await client().put(bytes);
    expect(await world.landedOf(user)).to.equal(before + 1);
    expect((await read().getBytes(storageRoot(bytes))).bytes).to.deep.equal(bytes);
  });

  it("a submission whose receipt never comes is found on chain, and the next run pays nothing", async () => {
    const bytes = fresh();
    world.chain.fail({ kind: "answer", result: null }, { method: "eth_getTransactionReceipt" });
    const before = await world.landedOf(user);
    await failureOf(client({}, { ...user.ctx, receiptTimeout: IMPATIENCE_MS }).put(bytes));
    expect(await world.landedOf(user)).to.equal(before + 1);
    await world.heal();
    expect((await client().put(bytes)).fee).to.equal(0n);
    await isStoredOnce(bytes);
  });

  describe("a download", () => {
    let bytes: Uint8Array;
    before(async () => {
      bytes = fresh(3_000);
      await client().put(bytes);
    });
    const get = async (limits: Partial<StorageLimits> = {}) => (await read(limits).getBytes(storageRoot(bytes))).bytes;

    const FAILING: readonly (readonly [what: string, fault: Fault, exit: number])[] = [
      ["hangs up", { kind: "drop" }, EXIT.network],
      ["never answers", { kind: "hang" }, EXIT.network],
      ["breaks off", { kind: "cut", afterBytes: 900 }, EXIT.network],
      ["answers with half of its JSON", { kind: "corrupt", how: "json" }, EXIT.network],
      ["fails with 502 again and again", { kind: "status", status: 502 }, EXIT.network],
      ["turns one bit over", { kind: "corrupt", how: "bytes" }, EXIT.trust],
      ["answers with other types", { kind: "corrupt", how: "types" }, EXIT.network],
    ];
    for (const [what, fault, exit] of FAILING) {
      it(`from a node that ${what} gives no bytes, and the next one gives all of them`, async () => {
        world.node.fail(fault, { method: DOWNLOAD });
        const failed = await failureOf(get(hasty(fault)));
        expect(failed.exit, `${failed.code} ${failed.message}`).to.equal(exit);
        await world.heal();
        expect(await get()).to.deep.equal(bytes);
      });
    }

    const HARMLESS: readonly (readonly [what: string, fault: Fault, when: When])[] = [
      ["is slow", { kind: "slow", bytes: 200 }, {}],
      ["is asked twice", { kind: "duplicate" }, {}],
      ["fails in passing", { kind: "status", status: 500 }, { method: DOWNLOAD, times: 1 }],
      ["limits the rate for a moment", { kind: "status", status: 429, retryAfter: 1 }, { times: 1 }],
    ];
    for (const [what, fault, when] of HARMLESS) {
      it(`from a node that ${what} gives every byte`, async () => {
        world.node.fail(fault, when);
        expect(await get()).to.deep.equal(bytes);
      });
    }
  });
});
