/** Taking API keys back: one by one, or all at once. */

import type { ReadContext } from "../chain/context.ts";
import { INTERFACES } from "../chain/contracts.ts";
import type { TransactionDraft } from "../chain/send.ts";
import { AuthenticationRefusedError, NoSubAccountError } from "../compute/errors.ts";
import { pause, type HttpDeps } from "../compute/provider-http.ts";
import type { Service } from "../compute/providers.ts";
import type { Session } from "../compute/session.ts";
import { readTokenState, type TokenState } from "../compute/sub-accounts.ts";
import { fetchUnsettledFee } from "../compute/unsettled-fee.ts";
import type { Address, Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import { classifyProviderError } from "../protocol/provider-errors.ts";
import { GenerationUnseenError } from "./errors.ts";

/** @throws {NoSubAccountError} Without a sub-account no token was ever good. */
export async function requireTokenState(read: ReadContext, user: Address, provider: Address): Promise<TokenState> {
  const state = await readTokenState(read, user, provider);
  if (state === undefined) throw new NoSubAccountError({ user, provider });
  return state;
}

/** The call that revokes some ids for the sender. */
export function revokeDraft(network: Network, provider: Address, tokenIds: readonly number[]): TransactionDraft {
  const abi = INTERFACES.inferenceServing();
  const [first] = tokenIds;
  const data =
    tokenIds.length === 1
      ? abi.encodeFunctionData("revokeToken", [provider, first])
      : abi.encodeFunctionData("revokeTokens", [provider, tokenIds]);
  return {
    what: `revoke token ${tokenIds.length === 1 ? "id" : "ids"} ${tokenIds.join(", ")} at ${provider}`,
    to: network.contracts.inferenceServing,
    data: data as Hex,
  };
}

/** The call that revokes all tokens of the sender at a provider, session tokens included, by raising the generation. */
export function revokeAllDraft(network: Network, provider: Address): TransactionDraft {
  return {
    what: `revoke all tokens at ${provider}`,
    to: network.contracts.inferenceServing,
    data: INTERFACES.inferenceServing().encodeFunctionData("revokeAllTokens", [provider]) as Hex,
  };
}

/** Providers believe what they read of an account for ten minutes (0g-serving-broker). Some more, for their clocks. */
const LONGEST_WAIT_MS = 660_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Waits until a provider takes tokens of the generation on chain: after {@link revokeAllDraft} it refuses new tokens, and
 * takes old ones, for as long as it goes by an earlier look. Asks for the unsettled fee, which costs nothing.
 * @returns milliseconds waited between attempts.
 * @throws {GenerationUnseenError} after eleven minutes. Every other refusal at once. {@link AbortedError}
 */
export async function awaitGeneration(
  deps: HttpDeps & { readonly session: Session },
  service: Pick<Service, "provider" | "url">,
  { longestMs = LONGEST_WAIT_MS }: { readonly longestMs?: number } = {},
): Promise<number> {
  let waited = 0;
  for (let step = FIRST_PAUSE_MS; ; step = Math.min(step * 2, LONGEST_PAUSE_MS)) {
    try {
      await fetchUnsettledFee(deps, service);
      return waited;
    } catch (error) {
      if (!isFutureGeneration(error)) throw error;
    }
    if (waited >= longestMs) throw new GenerationUnseenError({ provider: service.provider, waitedMs: waited });
    const next = Math.min(step, longestMs - waited);
    await pause(deps, next, "Waiting for the provider to see the revocation");
    waited += next;
  }
}

function isFutureGeneration(error: unknown): boolean {
  if (!(error instanceof AuthenticationRefusedError)) return false;
  const { status, said } = error.details as { status: number; said: string };
  return classifyProviderError(status, said).kind === "session-future-generation";
}
