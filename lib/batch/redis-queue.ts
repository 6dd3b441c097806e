/**
 * A batch in Redis, for several workers on several machines. BullMQ hands items out, renews what a worker holds, and
 * notices workers that died; what became of each item is kept beside it, and moved only from states it may come from.
 */

import { randomUUID } from "node:crypto";

import { Queue, Worker, type Job } from "bullmq";
import { Redis } from "ioredis";
import { z } from "zod";

import type { Address } from "../hex.ts";
import { addressSchema } from "../hex-schema.ts";
import { BatchBusyError, BatchRedisError, BatchStoreError } from "./errors.ts";
import { itemText, type BatchItem } from "./items.ts";
import { KEPT_STATES, Outbox, type KeptState } from "./outbox.ts";
import {
  assignmentSchema,
  CHANGEABLE,
  planSchema,
  rowSchema,
  type Assignment,
  type BatchPlan,
  type BatchQueue,
  type ItemChanges,
  type ItemRow,
  type MinterLease,
} from "./queue.ts";
import { assertSamePlan } from "./same-plan.ts";
import { ITEM_STATES, NO_ITEMS, TRANSITIONS, WORKABLE, type Counts, type ItemState } from "./state.ts";
import { Waiters } from "./waiters.ts";

export interface RedisQueueOptions {
  /** `redis://` or `rediss://`, with user and password if need be. */
  readonly url: string;
  readonly network: string;
  /** Of the batch. */
  readonly id: string;
  /** Where this process keeps what it asked and was answered; absent: nowhere. */
  readonly outbox?: string;
  readonly clock: () => number;
  /** How long a worker that is not heard of keeps its items, and a minter its turn. Milliseconds. Default 30 000. */
  readonly leaseMs?: number;
  /** How long Redis may take to answer. Milliseconds. Default 10 000. */
  readonly timeoutMs?: number;
}

const LEASE_MS = 30_000;
const TIMEOUT_MS = 10_000;
/** Redis writes what it was told to its disk within a second; after so long nothing of it can be lost any more. */
const SETTLED_MS = 60_000;
const REDELIVER_MS = 10_000;
/** Items in one pipeline. */
const CHUNK = 500;

/** Moves an item from one of several states, and changes it, in one step. Keys: the item, the set of each state. */
const ADVANCE = `
local state = redis.call('HGET', KEYS[1], 'state')
local to = ARGV[2]
local allowed = false
for from in string.gmatch(ARGV[3], '[^,]+') do if from == state then allowed = true end end
if not allowed then return 0 end
for i, name in ipairs(cjson.decode(ARGV[4])) do
  if name == state then redis.call('ZREM', KEYS[1 + i], ARGV[1]) end
  if name == to then redis.call('ZADD', KEYS[1 + i], ARGV[1], ARGV[1]) end
end
redis.call('HSET', KEYS[1], 'state', to)
for _, name in ipairs(cjson.decode(ARGV[5])) do redis.call('HDEL', KEYS[1], name) end
for i = 6, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1
`;
const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) else return 0 end`;
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end`;
const STATES_JSON = JSON.stringify(ITEM_STATES);

const SMALL = ["id", "state", "item", ...CHANGEABLE.filter((name) => !["answer", "receipt", "sealed"].includes(name))];

interface Hand {
  readonly seq: number;
}

/** An address without what only its owner may know. */
export function withoutSecret(url: string): string {
  if (!URL.canParse(url)) return "an address that is no URL";
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

export class RedisQueue implements BatchQueue {
  readonly where: string;
  readonly isShared = true;
  readonly #options: Required<Pick<RedisQueueOptions, "leaseMs" | "timeoutMs">> & RedisQueueOptions;
  readonly #redis: Redis;
  readonly #queue: Queue<Hand>;
  readonly #worker: Worker<Hand>;
  readonly #workers: Redis;
  readonly #outbox: Outbox;
  readonly #prefix: string;
  readonly #token = randomUUID();
  readonly #waiters = new Waiters();
  readonly #held = new Map<number, Job<Hand>>();
  readonly #timers: NodeJS.Timeout[] = [];
  #broken: Error | undefined;
  /** Drawn when the batch was begun: another one of the same name is another one. */
  #batch = "";
  #watching = false;
  #closed = false;

  private constructor(options: RedisQueueOptions) {
    const { leaseMs = LEASE_MS, timeoutMs = TIMEOUT_MS, url, network, id } = options;
    this.#options = { ...options, leaseMs, timeoutMs };
    this.where = `${withoutSecret(url)}, batch ${id} of ${network}`;
    this.#prefix = `{0g-batch:${network}:${id}}`;
    this.#outbox = new Outbox(options.outbox, options.clock);
    const common = { lazyConnect: true, connectTimeout: timeoutMs, enableReadyCheck: true };
    this.#redis = new Redis(url, { ...common, maxRetriesPerRequest: 3, commandTimeout: timeoutMs });
    // BullMQ wants to wait for a connection itself; every call of it is bounded here.
    this.#workers = new Redis(url, { ...common, maxRetriesPerRequest: null });
    const note = (error: Error) => {
      this.#broken = error;
    };
    for (const each of [this.#redis, this.#workers]) each.on("error", note);
    const named = { prefix: this.#prefix, connection: this.#workers, skipVersionCheck: true };
    this.#queue = new Queue<Hand>("items", named);
    this.#worker = new Worker<Hand>("items", null, {
      ...named,
      autorun: false,
      lockDuration: leaseMs,
      stalledInterval: leaseMs,
      // What was asked by a worker that died is found out by whoever takes it next; it is no failure of the item.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    });
    this.#queue.on("error", note);
    this.#worker.on("error", note);
  }

  /** Connects. @throws {BatchRedisError} {@link BatchStoreError} for the outbox. */
  static async open(options: RedisQueueOptions): Promise<RedisQueue> {
    const queue = new RedisQueue(options);
    try {
      await queue.#call("connect to it", async () => queue.#redis.connect());
      await queue.#call("connect to it", async () => queue.#worker.waitUntilReady());
      return queue;
    } catch (error) {
      await queue.close();
      throw error;
    }
  }

  /** What Redis may lose when it crashes; undefined when nothing that it acknowledged. */
  async weakness(): Promise<string | undefined> {
    const settings = await this.#call("read its settings", async () =>
      this.#redis.config("GET", "append*").catch(() => undefined),
    );
    if (!Array.isArray(settings)) return "it does not say how it keeps what it is told";
    const value = (name: string) => String(settings[settings.indexOf(name) + 1]);
    if (value("appendonly") !== "yes") return "it keeps nothing but snapshots (appendonly no)";
    return value("appendfsync") === "always" ? undefined : "it may lose its last second (appendfsync everysec)";
  }

  async begin(plan: BatchPlan, items: readonly BatchItem[]): Promise<"begun" | "continued"> {
    const beginning = this.#key("beginning");
    const taken = await this.#call("begin the batch", async () =>
      this.#redis.set(beginning, this.#token, "PX", this.#options.leaseMs, "NX"),
    );
    if (taken === null) throw new BatchBusyError({ id: plan.id, by: "another process, which begins it" });
    try {
      const recorded = await this.plan();
      if (recorded === undefined && this.#outbox.hasJoined()) throw this.#forgotten();
      if (recorded === undefined) await this.#insert(plan, items);
      else await assertSamePlan(recorded, plan, items, async (seq) => (await this.get(seq))?.item);
      await this.#identify();
      await this.#redeliver();
      for (const seq of await this.#members(["unproved"])) await this.advance(seq, "answered");
      // Of an item that somebody works there is a job already; one that was asked and has none is found to be lost.
      await this.#hand(await this.#members([...WORKABLE, "asked"]));
      await this.#watch();
      return recorded === undefined ? "begun" : "continued";
    } finally {
      await this.#call("begin the batch", async () => this.#redis.eval(RELEASE, 1, beginning, this.#token));
    }
  }

  /** Joins a batch that another process began. */
  async join(): Promise<void> {
    await this.#identify();
    await this.#redeliver();
    await this.#watch();
  }

  async plan(): Promise<BatchPlan | undefined> {
    return this.#document("plan", planSchema);
  }

  async assign(assignment: Assignment): Promise<void> {
    await this.#call("assign a provider", async () =>
      this.#redis.set(this.#key("assignment"), JSON.stringify(assignment)),
    );
  }

  async assignment(): Promise<Assignment | undefined> {
    return this.#document("assignment", assignmentSchema);
  }

  async take(): Promise<ItemRow | undefined> {
    for (;;) {
      const job = await this.#call("take an item", async () => this.#worker.getNextJob(this.#token, { block: false }));
      // BullMQ's type promises a job, but there is none when none waits.
      if ((job as Job<Hand> | undefined) === undefined) return undefined;
      const { seq } = job.data;
      const row = await this.get(seq);
      this.#held.set(seq, job);
      if (row !== undefined && WORKABLE.includes(row.state)) return row;
      if (row?.state === "asked") {
        const message = "its worker died after it was asked and before the answer was stored";
        await this.advance(seq, "unknown", { failure: JSON.stringify({ code: "ZG_UNANSWERED", message }) });
      } else await this.#finish(seq);
    }
  }

  async putBack(seq: number, afterMs: number): Promise<void> {
    const job = this.#held.get(seq);
    if (job === undefined) return;
    this.#held.delete(seq);
    await this.#call("put an item back", async () =>
      afterMs === 0 ? job.moveToWait(this.#token) : job.moveToDelayed(Date.now() + afterMs, this.#token),
    );
    this.#waiters.wake();
  }

  async advance(seq: number, to: ItemState, changes: ItemChanges = {}): Promise<boolean> {
    const kept = KEPT_STATES.find((state) => state === to);
    if (kept !== undefined) await this.#outbox.keep(this.#batch, seq, kept, changes);
    const moved = await this.#move(seq, to, changes);
    if (to === "waiting") await this.#outbox.forget(this.#batch, [seq]);
    // Asked and not proved yet, or to be put back: the worker keeps it.
    if (!["asked", "answered", "waiting"].includes(to)) await this.#finish(seq);
    this.#waiters.wake();
    return moved;
  }

  async list(state: ItemState, limit: number): Promise<readonly number[]> {
    return this.#members([state], limit);
  }

  async get(seq: number): Promise<ItemRow | undefined> {
    const found = await this.#call("read an item", async () => this.#redis.hgetall(this.#item(seq)));
    return Object.keys(found).length === 0 ? undefined : this.#parse(seq, found);
  }

  async counts(): Promise<Counts> {
    const counts = await this.#call("count the items", async () => {
      // All at one moment: an item that is put back meanwhile would be in none of them.
      const pipeline = this.#redis.multi();
      for (const state of ITEM_STATES) pipeline.zcard(this.#state(state));
      return pipeline.exec();
    });
    const found = ITEM_STATES.map((state, i) => [state, Number(counts?.[i]?.[1] ?? 0)] as const);
    // No batch is empty. Nothing left to do would look the same.
    if (this.#batch !== "" && found.every(([, count]) => count === 0)) throw this.#forgotten();
    return { ...NO_ITEMS, ...(Object.fromEntries(found) as Counts) };
  }

  async *each(): AsyncIterable<ItemRow> {
    const items = (await this.plan())?.items ?? 0;
    for (let from = 0; from < items; from += CHUNK) {
      const to = Math.min(from + CHUNK, items);
      const rows = await this.#call("read the items", async () => {
        const pipeline = this.#redis.pipeline();
        for (let seq = from; seq < to; seq++) pipeline.hmget(this.#item(seq), ...SMALL);
        return pipeline.exec();
      });
      for (let seq = from; seq < to; seq++) {
        const values = rows?.[seq - from]?.[1] as (string | null)[];
        yield this.#parse(seq, Object.fromEntries(SMALL.map((name, i) => [name, values[i] ?? undefined])));
      }
    }
  }

  async retry(states: readonly ItemState[]): Promise<number> {
    const from = states.filter((state) => TRANSITIONS.waiting.includes(state));
    const seqs = await this.#members(from);
    const again: number[] = [];
    for (const seq of seqs) if (await this.#move(seq, "waiting", { failure: null })) again.push(seq);
    await this.#outbox.forget(this.#batch, again);
    await this.#hand(again);
    this.#waiters.wake();
    return again.length;
  }

  async quarantine(provider: Address, reason: string): Promise<void> {
    await this.#call("quarantine a provider", async () =>
      this.#redis.hsetnx(this.#key("quarantined"), provider, reason),
    );
  }

  async quarantined(): Promise<ReadonlyMap<Address, string>> {
    const found = await this.#call("read who is quarantined", async () =>
      this.#redis.hgetall(this.#key("quarantined")),
    );
    return new Map(Object.entries(found).map(([provider, reason]) => [addressSchema.parse(provider), reason]));
  }

  async minter(): Promise<MinterLease | undefined> {
    const { leaseMs, clock } = this.#options;
    const key = this.#key("minter");
    const token = randomUUID();
    const taken = await this.#call("become the minter", async () => this.#redis.set(key, token, "PX", leaseMs, "NX"));
    if (taken === null) return undefined;
    let heldUntil = clock() + leaseMs;
    const renew = async () => {
      const asked = clock();
      const renewed = await this.#redis.eval(RENEW, 1, key, token, String(leaseMs)).catch(() => undefined);
      if (renewed === 1) heldUntil = asked + leaseMs;
    };
    const timer = setInterval(() => void renew(), leaseMs / 3);
    return {
      assertHeld: () => {
        // Whoever takes over waits for the whole of the lease; what is sent here must be well before that.
        if (clock() < heldUntil - leaseMs / 4) return;
        throw new BatchBusyError({ id: this.#options.id, by: "another minter, because Redis was not reached in time" });
      },
      release: async () => {
        clearInterval(timer);
        await this.#redis.eval(RELEASE, 1, key, token).catch(() => undefined);
      },
    };
  }

  async changed(ms: number): Promise<void> {
    return this.#waiters.wait(ms);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    // What was taken and not worked is somebody else's now.
    for (const [seq] of this.#held) await this.putBack(seq, 0).catch(() => undefined);
    await this.abandon();
  }

  /** Leaves everything as a process does that is killed. */
  async abandon(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#waiters.wake();
    const closing = Promise.all([this.#worker.close(true), this.#queue.close()]).catch(() => undefined);
    await Promise.race([closing, new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())]);
    this.#redis.disconnect();
    this.#workers.disconnect();
    this.#outbox.close();
  }

  #key(name: string): string {
    return `${this.#prefix}:${name}`;
  }

  #item(seq: number): string {
    return this.#key(`item:${seq}`);
  }

  #state(state: ItemState): string {
    return this.#key(`state:${state}`);
  }

  /** Bounds what is asked of Redis, and says what did not work. @throws {BatchRedisError} */
  async #call<T>(what: string, ask: () => Promise<T>): Promise<T> {
    const { timeoutMs, url } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(this.#broken ?? new Error(`no answer in ${timeoutMs} ms`));
      }, timeoutMs);
    });
    try {
      return await Promise.race([ask(), late]);
    } catch (error) {
      // What the client says may quote the address, and that holds the password.
      const said = (error instanceof Error ? error.message : String(error)).replaceAll(url, withoutSecret(url));
      throw new BatchRedisError({ where: withoutSecret(url), what, said });
    } finally {
      clearTimeout(timer);
    }
  }

  async #document<T>(name: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const text = await this.#call(`read the ${name}`, async () => this.#redis.get(this.#key(name)));
    if (text === null) return undefined;
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    throw this.#damaged(`its ${name} is none`, parsed.error);
  }

  #parse(seq: number, found: Readonly<Record<string, string | undefined>>): ItemRow {
    const absent = Object.fromEntries(CHANGEABLE.map((name) => [name, found[name] ?? null]));
    const parsed = rowSchema.safeParse({ ...found, ...absent, seq });
    if (parsed.success) return parsed.data;
    throw this.#damaged(`item ${seq + 1} is none`, parsed.error);
  }

  #forgotten(): BatchStoreError {
    const problem = "Redis knows nothing of it any more; begun anew, all of it would be asked and paid for again";
    return new BatchStoreError({ where: this.where, problem });
  }

  #damaged(what: string, error: z.ZodError): BatchStoreError {
    const problem = `${what}: ${z.prettifyError(error).replaceAll(/\s*\n\s*/g, " ")}`;
    return new BatchStoreError({ where: this.where, problem }, error);
  }

  async #move(seq: number, to: ItemState, changes: ItemChanges): Promise<boolean> {
    const names = CHANGEABLE.filter((name) => changes[name] !== undefined);
    const keys = [this.#item(seq), ...ITEM_STATES.map((state) => this.#state(state))];
    const gone = names.filter((name) => changes[name] === null);
    const values = names.flatMap((name) => (changes[name] === null ? [] : [name, changes[name] ?? ""]));
    const args = [String(seq), to, TRANSITIONS[to].join(","), STATES_JSON, JSON.stringify(gone), ...values];
    const moved = await this.#call("move an item", async () =>
      this.#redis.eval(ADVANCE, keys.length, ...keys, ...args),
    );
    return moved === 1;
  }

  async #members(states: readonly ItemState[], limit?: number): Promise<number[]> {
    const found = await this.#call("look for items", async () => {
      const pipeline = this.#redis.pipeline();
      for (const state of states)
        pipeline.zrange(this.#state(state), "0", String(limit === undefined ? -1 : limit - 1));
      return pipeline.exec();
    });
    return (found ?? []).flatMap(([, seqs]) => (seqs as string[]).map(Number)).sort((one, other) => one - other);
  }

  /** The plan comes last: without it the batch was not begun, and the next one writes it all again. */
  async #insert(plan: BatchPlan, items: readonly BatchItem[]): Promise<void> {
    for (let from = 0; from < items.length; from += CHUNK) {
      await this.#call("write the items", async () => {
        const pipeline = this.#redis.pipeline();
        for (const item of items.slice(from, from + CHUNK)) {
          pipeline.hset(this.#item(item.seq), { id: item.id, state: "waiting", item: itemText(item) });
          pipeline.zadd(this.#state("waiting"), String(item.seq), String(item.seq));
        }
        return pipeline.exec();
      });
    }
    await this.#call("write the plan", async () => this.#redis.set(this.#key("plan"), JSON.stringify(plan)));
  }

  async #identify(): Promise<void> {
    const key = this.#key("drawn");
    await this.#call("name the batch", async () => this.#redis.set(key, randomUUID(), "NX"));
    this.#batch = String(await this.#call("read the batch's name", async () => this.#redis.get(key)));
    await this.#outbox.join(this.#batch);
  }

  /** Which of several batches of its name this is. */
  get drawn(): string {
    return this.#batch;
  }

  /** Lets workers take items. Twice the same is once. */
  async #hand(seqs: readonly number[]): Promise<void> {
    const opts = { removeOnComplete: true, removeOnFail: true };
    for (let from = 0; from < seqs.length; from += CHUNK) {
      const jobs = seqs.slice(from, from + CHUNK).map((seq) => {
        return { name: "item", data: { seq }, opts: { ...opts, jobId: `item-${seq}` } };
      });
      await this.#call("hand out items", async () => this.#queue.addBulk(jobs));
    }
  }

  async #finish(seq: number): Promise<void> {
    const job = this.#held.get(seq);
    if (job === undefined) return;
    this.#held.delete(seq);
    try {
      await this.#call("finish an item", async () => job.moveToCompleted(null, this.#token, false));
    } catch (error) {
      // Its time was over, and somebody else took it; what became of it is written down all the same.
      if (!(error instanceof BatchRedisError) || !LOCK_LOST.test(error.message)) throw error;
    }
  }

  /** Keeps what is held, notices who died, and tells Redis again what it forgot. */
  async #watch(): Promise<void> {
    if (this.#watching) return;
    this.#watching = true;
    const { leaseMs } = this.#options;
    const renew = () => {
      const ids = [...this.#held.values()].flatMap(({ id }) => (id === undefined ? [] : [id]));
      if (ids.length === 0) return;
      const tokens = ids.map(() => this.#token);
      this.#worker.extendJobLocks(ids, tokens, leaseMs).catch(() => undefined); // the next one may succeed
    };
    this.#timers.push(setInterval(renew, leaseMs / 3));
    this.#timers.push(setInterval(() => void this.#redeliver().catch(() => undefined), REDELIVER_MS));
    await this.#call("watch the workers", async () => this.#worker.startStalledCheckTimer());
  }

  /** Tells Redis what this process knows and Redis does not, and forgets what is safe. */
  async #redeliver(): Promise<void> {
    const now = this.#options.clock();
    const safe: number[] = [];
    const held = new Map<number, Map<KeptState, { readonly changes: ItemChanges; readonly at: number }>>();
    for (const { seq, state, changes, at } of this.#outbox.all(this.#batch)) {
      const states = held.get(seq) ?? new Map<KeptState, { readonly changes: ItemChanges; readonly at: number }>();
      held.set(seq, states.set(state, { changes, at }));
    }
    for (const [seq, kept] of held) {
      if (this.#held.has(seq)) continue; // under way here
      const state = (await this.get(seq))?.state;
      const [asked, answered, verified] = KEPT_STATES.map((name) => kept.get(name));
      if (answered !== undefined && (state === "waiting" || state === "asked" || state === "unknown")) {
        await this.#move(seq, "answered", { ...asked?.changes, ...answered.changes });
        if (verified === undefined) await this.#hand([seq]);
      } else if (answered === undefined && state === "waiting" && asked !== undefined && now - asked.at < SETTLED_MS) {
        // Redis forgot that it was asked. Nobody shall ask again without being told to.
        if (await this.#move(seq, "asked", asked.changes)) await this.#move(seq, "unknown", {});
      }
      if (verified !== undefined && (state === "answered" || (answered !== undefined && state !== "verified"))) {
        await this.#move(seq, "verified", verified.changes);
      }
      const last = Math.max(...[...kept.values()].map(({ at }) => at));
      if (now - last > SETTLED_MS) safe.push(seq);
    }
    await this.#outbox.forget(this.#batch, safe);
  }
}

/** What BullMQ says of a job that is somebody else's by now, or gone. */
const LOCK_LOST = /lock|not in the active state|Missing key/i;
const CLOSE_MS = 2_000;
