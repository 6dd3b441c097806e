import { createPublicKey, verify, type KeyObject } from "node:crypto";

import { EvidenceMalformedError } from "./errors.ts";

/**
 * A public key from its coordinates, 32 bytes each.
 * @throws {EvidenceMalformedError} when the point is not on the curve.
 */
export function p256Key(point: Uint8Array): KeyObject {
  const [x, y] = [point.subarray(0, 32), point.subarray(32)].map((part) => Buffer.from(part).toString("base64url"));
  try {
    return createPublicKey({ format: "jwk", key: { kty: "EC", crv: "P-256", x: x ?? "", y: y ?? "" } });
  } catch (error) {
    throw new EvidenceMalformedError("attestation key", "it is no point of P-256", error);
  }
}

/**
 * Whether r and s are a signature over the data. As everywhere in SGX, both signatures that exist for one r are good: two
 * quotes may differ in that, and in nothing that they say.
 */
export function isSigned(
  digest: "sha256" | "sha384",
  data: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
): boolean {
  return verify(digest, data, { key, dsaEncoding: "ieee-p1363" }, signature);
}
