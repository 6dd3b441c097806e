/** The one key of an attestor: it signs proofs, and boxes are sealed to it, so that the chain vouches for both. */

import { SigningKey, computeAddress } from "ethers";

import { checksum, fromHex, type Address, type Hex } from "../../hex.ts";
import { hiding } from "../../secrets.ts";

export interface AttestorKey {
  /** What a verifier lists. */
  readonly address: Address;
  /** 65 bytes. `address` is its hash, so a client can check it. */
  readonly publicKey: Hex;
  /** Opens boxes. Never leaves the process. */
  readonly privateKey: Uint8Array;
  /** 65 bytes: r, s and v of 27 or 28. */
  readonly sign: (digest: Hex) => Hex;
}

/** The attestor's key from its private key. */
export function attestorKey(privateKey: Hex): AttestorKey {
  const signing = new SigningKey(privateKey);
  const key: AttestorKey = {
    address: checksum(computeAddress(signing.publicKey)),
    publicKey: signing.publicKey as Hex,
    privateKey: fromHex(privateKey),
    sign: (digest) => signing.sign(digest).serialized as Hex,
  };
  return hiding(key, "privateKey");
}
