/** A place to call the official SDK from: it prints whatever it sends, and leaves timers behind that hold a process. */

/** The SDK races every transaction against a timer of five minutes and never clears it. Milliseconds. */
const LONG_MS = 60_000;

/**
 * Runs `work` with the console's mouth shut, and so that long timers started meanwhile do not keep the process alive:
 * without that, a run of the tests ends minutes after its last test.
 */
export async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { log, warn } = console;
  const { setTimeout } = globalThis;
  console.log = console.warn = () => undefined;
  globalThis.setTimeout = ((callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
    const timer = setTimeout(callback, ms, ...args);
    return ms !== undefined && ms >= LONG_MS ? timer.unref() : timer;
  }) as typeof globalThis.setTimeout;
  try {
    return await work();
  } finally {
    Object.assign(console, { log, warn });
    globalThis.setTimeout = setTimeout;
  }
}
