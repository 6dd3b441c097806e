/** New content for a token, by its owner: descriptions, ciphertexts and keys. */

import type { TransactionDraft } from "../chain/send.ts";
import type { Hex } from "../hex.ts";
import { inftInterface } from "./contracts.ts";
import type { Datum } from "./mint.ts";
import type { TokenView } from "./show.ts";

export interface NewData {
  readonly datas: readonly Datum[];
  /** One for each datum, sealed to the owner. */
  readonly sealedKeys: readonly Hex[];
}

/** The transaction that replaces a token's data and publishes their keys. Users keep what they were given. */
export function updateDraft(
  { inft, tokenId }: Pick<TokenView, "inft" | "tokenId">,
  { datas, sealedKeys }: NewData,
): TransactionDraft {
  // The function is overloaded, so it is named with its parameters.
  const name = "update(uint256,(string,bytes32)[],bytes[])";
  const data = inftInterface().encodeFunctionData(name, [tokenId, datas, sealedKeys]) as Hex;
  return { what: `update the data of token ${tokenId}`, to: inft, data };
}
