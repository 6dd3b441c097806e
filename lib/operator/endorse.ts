/** The endorsement of a provider's TEE signer by the owner of InferenceServing. */

import type { ReadContext } from "../chain/context.ts";
import { INTERFACES, inferenceServing } from "../chain/contracts.ts";
import { chainCall } from "../chain/revert.ts";
import type { TransactionDraft } from "../chain/send.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import { NotContractOwnerError } from "./errors.ts";

/** The call that endorses the signer `provider` lists now, or takes that back. */
export function endorsementDraft(network: Network, provider: Address, endorsed: boolean): TransactionDraft {
  const name = endorsed ? "acknowledgeTEESignerByOwner" : "revokeTEESignerAcknowledgement";
  return {
    what: `${endorsed ? "endorse" : "stop endorsing"} ${provider}`,
    to: network.contracts.inferenceServing,
    data: INTERFACES.inferenceServing().encodeFunctionData(name, [provider]) as Hex,
  };
}

/** @throws {NotContractOwnerError} unless `account` owns InferenceServing. */
export async function assertContractOwner(ctx: ReadContext, account: Address): Promise<void> {
  const serving = inferenceServing(ctx.network, ctx.provider);
  const owner = checksum(await chainCall("Reading the owner of InferenceServing", serving.owner()));
  if (owner !== account) throw new NotContractOwnerError({ account, owner });
}
