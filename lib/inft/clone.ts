/** A second token with the same data, re-encrypted for whoever gets it. */

import type { ReadContext } from "../chain/context.ts";
import { chainCall } from "../chain/revert.ts";
import type { ConfirmedTransaction, TransactionDraft } from "../chain/send.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import { tokenBytes } from "./content.ts";
import { inftInterface } from "./contracts.ts";
import { readLogs } from "../chain/logs.ts";
import type { AccessProof } from "./proof-access.ts";
import type { TransferValidityProof } from "./proof.ts";
import type { TokenQuery, TokenView } from "./show.ts";

/** The transaction that clones a token. */
export function cloneDraft(
  { inft, tokenId }: Pick<TokenView, "inft" | "tokenId">,
  to: Address,
  proofs: readonly TransferValidityProof[],
): TransactionDraft {
  const data = inftInterface().encodeFunctionData("iClone", [to, tokenId, proofs]) as Hex;
  return { what: `clone token ${tokenId} for ${to}`, to: inft, data };
}

/** The id of the token that a clone made. */
export function clonedTokenId({ hash, receipt }: ConfirmedTransaction, inft: Address): bigint {
  for (const log of receipt.logs) {
    if (checksum(log.address) !== inft) continue;
    const event = inftInterface().parseLog(log);
    if (event?.name === "Cloned") return event.args["newTokenId"] as bigint;
  }
  throw new Error(`transaction ${hash} cloned no token`);
}

/**
 * The clone that an access proof was spent on, so that a command that died after sending does not ask for another.
 * Reads the token's `Cloned` events and their transactions.
 */
export async function findClone(ctx: ReadContext, query: TokenQuery, proof: AccessProof): Promise<bigint | undefined> {
  const { inft, tokenId, fromBlock } = query;
  const abi = inftInterface();
  const fragment = abi.getEvent("Cloned");
  if (fragment === null) throw new Error("the ABI has no event Cloned");
  const reading = `Looking for clones of token ${tokenId}`;
  const logs = await readLogs(
    ctx,
    reading,
    { address: inft, topics: [fragment.topicHash, tokenBytes(tokenId)] },
    fromBlock,
  );
  for (const log of logs) {
    const event = abi.parseLog(log);
    if (event === null || checksum(event.args["to"] as string) !== proof.to) continue;
    const transaction = await chainCall(reading, ctx.provider.getTransaction(log.transactionHash));
    if (spends(transaction?.data as Hex | undefined, proof)) return event.args["newTokenId"] as bigint;
  }
  return undefined;
}

/** A signature appears as it is in the call that carries it. */
function spends(data: Hex | undefined, { signature }: AccessProof): boolean {
  return data?.toLowerCase().includes(signature.slice(2).toLowerCase()) === true;
}
