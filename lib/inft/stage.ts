/** Staged transfers: the proofs are accepted now, and a plain ERC-721 transfer to exactly that buyer completes them. */

import type { ReadContext } from "../chain/context.ts";
import type { TransactionDraft } from "../chain/send.ts";
import { checksum, ZERO_ADDRESS, type Address, type Hex } from "../hex.ts";
import { inftContract, inftInterface } from "./contracts.ts";
import type { TransferValidityProof } from "./proof.ts";
import type { TokenView } from "./show.ts";
import { inftCall } from "./translate.ts";

export interface StagedTransfer {
  readonly to: Address;
  /** Unix seconds. */
  readonly deadline: bigint;
}

/** The transaction that stages a transfer. */
export function stageDraft(
  { inft, tokenId }: Pick<TokenView, "inft" | "tokenId">,
  to: Address,
  proofs: readonly TransferValidityProof[],
): TransactionDraft {
  const data = inftInterface().encodeFunctionData("stageTransfer", [to, tokenId, proofs]) as Hex;
  return { what: `stage the transfer of token ${tokenId} to ${to}`, to: inft, data };
}

/** The transaction that takes a staged transfer back. */
export function unstageDraft({ inft, tokenId }: Pick<TokenView, "inft" | "tokenId">): TransactionDraft {
  const data = inftInterface().encodeFunctionData("unstageTransfer", [tokenId]) as Hex;
  return { what: `take the staged transfer of token ${tokenId} back`, to: inft, data };
}

/** The staged transfer of a token; undefined when there is none. */
export async function readStaged(
  ctx: ReadContext,
  { inft, tokenId }: Pick<TokenView, "inft" | "tokenId">,
): Promise<StagedTransfer | undefined> {
  const contract = inftContract(inft, ctx.provider);
  const { to, deadline } = await inftCall(
    `Reading the staged transfer of token ${tokenId}`,
    contract.stagedTransferOf(tokenId),
  );
  return to === ZERO_ADDRESS ? undefined : { to: checksum(to), deadline };
}
