import { AbortedError } from "../errors.ts";
import { pause } from "../pause.ts";
import type { StorageContext, StorageLimits } from "./client.ts";

const DEFAULTS: StorageLimits = {
  requestTimeoutMs: 30_000,
  retries: 3,
  retryDelayMs: 250,
  logWaitMs: 120_000,
  finalWaitMs: 600_000,
  pollMs: 2_000,
  concurrency: 4,
  segmentsPerRequest: 2,
};

/** What requests and waits take of a context. */
export type Reach = Pick<StorageContext, "fetch" | "clock" | "sleep" | "signal" | "limits" | "log"> &
  Partial<Pick<StorageContext, "network">>;

export function limitsOf({ limits }: Pick<Reach, "limits">): StorageLimits {
  return { ...DEFAULTS, ...limits };
}

export function nowOf({ clock = Date.now }: Pick<Reach, "clock">): number {
  return clock();
}

/** @throws {AbortedError} */
export async function wait(
  { sleep, signal }: Pick<Reach, "sleep" | "signal">,
  ms: number,
  what: string,
): Promise<void> {
  if (sleep === undefined) return pause(ms, signal, what);
  assertGoing({ signal }, what);
  await sleep(ms);
  assertGoing({ signal }, what);
}

/** @throws {AbortedError} */
export function assertGoing({ signal }: Pick<Reach, "signal">, what: string): void {
  if (signal?.aborted === true) throw new AbortedError(what);
}

const FIRST_POLL_MS = 20;

/**
 * Looks again and again, ever less often, until there is an answer or the time is over: then undefined.
 * @throws {AbortedError}
 */
export async function poll<T>(
  reach: Reach,
  { what, patienceMs }: { readonly what: string; readonly patienceMs: number },
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const started = nowOf(reach);
  const { pollMs } = limitsOf(reach);
  for (let delay = Math.min(FIRST_POLL_MS, pollMs); ; delay = Math.min(delay * 2, pollMs)) {
    const found = await look();
    if (found !== undefined) return found;
    if (nowOf(reach) - started >= patienceMs) return undefined;
    await wait(reach, delay, what);
  }
}
