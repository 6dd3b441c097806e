/**
 * The seed from which several attestors make the same ciphertexts. The first one draws it and hands it to the others
 * through the owner, sealed to each and signed, in the EIP-712 domain of the token:
 *
 *     SharedSeed(bytes32 request,address attestor,bytes sealedSeed)
 *
 * Whoever knows the seed knows the fresh data keys. So it is sealed only to keys whose accounts the token's verifier
 * lists, and believed only from such an account: an owner who could choose it would keep a key to what it sold.
 */

import { TypedDataEncoder } from "ethers";

import { fromHex, toHex, type Address, type Hex } from "../../hex.ts";
import { addressOfPublicKey, openKey, sealKey, type RandomBytes } from "../../sealing/index.ts";
import { SealedKeyMalformedError, SealedKeyNotOpenedError } from "../../sealing/errors.ts";
import { recoverSigner } from "../proof-signatures.ts";
import type { ProofPlace } from "../proof.ts";
import { SharedSeedError } from "./errors.ts";
import type { AttestorKey } from "./key.ts";

/** A seed on its way from one attestor to another. Opens for nobody else. */
export interface SharedSeed {
  /** For whom. */
  readonly attestor: Address;
  readonly sealedSeed: Hex;
  /** 65 bytes, of the attestor that drew it. */
  readonly signature: Hex;
}

const TYPES = {
  SharedSeed: [
    { name: "request", type: "bytes32" },
    { name: "attestor", type: "address" },
    { name: "sealedSeed", type: "bytes" },
  ],
};

function digestOf(place: ProofPlace, request: Hex, { attestor, sealedSeed }: Omit<SharedSeed, "signature">): Hex {
  const domain = { name: "ERC-7857", version: "1", chainId: place.chainId, verifyingContract: place.contract };
  return TypedDataEncoder.hash(domain, TYPES, { request, attestor, sealedSeed }) as Hex;
}

/** Seals the seed of a request to another attestor, and signs that it is this one's. */
export function shareSeed(
  seed: Uint8Array,
  publicKey: Uint8Array,
  of: { readonly place: ProofPlace; readonly request: Hex; readonly key: AttestorKey },
  randomBytes: RandomBytes,
): SharedSeed {
  const sealed = { attestor: addressOfPublicKey(publicKey), sealedSeed: toHex(sealKey(seed, publicKey, randomBytes)) };
  return { ...sealed, signature: of.key.sign(digestOf(of.place, of.request, sealed)) };
}

/** Who signed a seed for this request; undefined when nobody can have. Whether it is an attestor is the caller's to ask. */
export function seedSigner(place: ProofPlace, request: Hex, shared: SharedSeed): Address | undefined {
  return recoverSigner(digestOf(place, request, shared), shared.signature);
}

/**
 * Opens a seed whose signer has been checked. The caller wipes it.
 * @throws {SharedSeedError} when it was sealed to another key.
 */
export function openSeed(shared: SharedSeed, key: AttestorKey): Uint8Array {
  try {
    return openKey(fromHex(shared.sealedSeed), key.privateKey);
  } catch (error) {
    if (error instanceof SealedKeyMalformedError || error instanceof SealedKeyNotOpenedError) {
      throw new SharedSeedError({ problem: "it does not open", attestor: shared.attestor }, error);
    }
    throw error;
  }
}
