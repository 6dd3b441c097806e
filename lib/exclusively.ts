/** Work that one at a time may do, in this process and all others. */

import { rmSync } from "node:fs";

import { EXIT, ZgError } from "./errors.ts";
import { pause } from "./pause.ts";
import { takeProcessLock } from "./process-lock.ts";

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
  let waitedMs = 0;
  for (let holder = takeProcessLock(lock); holder !== undefined; holder = takeProcessLock(lock)) {
    if (waitedMs >= patienceMs) throw new LockHeldError({ what, pid: holder, waitedMs });
    await pause(pollMs, signal, what);
    waitedMs += pollMs;
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}
