/** Signatures over a digest, in exactly the forms that contracts/verifier takes. */

import { Signature, concat, recoverAddress } from "ethers";

import { checksum, type Address, type Hex } from "../hex.ts";
import { LARGEST_S } from "../protocol/signed-text.ts";
import { AttestorSignatureError } from "./proof-errors.ts";

/** r, s and v of 27 or 28; or r and s with the parity in the top bit of s (ERC-2098). */
const FORMS = /^0x(?:[0-9a-fA-F]{128}(?:1[bB]|1[cC])|[0-9a-fA-F]{128})$/;
const ATTESTOR_SIGNATURE = /^0x[0-9a-fA-F]{130}$/;

/** A signature that the contracts take; undefined for any other: a high s, another v, another length. */
export function parseSignature(signature: Hex): Signature | undefined {
  if (!FORMS.test(signature)) return undefined;
  try {
    const parsed = Signature.from(signature);
    return BigInt(parsed.s) > LARGEST_S ? undefined : parsed;
  } catch {
    return undefined; // ethers refuses some of the same with less to say
  }
}

/** Who signed `digest`; undefined when nobody can have. */
export function recoverSigner(digest: Hex, signature: Hex): Address | undefined {
  const parsed = parseSignature(signature);
  if (parsed === undefined) return undefined;
  try {
    return checksum(recoverAddress(digest, parsed));
  } catch {
    return undefined; // r is on no point of the curve
  }
}

/**
 * Joins attestors' signatures over one digest as the contract takes them: 65 bytes each, by ascending address.
 * @throws {AttestorSignatureError} when one is no signature, or two are of one attestor.
 */
export function joinAttestorSignatures(digest: Hex, signatures: readonly Hex[]): Hex {
  const signed = signatures.map((signature) => {
    const attestor = ATTESTOR_SIGNATURE.test(signature) ? recoverSigner(digest, signature) : undefined;
    if (attestor === undefined) throw new AttestorSignatureError({ problem: "it is nobody's", signature });
    return { attestor, signature };
  });
  signed.sort((a, b) => (BigInt(a.attestor) < BigInt(b.attestor) ? -1 : 1));
  signed.forEach(({ attestor, signature }, index) => {
    if (attestor !== signed[index - 1]?.attestor) return;
    throw new AttestorSignatureError({ problem: `${attestor} signed twice`, signature, attestor });
  });
  return concat(signed.map(({ signature }) => signature)) as Hex;
}
