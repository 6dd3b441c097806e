/** What has become of a run, as its journal tells it: without the chain, and without a key. */

import { storedFact } from "./audit.ts";
import { lastFact, unanswered, type Journal } from "./journal.ts";
import { openQuarantine } from "./quarantine.ts";

/** `open` may be continued as it is; the two after it need the user's word first; the last two are ends. */
export type RunState = "open" | "outcome unknown" | "quarantined" | "abandoned" | "done";

/** What a run is waiting for. */
export function runState(journal: Pick<Journal, "facts">): RunState {
  if (lastFact(journal, "abandoned") !== undefined) return "abandoned";
  const stores = lastFact(journal, "started")?.storage !== false;
  const ended = stores ? storedFact(journal, "final log") : lastFact(journal, "minted");
  if (ended !== undefined) return "done";
  if (unanswered(journal) !== undefined) return "outcome unknown";
  return openQuarantine(journal) === undefined ? "open" : "quarantined";
}

/** Whether a run can be continued. */
export function isUnfinished(state: RunState): boolean {
  return state !== "done" && state !== "abandoned";
}
