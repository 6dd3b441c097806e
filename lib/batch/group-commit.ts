/** Gathers writes that must be on the disk, and makes one commit of many. */

import type { DatabaseSync } from "node:sqlite";

/** A commit takes its time once, whatever is in it. So little of the time is spent committing, at most. */
const SHARE = 1 / 64;
/** How long a write waits for others at most, on a disk that is slow. Milliseconds. */
const LONGEST_WAIT_MS = 250;

/** How many commits tell what one takes. */
const LATELY = 8;

interface Write {
  readonly run: () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Milliseconds spent in commits, and how many there were. */
export interface CommitFigures {
  readonly ms: number;
  readonly commits: number;
  readonly writes: number;
}

/**
 * Writes to one database. Whoever awaits a write goes on when it is on the disk. All of a commit is written, or
 * nothing: none of these writes throws for a reason of its own.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  #waiting: Write[] = [];
  #scheduled: NodeJS.Immediate | NodeJS.Timeout | undefined;
  #notBefore = 0;
  #lately: readonly number[] = [];
  #ms = 0;
  #commits = 0;
  #writes = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get figures(): CommitFigures {
    return { ms: this.#ms, commits: this.#commits, writes: this.#writes };
  }

  /** Runs `change` in the next commit. */
  async write<T>(change: () => T): Promise<T> {
    let value: T | undefined;
    await new Promise<void>((resolve, reject) => {
      const run = () => {
        value = change();
      };
      this.#waiting.push({ run, resolve, reject });
      this.#schedule();
    });
    return value as T;
  }

  /** Commits what waits, now. */
  flush(): void {
    if (this.#scheduled !== undefined) {
      clearTimeout(this.#scheduled as NodeJS.Timeout);
      clearImmediate(this.#scheduled as NodeJS.Immediate);
      this.#scheduled = undefined;
    }
    const writes = this.#waiting;
    if (writes.length === 0) return;
    this.#waiting = [];
    const started = performance.now();
    const settle = this.#commit(writes);
    const took = performance.now() - started;
    this.#ms += took;
    this.#commits += 1;
    this.#writes += writes.length;
    // The quickest of the last ones: what took longer was held up by something else.
    this.#lately = [...this.#lately, took].slice(-LATELY);
    this.#notBefore = performance.now() + Math.min(Math.min(...this.#lately) / SHARE, LONGEST_WAIT_MS);
    for (const done of settle) done();
  }

  #schedule(): void {
    if (this.#scheduled !== undefined) return;
    const wait = this.#notBefore - performance.now();
    const run = () => {
      this.#scheduled = undefined;
      this.flush();
    };
    this.#scheduled = wait > 0 ? setTimeout(run, wait) : setImmediate(run);
  }

  #commit(writes: readonly Write[]): (() => void)[] {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const { run } of writes) run();
      this.#database.exec("COMMIT");
      return writes.map(({ resolve }) => resolve);
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      return writes.map(({ reject }) => () => {
        reject(error);
      });
    }
  }
}
