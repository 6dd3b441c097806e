import { AbortedError } from "./errors.ts";

/**
 * Waits, and leaves no timer behind.
 * @param what being waited for, for the error: `Waiting to deposit 1 0G`.
 * @throws {AbortedError} as soon as the signal fires.
 */
export async function pause(ms: number, signal: AbortSignal | undefined, what: string): Promise<void> {
  if (signal?.aborted === true) throw new AbortedError(what);
  await new Promise<void>((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(new AbortedError(what));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/**
 * Awaits what cannot be stopped, for as long as its caller wants it.
 * @throws {AbortedError} as soon as the signal fires; what was awaited goes on.
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  if (signal === undefined) return work;
  if (signal.aborted) throw new AbortedError(what);
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => {
      reject(new AbortedError(what));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", onAbort);
    });
  });
}
