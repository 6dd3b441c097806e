/** Memory and open handles of this process over many rounds, and whether they stay flat. Measured, never timed. */

import { median } from "../bench/measure.ts";

export interface Reading {
  /** Bytes in use on the heap after two collections, and resident. */
  readonly heap: number;
  readonly rss: number;
  /** Whatever keeps the event loop busy, and sockets among it. */
  readonly handles: number;
  readonly sockets: number;
}

/** What the last quarter of the rounds may have more than the second one; the first warms up. */
export const MOST_GROWTH: Reading = { heap: 8 * 2 ** 20, rss: 48 * 2 ** 20, handles: 2, sockets: 2 };

export function read(): Reading {
  global.gc?.();
  global.gc?.();
  const { heapUsed: heap, rss } = process.memoryUsage();
  const active = process.getActiveResourcesInfo();
  return { heap, rss, handles: active.length, sockets: active.filter((kind) => kind.startsWith("TCPSocket")).length };
}

/** How much more there is in the last quarter than in the second, by median. */
export function growth(readings: readonly Reading[]): Reading {
  const quarter = Math.floor(readings.length / 4);
  const [early, late] = [readings.slice(quarter, 2 * quarter), readings.slice(-quarter)];
  const more = (of: keyof Reading) => median(late.map((one) => one[of])) - median(early.map((one) => one[of]));
  return { heap: more("heap"), rss: more("rss"), handles: more("handles"), sockets: more("sockets") };
}

/** What grew too much, in words. */
export function leaks(found: Reading): readonly string[] {
  return (Object.keys(MOST_GROWTH) as (keyof Reading)[])
    .filter((name) => !(found[name] <= MOST_GROWTH[name]))
    .map((name) => `${name} grew by ${found[name]}, more than ${MOST_GROWTH[name]}`);
}
