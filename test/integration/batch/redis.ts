import path from "node:path";

import { expect } from "chai";

import { askItems } from "../../../lib/batch/ask-items.ts";
import { BatchBusyError, BatchRedisError, BatchStoreError } from "../../../lib/batch/errors.ts";
import { Outbox } from "../../../lib/batch/outbox.ts";
import type { BatchQueue } from "../../../lib/batch/queue.ts";
import { RedisQueue } from "../../../lib/batch/redis-queue.ts";
import { redisInstalled, startRedis, type RedisServer } from "../../support/redis.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { drain, itemsOf, itIsAQueue, planFor } from "../../unit/batch/support/queue-contract.ts";
import { openBatches, questions, type Batches } from "./support/batches.ts";

const installed = redisInstalled();
const title = installed ? "a batch in Redis" : "a batch in Redis (skipped: redis-server is not installed)";

(installed ? describe : describe.skip)(title, () => {
  let redis: RedisServer;
  let folder: TemporaryFolder;
  let batches: Batches;
  const open: RedisQueue[] = [];
  before(async () => {
    redis = await startRedis();
    folder = await temporaryFolder();
    batches = await openBatches();
  });
  afterEach(async () => {
    for (const queue of open.splice(0)) await queue.close();
    await redis.flush();
  });
  after(async () => {
    await batches.close();
    await redis.close();
    await folder.remove();
  });

  let machines = 0;
  /** A process of its own machine, or of one that was there before. */
  async function join(options: { machine?: string; leaseMs?: number; clock?: () => number } = {}): Promise<RedisQueue> {
    const { machine = `m${machines++}`, leaseMs = 1_000, clock = Date.now } = options;
    const outbox = path.join(folder.path, machine, "outbox.db");
    const queue = await RedisQueue.open({ url: redis.url, network: "test", id: "test", outbox, clock, leaseMs });
    open.push(queue);
    return queue;
  }
  async function lose(queue: RedisQueue): Promise<void> {
    open.splice(open.indexOf(queue), 1);
    await queue.abandon();
  }

  describe("as every queue", () => {
    let batch = 0;
    itIsAQueue(() => ({
      open: async () => join({ machine: `contract${batch}` }),
      reset: async () => {
        batch += 1;
        await redis.flush();
      },
    }));
  });

  const items = itemsOf(3);
  async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
    for (let i = 0; i < 200; i++) {
      const found = await look();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error("it did not come about");
  }

  it("hands each item to one worker", async () => {
    const [one, other] = [await join(), await join()];
    await one.begin(planFor(items), items);
    await other.join();
    const taken = await Promise.all([one.take(), other.take(), one.take(), other.take()]);
    expect(taken.flatMap((row) => row?.id ?? []).sort()).to.deep.equal(["q0", "q1", "q2"]);
  });

  it("takes what a worker asked that died for lost, and hands out what it had only taken", async () => {
    const [coordinator, worker] = [await join({ leaseMs: 200 }), await join({ leaseMs: 200 })];
    await coordinator.begin(planFor(items), items);
    await worker.join();
    const [first, second] = [await worker.take(), await worker.take()];
    await worker.advance(first?.seq ?? -1, "asked", { worst: "5" });
    await lose(worker);
    expect((await drain(coordinator)).map(({ id }) => id)).to.deep.equal(["q2"]);
    const again = await eventually(async () => coordinator.take());
    expect(again.id).to.equal(second?.id);
    const lost = await eventually(async () => {
      await coordinator.take();
      const row = await coordinator.get(first?.seq ?? -1);
      return row?.state === "unknown" ? row : undefined;
    });
    expect(lost).to.include({ worst: "5" }).and.have.property("failure").that.includes("ZG_UNANSWERED");
  });

  it("is told again, by the worker that has it on its disk, what it forgot", async () => {
    const coordinator = await join();
    await coordinator.begin(planFor(items), items);
    const worker = await join({ machine: "kept" });
    await worker.join();
    const row = await worker.take();
    const seq = row?.seq ?? -1;
    await worker.advance(seq, "asked", { worst: "5" });
    await lose(worker);
    // The process died when the answer was on its disk, and Redis had not heard of it.
    const outbox = new Outbox(path.join(folder.path, "kept", "outbox.db"), Date.now);
    await outbox.keep(coordinator.drawn, seq, "answered", { answer: '{"paid":true}', fee: "3" });
    outbox.close();
    await (await join({ machine: "kept" })).join();
    expect(await coordinator.get(seq)).to.include({ state: "answered", answer: '{"paid":true}', fee: "3" });
  });

  it("has what it asked and was answered on the worker's own disk, whatever becomes of Redis", async () => {
    const coordinator = await join();
    await coordinator.begin(planFor(items), items);
    const worker = await join({ machine: "own-disk" });
    await worker.join();
    const seq = (await worker.take())?.seq ?? -1;
    await worker.advance(seq, "asked", { worst: "5" });
    await worker.advance(seq, "answered", { answer: '{"paid":true}', fee: "3" });
    const { drawn } = worker;
    await lose(worker);
    const outbox = new Outbox(path.join(folder.path, "own-disk", "outbox.db"), Date.now);
    const kept = outbox.all(drawn).map(({ state, changes }) => ({ state, changes }));
    outbox.close();
    expect(kept).to.deep.equal([
      { state: "answered", changes: { answer: '{"paid":true}', fee: "3" } },
      { state: "asked", changes: { worst: "5" } },
    ]);
  });

  it("lets nobody ask again what it forgot was asked", async () => {
    const coordinator = await join();
    await coordinator.begin(planFor(items), items);
    const outbox = new Outbox(path.join(folder.path, "asked", "outbox.db"), Date.now);
    await outbox.keep(coordinator.drawn, 1, "asked", { worst: "5" });
    outbox.close();
    await (await join({ machine: "asked" })).join();
    expect((await drain(coordinator)).map(({ id }) => id)).to.deep.equal(["q0", "q2"]);
    expect(await coordinator.get(1)).to.include({ state: "unknown", worst: "5" });
  });

  it("does not begin anew what Redis forgot altogether, which would pay for all of it twice", async () => {
    const coordinator = await join({ machine: "forgotten" });
    await coordinator.begin(planFor(items), items);
    await redis.flush();
    const failed = await coordinator.counts().catch((error: unknown) => error);
    expect(failed, "it does not look done").to.be.instanceOf(BatchStoreError);
    await lose(coordinator);
    const next = await join({ machine: "forgotten" });
    expect(await next.begin(planFor(items), items).catch((error: unknown) => error)).to.be.instanceOf(BatchStoreError);
    expect(await next.plan(), "nothing is begun").to.equal(undefined);
  });

  it("lets a second minter mint only when the first was not heard of for its lease", async () => {
    let now = Date.now();
    const [one, other] = [await join({ leaseMs: 300, clock: () => now }), await join({ leaseMs: 300 })];
    await one.begin(planFor(items), items);
    const lease = await one.minter();
    expect(await other.minter()).to.equal(undefined);
    lease?.assertHeld();
    now += 10_000; // as if the process had been stopped
    expect(() => lease?.assertHeld()).to.throw(BatchBusyError);
    await lose(one);
    const next = await eventually(async () => other.minter());
    await next.release();
  });

  it("says what is wrong with Redis without saying its password", async () => {
    const wrong = redis.url.replace(redis.password, "wrong-secret");
    const nobody = "redis://user:other-secret@127.0.0.1:1";
    for (const [url, secret] of [
      [wrong, "wrong-secret"],
      [nobody, "other-secret"],
    ] as const) {
      const options = { url, network: "test", id: "test", clock: Date.now, timeoutMs: 500 };
      const failed: unknown = await RedisQueue.open(options).catch((error: unknown) => error);
      if (!(failed instanceof BatchRedisError)) return expect.fail(String(failed));
      expect(JSON.stringify([failed.message, failed.details, failed.remedy, failed.stack])).not.to.include(secret);
    }
    expect((await join()).where).not.to.include(redis.password);
    expect(await (await join()).weakness()).to.include("appendonly no");
  });

  it("is worked by two workers and one minter, which never asks", async () => {
    const queue: BatchQueue = await join();
    const batch = await batches.newBatch(questions(12), { id: "test" }, queue);
    const worker = await join();
    const { deps } = batch;
    // The coordinator funds, says whom to ask, and mints; two workers ask.
    const minting = batch.work({ concurrency: 0 });
    const assignment = await eventually(async () => queue.assignment());
    const second = await join();
    const workers = [worker, second].map(async (each) => {
      await each.join();
      const { genesisHash, claim } = deps.plan;
      return askItems({ ...deps, queue: each, assignment, genesisHash, claim, concurrency: 2 });
    });
    expect(await Promise.all(workers)).to.deep.equal([undefined, undefined]);
    expect((await minting).counts).to.include({ minted: 12 });
    expect(await batches.tokensOf(deps.owner)).to.equal(12n);
  });
});
