/** A batch in one file, worked by one process. */

import { closeSync, existsSync, mkdirSync, openSync, rmSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";

import { z } from "zod";

import { ZgError } from "../errors.ts";
import type { Address } from "../hex.ts";
import { addressSchema } from "../hex-schema.ts";
import { takeProcessLock } from "../process-lock.ts";
import { openSqlite } from "../sqlite.ts";
import { BatchBusyError, BatchStoreError } from "./errors.ts";
import { GroupCommit, type CommitFigures } from "./group-commit.ts";
import { itemText, type BatchItem } from "./items.ts";
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

/** Written into the file, so that nothing else is taken for one: `0GBT`. */
const APPLICATION_ID = 0x30474254;
const VERSION = 1;

/** What stays small: SQLite writes a whole row again when one of its columns changes. */
const COLUMNS = {
  provider: "provider",
  worst: "worst",
  receiptFile: "receipt_file",
  fee: "fee",
  tokenId: "token_id",
  transactionHash: "transaction_hash",
  failure: "failure",
} as const satisfies Partial<Record<keyof ItemChanges, string>>;

/** What may be large, each in a table of its own. */
const TABLES = {
  answer: "answers",
  content: "contents",
  receipt: "receipts",
  sealed: "seals",
} as const satisfies Record<Exclude<keyof ItemChanges, keyof typeof COLUMNS>, string>;

function isColumn(name: keyof ItemChanges): name is keyof typeof COLUMNS {
  return Object.hasOwn(COLUMNS, name);
}

const SCHEMA = `
  CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE quarantined (provider TEXT PRIMARY KEY, reason TEXT NOT NULL) STRICT;
  CREATE TABLE items (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN (${ITEM_STATES.map((state) => `'${state}'`).join(", ")})),
    ${Object.values(COLUMNS)
      .map((column) => `${column} TEXT`)
      .join(",\n    ")}
  ) STRICT;
  CREATE INDEX items_by_state ON items (state, seq);
  ${["questions", ...Object.values(TABLES)]
    .map((table) => `CREATE TABLE ${table} (seq INTEGER PRIMARY KEY, value TEXT NOT NULL) STRICT;`)
    .join("\n  ")}
`;

const fromTable = (table: string, name: string) => `(SELECT value FROM ${table} WHERE seq = items.seq) AS ${name}`;
const SMALL = [
  ...["seq", "id", "state", fromTable("questions", "item")],
  ...Object.entries(COLUMNS).map(([name, column]) => `${column} AS ${name}`),
  fromTable(TABLES.content, "content"),
];
const LARGE = ["answer", "receipt", "sealed"] as const;
/** What a receipt holds by now is taken away at the end, all at once. */
const ANSWERED = "state IN ('answered', 'unproved')";
const WHOLE = [
  ...SMALL,
  `CASE WHEN ${ANSWERED} THEN (SELECT value FROM answers WHERE seq = items.seq) END AS answer`,
  fromTable(TABLES.receipt, "receipt"),
  fromTable(TABLES.sealed, "sealed"),
].join(", ");
const BRIEF = [...SMALL, ...LARGE.map((name) => `NULL AS ${name}`)].join(", ");

export class SqliteQueue implements BatchQueue {
  readonly where: string;
  readonly isShared = false;
  readonly #database: DatabaseSync;
  readonly #commits: GroupCommit;
  readonly #waiters = new Waiters();
  readonly #statements = new Map<string, StatementSync>();
  /** What may be taken, the first last. */
  #takeable: number[] = [];
  #made = false;
  #held = false;
  #minting = false;
  #closed = false;

  /**
   * Opens the file of a batch, and makes it, for its owner alone.
   * @param file absent: in memory, where nothing is kept.
   * @throws {BatchStoreError}
   */
  constructor(file?: string) {
    this.where = file ?? ":memory:";
    try {
      if (file !== undefined) {
        this.#made = !existsSync(file);
        mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
        closeSync(openSync(file, "a", 0o600)); // SQLite gives its side files the mode of this one
      }
      this.#database = openSqlite(this.where);
    } catch (error) {
      throw new BatchStoreError({ where: this.where, problem: "it cannot be opened" }, error);
    }
    try {
      prepare(this.#database, this.where);
    } catch (error) {
      this.#database.close();
      if (error instanceof ZgError) throw error;
      const problem = error instanceof Error ? error.message : String(error);
      throw new BatchStoreError({ where: this.where, problem }, error);
    }
    this.#commits = new GroupCommit(this.#database);
  }

  /** What keeping the batch took so far. */
  get figures(): CommitFigures {
    return this.#commits.figures;
  }

  async begin(plan: BatchPlan, items: readonly BatchItem[]): Promise<"begun" | "continued"> {
    this.#hold(plan.id);
    const recorded = await this.plan();
    if (recorded === undefined) this.#insert(plan, items);
    else await assertSamePlan(recorded, plan, items, async (seq) => Promise.resolve(this.#itemAt(seq)));
    // Whoever asked is not there any more: this process holds the batch.
    const message = JSON.stringify({ code: "ZG_UNANSWERED", message: "asked, and no answer was stored" });
    this.#database.prepare("UPDATE items SET state = 'unknown', failure = ? WHERE state = 'asked'").run(message);
    this.#database.exec("UPDATE items SET state = 'answered' WHERE state = 'unproved'");
    this.#fillTakeable();
    return recorded === undefined ? "begun" : "continued";
  }

  async plan(): Promise<BatchPlan | undefined> {
    return Promise.resolve(this.#fact("plan", planSchema));
  }

  async assign(assignment: Assignment): Promise<void> {
    await this.#commits.write(() => this.#setFact("assignment", assignment));
  }

  async assignment(): Promise<Assignment | undefined> {
    return Promise.resolve(this.#fact("assignment", assignmentSchema));
  }

  async take(): Promise<ItemRow | undefined> {
    for (;;) {
      const seq = this.#takeable.pop();
      if (seq === undefined) return undefined;
      const row = this.#row(seq);
      if (row !== undefined && WORKABLE.includes(row.state)) return Promise.resolve(row);
    }
  }

  async putBack(seq: number, afterMs: number): Promise<void> {
    const back = () => {
      if (this.#closed) return;
      this.#takeable.push(seq);
      this.#waiters.wake();
    };
    if (afterMs === 0) back();
    else setTimeout(back, afterMs).unref();
    return Promise.resolve();
  }

  async advance(seq: number, to: ItemState, changes: ItemChanges = {}): Promise<boolean> {
    const names = CHANGEABLE.filter((name) => changes[name] !== undefined);
    const columns = names.filter(isColumn);
    const from = TRANSITIONS[to].map((state) => `'${state}'`).join(", ");
    const sets = [`state = '${to}'`, ...columns.map((name) => `${COLUMNS[name]} = ?`)].join(", ");
    const update = this.#prepare(`UPDATE items SET ${sets} WHERE seq = ? AND state IN (${from})`);
    const values = columns.map((name) => changes[name] ?? null);
    const moved = await this.#commits.write(() => {
      if (Number(update.run(...values, seq).changes) === 0) return false;
      for (const name of names) if (!isColumn(name)) this.#put(TABLES[name], seq, changes[name] ?? null);
      return true;
    });
    this.#waiters.wake();
    return moved;
  }

  async list(state: ItemState, limit: number): Promise<readonly number[]> {
    const rows = this.#prepare("SELECT seq FROM items WHERE state = ? ORDER BY seq LIMIT ?").all(state, limit);
    return Promise.resolve(rows.map(({ seq }) => Number(seq)));
  }

  async get(seq: number): Promise<ItemRow | undefined> {
    return Promise.resolve(this.#row(seq));
  }

  async counts(): Promise<Counts> {
    const rows = this.#database.prepare("SELECT state, count(*) AS count FROM items GROUP BY state").all();
    const found = rows.map(({ state, count }) => [String(state), Number(count)]);
    return Promise.resolve({ ...NO_ITEMS, ...(Object.fromEntries(found) as Partial<Counts>) });
  }

  async *each(): AsyncIterable<ItemRow> {
    for (const row of this.#database.prepare(`SELECT ${BRIEF} FROM items ORDER BY seq`).iterate()) {
      yield Promise.resolve(this.#parse(row));
    }
  }

  async retry(states: readonly ItemState[]): Promise<number> {
    const from = states.filter((state) => TRANSITIONS.waiting.includes(state));
    const marks = from.map(() => "?").join(", ");
    const again = this.#database
      .prepare(`UPDATE items SET state = 'waiting', failure = NULL WHERE state IN (${marks}) RETURNING seq`)
      .all(...from)
      .map(({ seq }) => Number(seq));
    this.#takeable = [...this.#takeable, ...again].sort((one, other) => other - one);
    this.#waiters.wake();
    return Promise.resolve(again.length);
  }

  async quarantine(provider: Address, reason: string): Promise<void> {
    const insert = this.#database.prepare("INSERT INTO quarantined VALUES (?, ?) ON CONFLICT DO NOTHING");
    await this.#commits.write(() => insert.run(provider, reason));
  }

  async quarantined(): Promise<ReadonlyMap<Address, string>> {
    const rows = this.#database.prepare("SELECT provider, reason FROM quarantined").all();
    return Promise.resolve(new Map(rows.map((row) => [addressSchema.parse(row["provider"]), String(row["reason"])])));
  }

  async minter(): Promise<MinterLease | undefined> {
    if (this.#minting) return Promise.resolve(undefined);
    this.#minting = true;
    return Promise.resolve({
      assertHeld: () => undefined,
      release: async () => {
        this.#minting = false;
        return Promise.resolve();
      },
    });
  }

  async changed(ms: number): Promise<void> {
    return this.#waiters.wait(ms);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#commits.flush();
    this.#waiters.wake();
    if (this.#held) {
      this.#database.exec(`DELETE FROM answers WHERE seq NOT IN (SELECT seq FROM items WHERE ${ANSWERED})`);
    }
    // A file in which nothing was begun binds nobody; whoever begins in it now holds it.
    const isLeft = this.#made && this.#fact("plan", planSchema) === undefined && !existsSync(this.#lock);
    this.#database.close();
    if (isLeft) for (const side of ["", "-wal", "-shm"]) rmSync(`${this.where}${side}`, { force: true });
    if (this.#held) rmSync(this.#lock, { force: true });
    return Promise.resolve();
  }

  get #lock(): string {
    return `${this.where}.lock`;
  }

  /** Takes the batch for this process. */
  #hold(id: string): void {
    if (this.#held || this.where === ":memory:") return;
    const pid = takeProcessLock(this.#lock);
    if (pid !== undefined) throw new BatchBusyError({ id, by: `process ${pid}` });
    this.#held = true;
  }

  #insert(plan: BatchPlan, items: readonly BatchItem[]): void {
    const insert = this.#database.prepare("INSERT INTO items (seq, id, state) VALUES (?, ?, 'waiting')");
    const ask = this.#database.prepare("INSERT INTO questions VALUES (?, ?)");
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const item of items) {
        insert.run(item.seq, item.id);
        ask.run(item.seq, itemText(item));
      }
      this.#setFact("plan", plan);
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #fillTakeable(): void {
    const marks = WORKABLE.map(() => "?").join(", ");
    const rows = this.#database
      .prepare(`SELECT seq FROM items WHERE state IN (${marks}) ORDER BY seq DESC`)
      .all(...WORKABLE);
    this.#takeable = rows.map(({ seq }) => Number(seq));
    this.#waiters.wake();
  }

  #itemAt(seq: number): string | undefined {
    return this.#row(seq)?.item;
  }

  #put(table: string, seq: number, value: string | null): void {
    if (value === null) {
      if (table !== TABLES.answer) this.#prepare(`DELETE FROM ${table} WHERE seq = ?`).run(seq);
    } else {
      this.#prepare(`INSERT INTO ${table} VALUES (?, ?) ON CONFLICT (seq) DO UPDATE SET value = excluded.value`).run(
        seq,
        value,
      );
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #row(seq: number): ItemRow | undefined {
    const row = this.#prepare(`SELECT ${WHOLE} FROM items WHERE seq = ?`).get(seq);
    return row === undefined ? undefined : this.#parse(row);
  }

  #parse(row: object): ItemRow {
    const parsed = rowSchema.safeParse(row);
    if (parsed.success) return parsed.data;
    const problem = `a row is no item: ${z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, " ")}`;
    throw new BatchStoreError({ where: this.where, problem }, parsed.error);
  }

  #fact<T>(name: string, schema: z.ZodType<T>): T | undefined {
    const row = this.#database.prepare("SELECT value FROM facts WHERE name = ?").get(name);
    if (row === undefined) return undefined;
    const parsed = schema.safeParse(JSON.parse(String(row["value"])));
    if (parsed.success) return parsed.data;
    const problem = `its ${name} is none: ${z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, " ")}`;
    throw new BatchStoreError({ where: this.where, problem }, parsed.error);
  }

  #setFact(name: string, value: object): void {
    this.#database
      .prepare("INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
      .run(name, JSON.stringify(value));
  }
}

/** Brings a file to this version. @throws {BatchStoreError} for a newer one, or another's. */
function prepare(database: DatabaseSync, where: string): void {
  database.exec("PRAGMA journal_mode = WAL");
  // What is about to be paid for must be on the disk first, whatever happens to the machine.
  database.exec("PRAGMA synchronous = FULL");
  // 32 MiB: carrying the log over into the file takes syncs of its own, and nobody waits for it.
  database.exec("PRAGMA wal_autocheckpoint = 8192");
  database.exec("BEGIN IMMEDIATE");
  try {
    const version = pragma(database, "user_version");
    if (version > 0 && pragma(database, "application_id") !== APPLICATION_ID) {
      throw new BatchStoreError({ where, problem: "it is another program's" });
    }
    if (version > VERSION) {
      const problem = `it has version ${version}, and this project knows ${VERSION}`;
      throw new BatchStoreError({ where, problem });
    }
    if (version === 0) database.exec(SCHEMA);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec(`PRAGMA user_version = ${VERSION}`);
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}

function pragma(database: DatabaseSync, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return Number(Object.values(row ?? {})[0] ?? 0);
}
