/** New data keys for data that stays: whoever kept an old key opens the old ciphertext only. */

import type { TransactionDraft } from "../chain/send.ts";
import type { Hex } from "../hex.ts";
import type { RandomBytes } from "../sealing/index.ts";
import { openDatum, sealDatum, tokenBytes, type SealedDatum } from "./content.ts";
import { keyThatOpens, type DecryptionKey } from "./decryption-key.ts";
import { inftInterface } from "./contracts.ts";
import type { TokenView } from "./show.ts";
import { KeysNotPublishedError, TokenWithoutDataError } from "./errors.ts";

export interface RekeyParams {
  readonly token: TokenView;
  readonly chainId: number;
  /** In the order of the token's data. */
  readonly ciphertexts: readonly Uint8Array[];
  /** Those that may open the sealed keys. */
  readonly keys: readonly DecryptionKey[];
  /** The new keys are sealed to it. */
  readonly publicKey: Uint8Array;
  readonly randomBytes: RandomBytes;
}

/**
 * Decrypts every datum and encrypts it again, bound to the token's id, under a fresh key. Sends nothing.
 * @throws {TokenWithoutDataError} {@link KeysNotPublishedError} {@link SealedToAnotherKeyError} and what
 *   {@link openDatum} throws.
 */
export function rekey(params: RekeyParams): SealedDatum[] {
  const { token, chainId, ciphertexts, keys, publicKey, randomBytes } = params;
  const { tokenId, inft, owner, datas, sealedKeys, sealedTo } = token;
  if (datas.length === 0) throw new TokenWithoutDataError({ tokenId });
  return datas.map(({ dataHash }, index) => {
    const [ciphertext, sealedKey] = [ciphertexts[index], sealedKeys?.[index]];
    if (sealedKey === undefined || ciphertext === undefined) {
      throw new KeysNotPublishedError({ tokenId, owner, ...(sealedTo === undefined ? {} : { sealedTo }) });
    }
    const { privateKey } = keyThatOpens(token, { index, sealedKey }, keys);
    const place = { chainId, contract: inft, index };
    const plaintext = openDatum({ ...place, tokenId, ciphertext, dataHash, sealedKey, privateKey });
    return sealDatum(plaintext, { ...place, token: tokenBytes(tokenId) }, publicKey, randomBytes);
  });
}

/** The transaction that replaces a token's ciphertexts and publishes their keys. Descriptions stay. */
export function rekeyDraft(
  { inft, tokenId }: Pick<TokenView, "inft" | "tokenId">,
  datas: readonly Pick<SealedDatum, "dataHash" | "sealedKey">[],
): TransactionDraft {
  const hashes = datas.map(({ dataHash }) => dataHash);
  const keys = datas.map(({ sealedKey }) => sealedKey);
  const data = inftInterface().encodeFunctionData("updateHashes", [tokenId, hashes, keys]) as Hex;
  return { what: `rotate the data keys of token ${tokenId}`, to: inft, data };
}
