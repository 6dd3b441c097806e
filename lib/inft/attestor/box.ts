/**
 * How an owner hands an attestor the key of one datum: the box of lib/sealing, around the data key masked for the one
 * request it is meant for.
 *
 *     box = sealKey(data key XOR keccak256("0g-attestor-box-v1" ‖ request digest 32 ‖ index 4, big-endian))
 *
 * The mask is no secret; it ties the box to the request. Without it whoever gets hold of a box could mint a token with the
 * same public data hash, ask for a transfer of it to himself, and let the attestor open the box. What comes out for
 * another request, or of a box that a token published, is no key of anything.
 */

import { concat, keccak256, toBeHex, toUtf8Bytes } from "ethers";

import { fromHex, toHex, type Hex } from "../../hex.ts";
import { openKey, sealKey, type RandomBytes } from "../../sealing/index.ts";

const LABEL = toUtf8Bytes("0g-attestor-box-v1");

function masked(key: Uint8Array, request: Hex, index: number): Uint8Array {
  const mask = fromHex(keccak256(concat([LABEL, request, toBeHex(index, 4)])) as Hex);
  return key.map((byte, position) => byte ^ (mask[position] ?? 0));
}

/**
 * Seals the data key of datum `index` to an attestor, for one request.
 * @param request `reencryptionRequestDigest` of what the owner signs.
 * @throws {PublicKeyMalformedError}
 */
export function sealForAttestor(
  dataKey: Uint8Array,
  attestorPublicKey: Uint8Array,
  request: Hex,
  index: number,
  randomBytes: RandomBytes,
): Hex {
  const secret = masked(dataKey, request, index);
  try {
    return toHex(sealKey(secret, attestorPublicKey, randomBytes));
  } finally {
    secret.fill(0);
  }
}

/**
 * Opens what {@link sealForAttestor} sealed. For another request the key that comes out opens nothing. The caller wipes it.
 * @throws {SealedKeyMalformedError} {@link SealedKeyNotOpenedError}
 */
export function openForAttestor(box: Hex, privateKey: Uint8Array, request: Hex, index: number): Uint8Array {
  const secret = openKey(fromHex(box), privateKey);
  try {
    return masked(secret, request, index);
  } finally {
    secret.fill(0);
  }
}
