/** What a worker asked and was answered, on its own disk before it goes to Redis, which may lose its last second. */

import { closeSync, mkdirSync, openSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";

import { z } from "zod";

import { openSqlite } from "../sqlite.ts";
import { BatchStoreError } from "./errors.ts";
import { GroupCommit } from "./group-commit.ts";
import { CHANGEABLE, type ItemChanges } from "./queue.ts";

/** What is kept of an item: the furthest it came here. */
export const KEPT_STATES = ["asked", "answered", "verified"] as const;
export type KeptState = (typeof KEPT_STATES)[number];

export interface Kept {
  readonly seq: number;
  readonly state: KeptState;
  readonly changes: ItemChanges;
  /** Unix milliseconds. */
  readonly at: number;
}

const changesSchema: z.ZodType<ItemChanges> = z.partialRecord(z.enum(CHANGEABLE), z.string().nullable());

export class Outbox {
  readonly #database: DatabaseSync;
  readonly #commits: GroupCommit;
  readonly #clock: () => number;

  /**
   * @param file made for its owner alone; absent: in memory, for a process that keeps nothing.
   * @throws {BatchStoreError}
   */
  constructor(file: string | undefined, clock: () => number) {
    try {
      if (file !== undefined) {
        mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
        closeSync(openSync(file, "a", 0o600)); // SQLite gives its side files the mode of this one
      }
      this.#database = openSqlite(file ?? ":memory:");
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
      this.#database.exec(
        "CREATE TABLE IF NOT EXISTS kept (batch TEXT, seq INTEGER, state TEXT, changes TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (batch, seq, state)) STRICT",
      );
      this.#database.exec("CREATE TABLE IF NOT EXISTS joined (batch TEXT PRIMARY KEY) STRICT");
    } catch (error) {
      throw new BatchStoreError({ where: file ?? "memory", problem: "it cannot be opened" }, error);
    }
    this.#commits = new GroupCommit(this.#database);
    this.#clock = clock;
  }

  /** Remembers a batch that this machine has a part in. On the disk when it returns. */
  async join(batch: string): Promise<void> {
    const insert = this.#database.prepare("INSERT INTO joined VALUES (?) ON CONFLICT DO NOTHING");
    await this.#commits.write(() => insert.run(batch));
  }

  /** Whether this machine had a part in any batch of this name. */
  hasJoined(): boolean {
    return this.#database.prepare("SELECT 1 FROM joined").get() !== undefined;
  }

  /** On the disk when it returns. */
  async keep(batch: string, seq: number, state: KeptState, changes: ItemChanges): Promise<void> {
    const insert = this.#database.prepare(
      "INSERT INTO kept VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET changes = excluded.changes, at = excluded.at",
    );
    await this.#commits.write(() => insert.run(batch, seq, state, JSON.stringify(changes), this.#clock()));
  }

  /** Everything that is kept of the items of a batch. Batches of one name are told apart by what they were begun as. */
  all(batch: string): readonly Kept[] {
    return this.#database
      .prepare("SELECT seq, state, changes, at FROM kept WHERE batch = ? ORDER BY seq, state")
      .all(batch)
      .map(({ seq, state, changes, at }) => ({
        seq: Number(seq),
        state: z.enum(KEPT_STATES).parse(state),
        changes: changesSchema.parse(JSON.parse(String(changes))),
        at: Number(at),
      }));
  }

  async forget(batch: string, seqs: readonly number[]): Promise<void> {
    const remove = this.#database.prepare("DELETE FROM kept WHERE batch = ? AND seq = ?");
    await Promise.all(seqs.map(async (seq) => this.#commits.write(() => remove.run(batch, seq))));
  }

  close(): void {
    this.#commits.flush();
    this.#database.close();
  }
}
