/** How much a user may ask for in a minute, and the headers that tell how much of it is left. */

import type { RateLimits } from "./options.ts";
import { isImageKind, type BilledKind } from "./paths.ts";
import { Refusal } from "./refusal.ts";

const WINDOW_MS = 60_000;

type Counter = "requests" | "tokens" | "images";

export interface RateLimiter {
  /**
   * Counts a request, and gives the headers about what is left, as it was before this one.
   * @throws {Refusal} 429
   */
  enter(user: string, kind: BilledKind): Readonly<Record<string, string>>;
  /** Counts what an answer used, once that is known: images, of all else tokens. */
  consume(user: string, kind: BilledKind, used: number): void;
}

interface Window {
  readonly startedAt: number;
  readonly used: Record<Counter, number>;
}

export function rateLimiter(limits: RateLimits, clock: () => number): RateLimiter {
  const windows = new Map<string, Window>();
  const most: Readonly<Record<Counter, number | undefined>> = {
    requests: limits.requestsPerMinute,
    tokens: limits.tokensPerMinute,
    images: limits.imagesPerMinute,
  };

  const windowOf = (user: string): Window => {
    const now = clock();
    const open = windows.get(user);
    if (open !== undefined && now < open.startedAt + WINDOW_MS) return open;
    const fresh = { startedAt: now, used: { requests: 0, tokens: 0, images: 0 } };
    windows.set(user, fresh);
    return fresh;
  };

  return {
    enter(user, kind) {
      const { startedAt, used } = windowOf(user);
      const seconds = Math.ceil((startedAt + WINDOW_MS - clock()) / 1000);
      const counted: readonly Counter[] = ["requests", usedOf(kind)];
      const headers: Record<string, string> = {};
      for (const counter of counted) {
        const limit = most[counter];
        if (limit === undefined) continue;
        const left = Math.max(0, limit - used[counter]);
        Object.assign(headers, headersOf(kind, counter, { limit, left, seconds, resetAt: startedAt + WINDOW_MS }));
        if (left === 0) throw tooMany(kind, counter, limit, headers, seconds);
      }
      used.requests += 1;
      return headers;
    },
    consume(user, kind, used) {
      windowOf(user).used[usedOf(kind)] += used;
    },
  };
}

function usedOf(kind: BilledKind): "tokens" | "images" {
  return isImageKind(kind) ? "images" : "tokens";
}

interface Left {
  readonly limit: number;
  readonly left: number;
  readonly seconds: number;
  /** Unix milliseconds. */
  readonly resetAt: number;
}

function headersOf(kind: BilledKind, counter: Counter, { limit, left, seconds, resetAt }: Left) {
  // Each of the two formats has names of its own.
  const anthropic = kind === "messages";
  const name = (part: string) =>
    anthropic ? `anthropic-ratelimit-${counter}-${part}` : `x-ratelimit-${part}-${counter}`;
  return {
    [name("limit")]: String(limit),
    [name("remaining")]: String(left),
    [name("reset")]: anthropic ? `${new Date(resetAt).toISOString().slice(0, 19)}Z` : `${seconds}s`,
  };
}

function tooMany(
  kind: BilledKind,
  counter: Counter,
  limit: number,
  headers: Readonly<Record<string, string>>,
  seconds: number,
): Refusal {
  const message =
    counter === "requests"
      ? `Rate limit exceeded. Please slow down your request rate (limit: ${limit} requests/min).`
      : `Rate limit exceeded. Please slow down your ${counter === "tokens" ? "token" : "image"} rate (limit: ${limit} ${counter}/min).`;
  const error = { type: "rate_limit_error", message };
  const body = kind === "messages" ? { type: "error", error } : { error };
  return new Refusal(429, message, { ...headers, "retry-after": String(seconds) }, body);
}
