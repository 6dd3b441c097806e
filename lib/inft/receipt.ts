/** From a receipt to what the contract takes. */

import type { Receipt } from "../compute/receipt.ts";
import { mintableBytes } from "../compute/receipt.ts";
import type { Mode } from "../networks.ts";
import { sha256Hex } from "../protocol/signed-text.ts";
import type { Hex } from "../hex.ts";
import type { MintableResult } from "./mint.ts";

/**
 * The mintable part of a receipt. Both hashes are taken from its bytes, never from its text; `mode` is what the caller
 * found out by checking it, never what it claims.
 * @throws {ResultNotMintableError} when the text is over several images.
 */
export function resultOfReceipt(receipt: Receipt, mode: Mode): MintableResult {
  const { request, response } = mintableBytes(receipt);
  return {
    provider: receipt.service.provider,
    teeSigner: receipt.service.teeSignerAddress,
    requestHash: `0x${sha256Hex(request)}`,
    responseHash: `0x${sha256Hex(response)}`,
    signature: receipt.signature.signature as Hex,
    chatId: receipt.chatId?.id ?? "",
    mode,
  };
}
