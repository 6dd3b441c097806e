import type { InFlightLimits } from "./options.ts";
import { Refusal } from "./refusal.ts";

export const DEFAULT_LIMITS: InFlightLimits = { global: 20, perUser: 5 };

/** Counts the requests being answered. Both calls return what ends the count; calling it twice does no harm. */
export interface InFlight {
  /** @throws {Refusal} 503 when the server is full. */
  enter(): () => void;
  /** @throws {Refusal} 429 when the user has too many. */
  enterAs(user: string): () => void;
}

export function inFlight(limits: InFlightLimits): InFlight {
  let all = 0;
  const perUser = new Map<string, number>();

  const once = (end: () => void): (() => void) => {
    let ended = false;
    return () => {
      if (!ended) end();
      ended = true;
    };
  };
  return {
    enter() {
      if (all >= limits.global) {
        throw new Refusal(503, "Server is currently processing too many requests. Please try again later.");
      }
      all += 1;
      return once(() => (all -= 1));
    },
    enterAs(user) {
      const active = perUser.get(user) ?? 0;
      if (active >= limits.perUser) {
        throw new Refusal(
          429,
          `Too many concurrent requests. You have ${active} active requests (limit: ${limits.perUser}). Please wait for some to complete.`,
        );
      }
      perUser.set(user, active + 1);
      return once(() => {
        const now = perUser.get(user) ?? 1;
        if (now <= 1) perUser.delete(user);
        else perUser.set(user, now - 1);
      });
    },
  };
}
