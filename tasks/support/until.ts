/** Points in time as people give them: from now on, or a date. */

import { UsageError } from "../../lib/errors.ts";
import { durationIn } from "./duration.ts";

/** What the contract keeps an expiry in. */
const LATEST = 2n ** 40n - 1n;

/**
 * Parses `30d`, `12h`, `2027-01-31` (its beginning, UTC) or `2027-01-31T12:00:00Z` into Unix seconds.
 * @param now Unix seconds, of the chain: that is the clock which will judge.
 * @throws {UsageError} when it is none of these, or not after `now`.
 */
export function parseUntil(text: string, option: string, now: bigint): bigint {
  const at = span(text, now) ?? date(text);
  const problem = at === undefined ? "is no time" : at <= now ? "is over" : at > LATEST ? "is too far off" : undefined;
  if (at === undefined || problem !== undefined) {
    throw new UsageError({
      message: `--${option} ${JSON.stringify(text)} ${problem ?? "is no time"}`,
      remedy: "Give a time from now on, such as 30d, 12h or 45m, or a date to come, such as 2030-01-31.",
      details: { [option]: text, now },
    });
  }
  return at;
}

function span(text: string, now: bigint): bigint | undefined {
  const seconds = durationIn(text);
  return seconds === undefined ? undefined : now + seconds;
}

function date(text: string): bigint | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(text)) return undefined;
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : BigInt(Math.floor(milliseconds / 1000));
}

/** Unix seconds as people read them; 0 has no end. */
export function untilText(seconds: bigint): string {
  return seconds === 0n ? "no end" : new Date(Number(seconds) * 1000).toISOString().replace(".000Z", "Z");
}
