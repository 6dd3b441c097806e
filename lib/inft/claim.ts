/** What keeps somebody who sees the public signature from minting a result first. */

import { UsageError } from "../errors.ts";
import type { Address, Hex } from "../hex.ts";
import { toHex } from "../hex.ts";
import { userOffset } from "../protocol/chat.ts";
import { RequestNotBoundError } from "./errors.ts";

/**
 * `commit`: the minter commits to the mint a block earlier, by a hash that tells nothing. `bound`: the request names the
 * minter, which is proven by publishing it. `open`: nothing does; whoever comes first has it.
 */
export const CLAIM_MODES = ["commit", "bound", "open"] as const;
export type ClaimMode = (typeof CLAIM_MODES)[number];
export const DEFAULT_CLAIM: ClaimMode = "commit";

/** The request of a bound mint, which the mint publishes. */
export interface BoundRequest {
  readonly bytes: Hex;
  /** Where in it the member `user` stands. */
  readonly userOffset: number;
}

/**
 * Finds where a request names its minter.
 * @throws {RequestNotBoundError} when it does not.
 */
export function bindRequest(request: Uint8Array, minter: Address): BoundRequest {
  const offset = userOffset(request, minter);
  if (offset === undefined) throw new RequestNotBoundError({ minter });
  return { bytes: toHex(request), userOffset: offset };
}

/**
 * Asserts that whoever claims as `bound` knows what that publishes.
 * @throws {UsageError} when it was not said.
 */
export function assertPromptMayShow(claim: ClaimMode, revealPrompt: boolean): void {
  if (claim !== "bound" || revealPrompt) return;
  throw new UsageError({
    message:
      "A bound mint puts the whole request, prompt included, into its transaction: readable by anybody, for good",
    remedy: "Add --reveal-prompt if it may be public, or use --claim commit, which reveals nothing.",
    details: { claim },
  });
}
