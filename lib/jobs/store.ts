/** Jobs in a file, shared by every process that submits, works or looks at them. */

import { closeSync, mkdirSync, openSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";

import { z } from "zod";

import type { Receipt, UnprovedAnswer } from "../compute/receipt-schema.ts";
import { ZgError } from "../errors.ts";
import type { Address, Hex } from "../hex.ts";
import { JobIdTakenError, JobStoreError, JobUnknownError, type JobFailure } from "./errors.ts";
import { jobSchema, TRANSITIONS, type Job, type JobEvidence, type JobSpending, type JobState } from "./job.ts";
import { prepareSchema } from "./schema.ts";
import { openSqlite } from "../sqlite.ts";
import { taskText, type JobTask } from "./task.ts";

/** Who works jobs, as others can tell whether it lives. */
export interface WorkerIdentity {
  /** Random: one process may have several, one after the other. */
  readonly id: string;
  readonly pid: number;
  readonly host: string;
}

export interface StoreDeps {
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** Whether a process of this machine lives. */
  readonly isAlive: (pid: number) => boolean;
  /** This machine's name. */
  readonly host: string;
}

export interface NewJob {
  readonly id: string;
  readonly task: JobTask;
  readonly user: Address;
  readonly genesisHash: Hex;
  readonly provider: Address;
  readonly model: string;
  /** Most it may cost. Neuron. */
  readonly agreed: bigint;
  /** Fetch and verify the provider's hardware report, too. */
  readonly attest: boolean;
}

/** For whom a worker works: a job is paid by who submitted it, on the chain it was submitted on. */
export interface WorkedFor {
  readonly user: Address;
  readonly genesisHash: Hex;
}

export interface HistoryEntry {
  readonly at: number;
  readonly state: JobState;
  readonly message: string;
}

/** A worker that was not seen for so long is given up. */
export const WORKER_LEASE_MS = 30_000;

/** How many waiting jobs a worker looks at: however long the queue, looking stays cheap. */
const LOOKED_AT = 100;

type Changes = Readonly<Record<string, SQLInputValue>>;

export class JobStore {
  readonly file: string;
  readonly #database: DatabaseSync;
  readonly #deps: StoreDeps;

  /** Opens the store, and makes it, for its owner alone. @throws {JobStoreError} */
  constructor(file: string, deps: StoreDeps) {
    this.file = file;
    this.#deps = deps;
    try {
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      closeSync(openSync(file, "a", 0o600)); // SQLite gives its side files the mode of this one
      this.#database = openSqlite(file);
    } catch (error) {
      throw new JobStoreError({ file, problem: "it cannot be opened" }, error);
    }
    try {
      prepareSchema(this.#database, file);
    } catch (error) {
      this.#database.close();
      if (error instanceof ZgError) throw error;
      throw new JobStoreError({ file, problem: error instanceof Error ? error.message : String(error) }, error);
    }
  }

  close(): void {
    this.#database.close();
  }

  /**
   * Stores a job. The same id with the same task is the same job, so that whoever lost the answer may ask again.
   * @throws {JobIdTakenError} when the id is another job's.
   */
  submit(job: NewJob): { readonly job: Job; readonly created: boolean } {
    const { id, task, user, genesisHash, provider, model, agreed, attest } = job;
    const now = this.#deps.clock();
    const { changes } = this.#database
      .prepare(
        `INSERT INTO jobs (id, state, message, task, user, genesis_hash, provider, model, agreed, attest, submitted_at, updated_at)
         VALUES (?, 'pending', 'waits for a worker', ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
      )
      .run(id, taskText(task), user, genesisHash, provider, model, agreed.toString(), attest ? 1 : 0, now, now);
    const stored = this.get(id);
    if (Number(changes) === 1) return { job: stored, created: true };
    if (taskText(stored.task) !== taskText(task)) throw new JobIdTakenError({ id, differs: "task" });
    if (stored.user !== user) throw new JobIdTakenError({ id, differs: "account" });
    if (stored.genesis_hash !== genesisHash) throw new JobIdTakenError({ id, differs: "chain" });
    return { job: stored, created: false };
  }

  /** @throws {JobUnknownError} */
  get(id: string): Job {
    const found = this.find(id);
    if (found === undefined) throw new JobUnknownError(id);
    return found;
  }

  find(id: string): Job | undefined {
    const row = this.#database.prepare("SELECT * FROM jobs WHERE id = ?").get(id);
    return row === undefined ? undefined : this.#read(row);
  }

  /** The latest first. */
  list(limit: number): readonly Job[] {
    const rows = this.#database.prepare("SELECT * FROM jobs ORDER BY submitted_at DESC, rowid DESC LIMIT ?").all(limit);
    return rows.map((row) => this.#read(row));
  }

  history(id: string): readonly HistoryEntry[] {
    return this.#database
      .prepare("SELECT at, state, message FROM history WHERE job = ? ORDER BY rowid")
      .all(id)
      .map((row) => row as unknown as HistoryEntry);
  }

  /** Jobs that a worker may take, the oldest first: those that wait, and those whose answer only lacks its proof. */
  workable({ user, genesisHash }: WorkedFor): readonly Job[] {
    return this.#database
      .prepare(
        `SELECT * FROM jobs WHERE (state = 'pending' OR (state = 'answered' AND worker IS NULL))
           AND user = ? AND genesis_hash = ? ORDER BY submitted_at, rowid LIMIT ?`,
      )
      .all(user, genesisHash, LOOKED_AT)
      .map((row) => this.#read(row));
  }

  /** Takes a job, if nobody else did. */
  claim(id: string, worker: WorkerIdentity): Job | undefined {
    const own = this.#identity(worker);
    if (this.#move(id, "preparing", { ...own, message: "a worker has it" })) return this.get(id);
    const taken = this.#update(id, own, "state = 'answered' AND worker IS NULL");
    return taken ? this.get(id) : undefined;
  }

  /** Takes a job that failed with its answer stored and unproved, to prove it. */
  claimUnproved(id: string, worker: WorkerIdentity): Job | undefined {
    const changes = {
      ...this.#identity(worker),
      failure: null,
      completed_at: null,
      message: "its proof is tried again",
    };
    const moved = this.#move(id, "answered", changes, "state = 'failed' AND answer IS NOT NULL AND receipt IS NULL");
    return moved ? this.get(id) : undefined;
  }

  /** Says that a worker lives. */
  seen(worker: WorkerIdentity): void {
    this.#database.prepare("UPDATE jobs SET worker_seen_at = ? WHERE worker = ?").run(this.#deps.clock(), worker.id);
  }

  /** Puts a job back of which nothing was sent. */
  putBack(id: string, worker: WorkerIdentity, message: string): boolean {
    return this.#move(id, "pending", { ...NOBODY, message }, "state = 'preparing' AND worker = ?", worker.id);
  }

  /** Puts a job back whose request the provider turned down for now: it served nothing and charges nothing. */
  turnedDown(id: string, worker: WorkerIdentity, message: string): boolean {
    const changes = { ...NOBODY, message, spent: null, spent_assumed: 0 };
    return this.#move(id, "pending", changes, "state = 'asked' AND worker = ?", worker.id);
  }

  /**
   * Writes down that a request is about to be sent. On the disk when it returns.
   * @returns false when the job was cancelled or given to somebody else; then nothing may be sent.
   */
  asked(id: string, worker: WorkerIdentity, worst: bigint): boolean {
    const changes = { message: "asked; no answer yet", spent: worst.toString(), spent_assumed: 1 };
    return this.#move(id, "asked", changes, "worker = ?", worker.id);
  }

  /** Keeps a paid answer, before anything is done with it. */
  answered(id: string, worker: WorkerIdentity, answer: UnprovedAnswer): boolean {
    const changes = {
      message: "answered; its proof is fetched",
      answer: JSON.stringify(answer),
      spent: answer.fee.fee,
      spent_assumed: 0,
      completed_at: null,
    };
    // A worker that was given up may still have the answer: better late than lost.
    return this.#move(id, "answered", changes, "worker = ?", worker.id);
  }

  complete(id: string, worker: WorkerIdentity, receipt: Receipt, evidence: JobEvidence): boolean {
    const changes = { message: "proved", receipt: JSON.stringify(receipt), evidence: JSON.stringify(evidence) };
    return this.#end(id, "completed", worker, changes);
  }

  /**
   * @param spending what it cost all the same; absent: as it was written down.
   * @param proof what was found, when a check failed.
   */
  fail(
    id: string,
    worker: WorkerIdentity,
    failure: JobFailure,
    found: { readonly spending?: JobSpending; readonly receipt?: Receipt } = {},
  ): boolean {
    const { spending, receipt } = found;
    return this.#end(id, "failed", worker, {
      message: failure.message,
      failure: JSON.stringify(failure),
      ...(spending === undefined ? {} : { spent: spending.amount.toString(), spent_assumed: spending.assumed ? 1 : 0 }),
      ...(receipt === undefined ? {} : { receipt: JSON.stringify(receipt) }),
    });
  }

  /** Gives a job up whose request may have been served. Keeps its worker: it may still have the answer. */
  unknown(id: string, worker: WorkerIdentity, message: string): boolean {
    const ended = { message, completed_at: this.#deps.clock() };
    return this.#move(id, "outcome_unknown", ended, "worker = ?", worker.id);
  }

  /** Cancels a job of which nothing was sent. */
  cancel(id: string): { readonly cancelled: boolean; readonly job: Job } {
    this.get(id);
    const changes = { ...NOBODY, message: "cancelled", completed_at: this.#deps.clock() };
    const cancelled = this.#move(id, "cancelled", changes);
    return { cancelled, job: this.get(id) };
  }

  /**
   * Finds workers that died, and says what that makes of their jobs: nothing was sent of one that was prepared, so it
   * waits again; of one that was asked nobody knows; one that was answered lacks only its proof.
   */
  recover(): void {
    const rows = this.#database
      .prepare(
        `SELECT id, state, worker, worker_host, worker_pid, worker_seen_at FROM jobs
           WHERE state IN ('preparing', 'asked', 'answered') AND worker IS NOT NULL`,
      )
      .all();
    for (const row of rows) {
      const { id, state, worker } = row as { id: string; state: JobState; worker: string };
      if (!this.#isDead(row)) continue;
      const own = "worker = ?";
      if (state === "preparing") {
        this.#move(id, "pending", { ...NOBODY, message: "its worker died before anything was sent" }, own, worker);
      } else if (state === "asked") {
        const message = "its worker died after the request was sent and before the answer was stored";
        this.#move(id, "outcome_unknown", { message, completed_at: this.#deps.clock() }, own, worker);
      } else {
        this.#update(id, NOBODY, `state = 'answered' AND ${own}`, worker);
      }
    }
  }

  #isDead(row: Readonly<Record<string, unknown>>): boolean {
    const { clock, host, isAlive } = this.#deps;
    if (clock() - Number(row["worker_seen_at"]) > WORKER_LEASE_MS) return true;
    return row["worker_host"] === host && !isAlive(Number(row["worker_pid"]));
  }

  #identity({ id, pid, host }: WorkerIdentity): Changes {
    return { worker: id, worker_host: host, worker_pid: pid, worker_seen_at: this.#deps.clock() };
  }

  #end(id: string, state: JobState, worker: WorkerIdentity, changes: Changes): boolean {
    return this.#move(id, state, { ...NOBODY, ...changes, completed_at: this.#deps.clock() }, "worker = ?", worker.id);
  }

  /** Moves a job to a state, from one it may come from, under one more condition. */
  #move(id: string, state: JobState, changes: Changes, condition = "TRUE", ...values: SQLInputValue[]): boolean {
    const from = TRANSITIONS[state].map((name) => `'${name}'`).join(", ");
    const moved = { state, ...changes, updated_at: this.#deps.clock() };
    return this.#update(id, moved, `state IN (${from}) AND ${condition}`, ...values);
  }

  #update(id: string, changes: Changes, condition: string, ...values: SQLInputValue[]): boolean {
    const columns = Object.keys(changes).map((name) => `${name} = ?`);
    const { changes: count } = this.#database
      .prepare(`UPDATE jobs SET ${columns.join(", ")} WHERE id = ? AND ${condition}`)
      .run(...Object.values(changes), id, ...values);
    return Number(count) === 1;
  }

  #read(row: object): Job {
    const parsed = jobSchema.safeParse(row);
    if (parsed.success) return parsed.data;
    const problem = `a row is not a job: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`;
    throw new JobStoreError({ file: this.file, problem }, parsed.error);
  }
}

/** Nobody works it. */
const NOBODY: Changes = { worker: null, worker_host: null, worker_pid: null, worker_seen_at: null };

/** Whether a job has a paid answer that only lacks its proof. */
export function isUnproved({ state, answer, receipt }: Pick<Job, "state" | "answer" | "receipt">): boolean {
  return state === "failed" && answer !== null && receipt === null;
}
