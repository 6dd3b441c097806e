/** To which key a token's data keys were sealed, as far as the chain tells. */

import { getAddress, type Result, type TransactionResponse } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import { chainCall } from "../chain/revert.ts";
import { fromHex, type Address, type Hex } from "../hex.ts";
import { PublicKeyMalformedError } from "../sealing/errors.ts";
import { addressOfPublicKey } from "../sealing/index.ts";
import { dialectsInterface, inftInterface } from "./contracts.ts";
import { readTokenEvents } from "./events.ts";
import type { TokenQuery } from "./show.ts";

/**
 * The account of the key that the token's present data keys were sealed to: the attestors named it in the proofs of the
 * transfer or clone that published them, which may have been staged before. Undefined when there was none, as for a token
 * that was minted or updated, and when another contract called ours.
 */
export async function readSealingAccount(ctx: ReadContext, query: TokenQuery): Promise<Address | undefined> {
  const events = await readTokenEvents(ctx, query);
  const published = events.findLast(({ name }) => name === "PublishedSealedKey");
  if (published === undefined) return undefined;
  const staged = events.findLast(
    ({ name, args, block }) =>
      name === "TransferStaged" && args["to"] === published.args["to"] && block <= published.block,
  );
  for (const hash of [published.transaction, staged?.transaction]) {
    if (hash === undefined) continue;
    const transaction = await chainCall(`Reading transaction ${hash}`, ctx.provider.getTransaction(hash));
    const account = transaction === null ? undefined : sealingAccountIn(transaction, query);
    if (account !== undefined) return account;
  }
  return undefined;
}

interface Proof {
  readonly ownershipProof: { readonly encryptedPubKey?: Hex; readonly targetPubkey?: Hex };
}

function sealingAccountIn(transaction: TransactionResponse, { inft, tokenId }: TokenQuery): Address | undefined {
  if (transaction.to === null || getAddress(transaction.to) !== inft) return undefined;
  const args =
    inftInterface().parseTransaction(transaction)?.args ?? dialectsInterface().parseTransaction(transaction)?.args;
  const [proof] = args === undefined ? [] : proofsIn(args, tokenId);
  const { encryptedPubKey, targetPubkey = encryptedPubKey } = proof?.ownershipProof ?? {};
  if (targetPubkey === undefined) return undefined;
  try {
    return addressOfPublicKey(fromHex(targetPubkey));
  } catch (error) {
    if (!(error instanceof PublicKeyMalformedError)) throw error;
    return undefined; // a call that failed, or a contract that is not ours
  }
}

/** The proofs of a call that has any; of a batch, those of the token. */
function proofsIn(args: Result, tokenId: bigint): readonly Proof[] {
  const items = (args.getValue("items") ?? []) as readonly Result[];
  const holder = items.length === 0 ? args : items.find((item) => item["tokenId"] === tokenId);
  return (holder?.getValue("proofs") ?? []) as readonly Proof[];
}
