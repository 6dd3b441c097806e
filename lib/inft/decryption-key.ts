/** Keys that open what was sealed: the account's own, or one apart from it, for a signer that cannot decrypt. */

import type { Address, Hex } from "../hex.ts";
import { fromHex } from "../hex.ts";
import { addressOfPublicKey, openKey, publicKeyOf } from "../sealing/index.ts";
import { SealedKeyNotOpenedError } from "../sealing/errors.ts";
import { hiding } from "../secrets.ts";
import { SealedToAnotherKeyError } from "./errors.ts";
import type { TokenView } from "./show.ts";

export interface DecryptionKey {
  readonly privateKey: Uint8Array;
  /** The account of its public key; not the token's owner when the key is apart from the signer's. */
  readonly account: Address;
  /** Where it comes from, for messages: a variable, or `development account 1`. */
  readonly from: string;
}

/** A key with its account. */
export function decryptionKey(privateKey: Uint8Array, from: string): DecryptionKey {
  return hiding({ privateKey, account: addressOfPublicKey(publicKeyOf(privateKey)), from }, "privateKey");
}

/**
 * The first of the keys that opens the sealed key of datum `index`. A box does not say to whom it was sealed.
 * @throws {SealedToAnotherKeyError} when none does. {@link SealedKeyMalformedError}
 */
export function keyThatOpens(
  { tokenId, sealedTo }: Pick<TokenView, "tokenId" | "sealedTo">,
  { index, sealedKey }: { readonly index: number; readonly sealedKey: Hex },
  keys: readonly DecryptionKey[],
): DecryptionKey {
  const box = fromHex(sealedKey);
  for (const key of keys) {
    try {
      openKey(box, key.privateKey).fill(0);
      return key;
    } catch (error) {
      if (!(error instanceof SealedKeyNotOpenedError)) throw error;
    }
  }
  const tried = keys.map(({ account, from }) => ({ account, from }));
  throw new SealedToAnotherKeyError({ tokenId, index, tried, ...(sealedTo === undefined ? {} : { sealedTo }) });
}
