/** Work that one at a time may do, in this process and all others. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";

import { withRoom } from "./disk-full.ts";
import { EXIT, ZgError } from "./errors.ts";
import { pause } from "./pause.ts";
import { isAlive, takeProcessLock } from "./process-lock.ts";

/** Another process holds what one at a time may, and did not give it back in time. */
export class LockHeldError extends ZgError {
  constructor(values: { what: string; pid: number; waitedMs: number }) {
    const { what, pid, waitedMs } = values;
    super({
      code: "ZG_LOCK_HELD",
      exit: EXIT.precondition,
      message: `Process ${pid} was still busy after ${waitedMs} ms, and one at a time may do this: ${what}`,
      remedy: "Wait until it has ended, or end it; then try again.",
      details: values,
    });
  }
}

const POLL_MS = 100;
const PATIENCE_MS = 180_000;

interface Waiting {
  readonly signal?: AbortSignal;
  /** How long to wait for another process. Milliseconds. */
  readonly patienceMs?: number;
  /** How often to look; less than the default where the work is short. Milliseconds. */
  readonly pollMs?: number;
}

/** Runs work that one at a time may do; waits for its turn. */
export type Exclusively = <T>(what: string, work: () => Promise<T>) => Promise<T>;

/** Who in this process comes after whom: the file tells processes apart, not their parts. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Makes work exclusive among all, in this process and others, who name the same file.
 * @throws {LockHeldError} when another process does not finish. {@link AbortedError}
 */
export function exclusively(lock: string, options: Waiting = {}): Exclusively {
  return async (what, work) => {
    const before = queues.get(lock) ?? Promise.resolve();
    const turn = before.then(async () => holding(lock, what, work, options));
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    queues.set(lock, settled);
    try {
      return await turn;
    } finally {
      if (queues.get(lock) === settled) queues.delete(lock);
    }
  };
}

async function holding<T>(
  lock: string,
  what: string,
  work: () => Promise<T>,
  { signal, patienceMs = PATIENCE_MS, pollMs = POLL_MS }: Waiting,
): Promise<T> {
  // Work after work here would leave no moment to a process that looks for its turn now and then.
  if (waiterFor(lock) !== undefined) await pause(2 * pollMs, signal, what);
  let waitedMs = 0;
  for (let holder = takeProcessLock(lock); holder !== undefined; holder = takeProcessLock(lock)) {
    if (waitedMs >= patienceMs) throw new LockHeldError({ what, pid: holder, waitedMs });
    withRoom(lock, () => {
      writeFileSync(wishFor(lock), `${process.pid}`, { mode: 0o600 });
    });
    await pause(pollMs, signal, what);
    waitedMs += pollMs;
  }
  if (waitedMs > 0) rmSync(wishFor(lock), { force: true }); // who else waits says so again
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Where a process that waits for a lock says so. */
function wishFor(lock: string): string {
  return `${lock}.wanted`;
}

/** Another process that waits for the lock, and lives. */
function waiterFor(lock: string): number | undefined {
  let waiter: number;
  try {
    waiter = Number(readFileSync(wishFor(lock), "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return waiter > 0 && waiter !== process.pid && isAlive(waiter) ? waiter : undefined;
}
