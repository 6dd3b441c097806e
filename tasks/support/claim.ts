import { assertPromptMayShow, type ClaimMode } from "../../lib/inft/claim.ts";
import type { TaskIo } from "./action.ts";

/**
 * Says what a claim other than by commitment costs.
 * @throws {UsageError} when it would publish the prompt, and that was not allowed.
 */
export function warnOfClaim(
  claim: ClaimMode,
  { revealPrompt }: { readonly revealPrompt: boolean },
  { log }: Pick<TaskIo, "log">,
): void {
  assertPromptMayShow(claim, revealPrompt);
  if (claim === "bound") log("note: the mint publishes the whole request, prompt included, for good");
  if (claim === "open") {
    log("warning: an open mint can be taken: anybody who sees the signature, in the pool too, can mint it first");
  }
}
