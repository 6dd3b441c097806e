/** What a provider's TEE signs about one answer: hashes of the request and the response, as text. */

import { createHash } from "node:crypto";

import type { Address } from "../hex.ts";
import { SignatureMalformedError } from "./errors.ts";
import { recoverSigner } from "./known-signers.ts";

/** SHA-256 in lower-case hexadecimal without `0x`, as the signed text carries it. A string is hashed as UTF-8. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Joins the two hashes to the text that is signed. */
export function signedText(requestHash: string, responseHash: string): string {
  return `${requestHash}:${responseHash}`;
}

export type SignedText =
  /**
   * Hash of the request as forwarded and of the response as delivered. The only form that can be minted. An image
   * service's text over exactly one image looks the same; its second hash is of the decoded image.
   */
  | { readonly form: "two-field"; readonly requestHash: string; readonly responseHash: string }
  /** A centralised provider's text: the hashes, and to whom the request was forwarded over which certificate. */
  | {
      readonly form: "routing-proof";
      readonly requestHash: string;
      readonly responseHash: string;
      readonly providerType: string;
      readonly providerIdentity: string;
      readonly certificateHash: string;
    }
  /** Hash of the client's own request and of every decoded image; at least two. */
  | { readonly form: "images"; readonly requestHash: string; readonly imageHashes: readonly string[] }
  /** None of these, e.g. the signature over an end-to-end encrypted answer (`zg-sig-v1/…`). */
  | { readonly form: "unknown" };

const TWO_FIELDS = /^([0-9a-f]{64}):([0-9a-f]{64})$/;
const ROUTING_PROOF = /^([0-9a-f]{64}):([0-9a-f]{64}):([^:]+):(.+):([0-9a-f]{64})$/;
const IMAGES = /^([0-9a-f]{64}):([0-9a-f]{64}(?:,[0-9a-f]{64})+)$/;

/** Tells which form a signed text has, and takes it apart. */
export function parseSignedText(text: string): SignedText {
  const [, requestHash, responseHash] = TWO_FIELDS.exec(text) ?? [];
  if (requestHash !== undefined && responseHash !== undefined) return { form: "two-field", requestHash, responseHash };

  const proof = ROUTING_PROOF.exec(text);
  if (proof !== null) {
    const [, request = "", response = "", providerType = "", providerIdentity = "", certificateHash = ""] = proof;
    return {
      form: "routing-proof",
      requestHash: request,
      responseHash: response,
      providerType,
      providerIdentity,
      certificateHash,
    };
  }
  const [, imageRequest, images] = IMAGES.exec(text) ?? [];
  if (imageRequest !== undefined && images !== undefined) {
    return { form: "images", requestHash: imageRequest, imageHashes: images.split(",") };
  }
  return { form: "unknown" };
}

const SIGNATURE = /^0x[0-9a-fA-F]{128}(?:1[bB]|1[cC])$/;
/** Half the order of secp256k1: a signature with a larger s is the twin of one with a smaller. */
export const LARGEST_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/**
 * Recovers who signed a personal message (EIP-191). Takes signatures only in the one form that broker, contract and
 * client all accept: r, s, v with low s and v 27 or 28.
 * @throws {SignatureMalformedError}
 */
export function recoverMessageSigner(message: string | Uint8Array, signature: string): Address {
  if (!SIGNATURE.test(signature) || BigInt(`0x${signature.slice(66, 130)}`) > LARGEST_S) {
    throw new SignatureMalformedError(signature);
  }
  try {
    return recoverSigner(message, signature);
  } catch (error) {
    throw new SignatureMalformedError(signature, error); // r and s that no key can have made
  }
}

/**
 * Recovers who signed a text, from its UTF-8.
 * @throws {SignatureMalformedError}
 */
export function recoverTextSigner(text: string, signature: string): Address {
  return recoverMessageSigner(text, signature);
}
