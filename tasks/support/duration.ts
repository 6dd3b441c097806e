import { UsageError } from "../../lib/errors.ts";

const SECONDS: Readonly<Record<string, bigint>> = { s: 1n, m: 60n, h: 3600n, d: 86_400n, w: 604_800n };

/** The seconds of `2d`, `36h`, `90m` or `0s`; undefined when the text is none of these. */
export function durationIn(text: string): bigint | undefined {
  const [, count, unit = ""] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  return count === undefined ? undefined : BigInt(count) * (SECONDS[unit] ?? 0n);
}

/**
 * Parses `2d`, `36h`, `90m` or `0s` into seconds.
 * @throws {UsageError}
 */
export function parseDuration(text: string, option: string): bigint {
  const seconds = durationIn(text);
  if (seconds === undefined) {
    throw new UsageError({
      message: `--${option} ${JSON.stringify(text)} is no duration`,
      remedy: "Give a number and s, m, h, d or w, such as 36h.",
      details: { [option]: text },
    });
  }
  return seconds;
}

/** Seconds as people say them: `23 h 58 min`, `12 min`, `40 s`. */
export function duration(seconds: bigint): string {
  const hours = seconds / 3600n;
  const minutes = (seconds % 3600n) / 60n;
  if (hours > 0n) return `${hours} h ${minutes} min`;
  return minutes > 0n ? `${minutes} min` : `${seconds} s`;
}
