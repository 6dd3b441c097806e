/** Works the jobs of one account as they come, several at a time, within one budget. */

import { randomUUID } from "node:crypto";

import { MaxSpendExceededError } from "../chain/spending.ts";
import { EXIT, ZgError } from "../errors.ts";
import { spendingOf, type Job } from "./job.ts";
import type { PlannedJob } from "./plan.ts";
import type { WorkedFor, WorkerIdentity } from "./store.ts";
import { workJob, type WorkDeps } from "./work.ts";

export interface WorkerOptions extends Omit<WorkDeps, "worker"> {
  readonly worker: WorkerIdentity;
  readonly for: WorkedFor;
  /** Jobs at a time. */
  readonly parallel: number;
  /** Most that all jobs of this worker may cost together, in neuron. */
  readonly maxSpend?: bigint;
  /** Told what goes wrong; gets no prompt, no answer and no secret. */
  readonly log: (line: string) => void;
}

/** How often the store is looked at, for other processes submit into it. Milliseconds. */
const LOOK_MS = 500;
/** How often the worker says that it lives; a fraction of the lease. */
const SEEN_MS = 5_000;
/** How long to leave a job that could not be sent. */
const REST_MS = 5_000;

/** Names this process to others, as a worker. */
export function workerIdentity(host: string): WorkerIdentity {
  return { id: randomUUID(), pid: process.pid, host };
}

export class JobWorker {
  readonly #options: WorkerOptions;
  readonly #running = new Map<string, { readonly agreed: bigint; readonly ended: Promise<void> }>();
  readonly #resting = new Map<string, number>();
  #spent = 0n;
  #looking: NodeJS.Timeout | undefined;
  #living: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  start(): void {
    const { store, worker } = this.#options;
    this.#looking = setInterval(() => this.wake(), LOOK_MS);
    this.#living = setInterval(() => this.#guarded(() => store.seen(worker)), SEEN_MS);
    this.wake();
  }

  /** Looks for jobs now. */
  wake(): void {
    this.#guarded(() => {
      if (!this.#stopped) this.#look();
    });
  }

  /** Refuses a job that the budget can never cover. @throws {MaxSpendExceededError} */
  admit({ worst, service }: Pick<PlannedJob, "worst" | "service">): void {
    const { maxSpend: cap } = this.#options;
    const committed = this.#committed();
    if (cap === undefined || committed + worst <= cap) return;
    throw new MaxSpendExceededError({
      what: `ask ${service.model}`,
      cap,
      needed: committed + worst,
      spent: this.#spent,
    });
  }

  /** Takes no more jobs, and resolves when those it has have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#looking);
    await Promise.all([...this.#running.values()].map(async ({ ended }) => ended));
    clearInterval(this.#living); // until here, others must not give its jobs up
  }

  #look(): void {
    const { store, parallel, for: whom, worker, clock } = this.#options;
    store.recover();
    if (this.#running.size >= parallel) return;
    for (const { id, agreed, state } of store.workable(whom)) {
      if (this.#running.size >= parallel) return;
      if ((this.#resting.get(id) ?? 0) > clock()) continue;
      if (state === "pending" && !this.#fits(agreed)) continue; // waits for a worker that may spend as much
      const job = store.claim(id, worker);
      if (job !== undefined) this.#run(job);
    }
  }

  #run(job: Job): void {
    const { id, agreed } = job;
    const ended = this.#work(job).finally(() => {
      this.#running.delete(id);
      this.wake();
    });
    this.#running.set(id, { agreed: job.state === "answered" ? 0n : agreed, ended });
  }

  async #work(job: Job): Promise<void> {
    const { store, log, clock, worker } = this.#options;
    const before = spendingOf(job).amount;
    try {
      await workJob({ ...this.#options, worker }, job);
    } catch (error) {
      // What may pass is tried again after a rest; a bug has ended its job, and must not end the others.
      if (error instanceof ZgError && error.exit === EXIT.network) this.#resting.set(job.id, clock() + REST_MS);
      log(`job ${job.id}: ${error instanceof ZgError ? `${error.code} ${error.message}` : stackOf(error)}`);
    }
    this.#guarded(() => {
      const after = store.get(job.id);
      const { amount } = spendingOf(after);
      if (amount > before) this.#spent += amount - before;
      log(`job ${job.id}: ${after.state}`);
    });
  }

  #fits(agreed: bigint): boolean {
    const { maxSpend } = this.#options;
    return maxSpend === undefined || this.#committed() + agreed <= maxSpend;
  }

  #committed(): bigint {
    return [...this.#running.values()].reduce((sum, { agreed }) => sum + agreed, this.#spent);
  }

  /** A store that cannot be read now, e.g. because its disk is full, is looked at again. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log(`job worker: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/**
 * Works one job here and now, if nobody else has it.
 * @returns false when somebody has it, or it has ended.
 * @throws those of {@link workJob}
 */
export async function workNow(deps: WorkDeps, id: string): Promise<boolean> {
  const { store, worker } = deps;
  const job = store.claim(id, worker);
  if (job === undefined) return false;
  const timer = setInterval(() => store.seen(worker), SEEN_MS);
  try {
    await workJob(deps, job);
  } finally {
    clearInterval(timer);
  }
  return true;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
