/** The user's acknowledgement of a provider's TEE signer. */

import type { ReadContext, WriteContext } from "../chain/context.ts";
import { INTERFACES } from "../chain/contracts.ts";
import { sendTransaction, type ConfirmedTransaction, type TransactionDraft } from "../chain/send.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import { NoSubAccountError } from "./errors.ts";
import { readLimits, readSubAccount, userOf } from "./ledger.ts";
import { translated } from "./translate.ts";

export interface AcknowledgeResult {
  /** False when it was acknowledged before, and nothing was sent. */
  readonly changed: boolean;
  readonly provider: Address;
  readonly transactions: readonly ConfirmedTransaction[];
}

/**
 * Reads whether `user` has acknowledged the TEE signer of `provider`.
 * @throws {NoSubAccountError} when there is no sub-account: nothing can be acknowledged yet.
 */
export async function isAcknowledged(ctx: ReadContext, user: Address, provider: Address): Promise<boolean> {
  const account = await readSubAccount(ctx, user, provider);
  if (account !== undefined) return account.acknowledged;
  const { minTransferAmount } = await readLimits(ctx);
  throw new NoSubAccountError({ user, provider, minimum: minTransferAmount });
}

export function acknowledgeDraft(network: Network, provider: Address): TransactionDraft {
  return {
    what: `acknowledge the TEE signer of ${provider}`,
    to: network.contracts.inferenceServing,
    data: INTERFACES.inferenceServing().encodeFunctionData("acknowledgeTEESigner", [provider, true]) as Hex,
  };
}

/**
 * Acknowledges a provider's TEE signer for the signer's account. Sends `acknowledgeTEESigner`, unless it is
 * acknowledged already: every transfer to the provider does that too.
 * @throws {NoSubAccountError} naming the transfer that makes one; nothing is sent.
 */
export async function acknowledge(ctx: WriteContext, provider: Address): Promise<AcknowledgeResult> {
  const user = await userOf(ctx);
  const target = checksum(provider);
  if (await isAcknowledged(ctx, user, target)) return { changed: false, provider: target, transactions: [] };
  const call = { kind: "acknowledge", values: { user, provider: target } } as const;
  const sent = await translated(call, sendTransaction(ctx, acknowledgeDraft(ctx.network, target)));
  return { changed: true, provider: target, transactions: [sent] };
}
