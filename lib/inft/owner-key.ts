/** The public key of an owner: an address is only its hash, and data is sealed to the key itself. */

import { SigningKey, computeAddress, hashMessage, isError, type BaseWallet, type Signer } from "ethers";

import { UsageError } from "../errors.ts";
import { checksum, fromHex, isHex, type Address, type Hex } from "../hex.ts";
import { PublicKeyMalformedError } from "../sealing/errors.ts";
import { addressOfPublicKey, publicKey65 } from "../sealing/index.ts";
import { PublicKeyUnavailableError } from "./errors.ts";

/** What an account signs to show its public key. It grants nothing. */
export function publicKeyMessage(address: Address): string {
  return `Show my public key, so that private data can be sealed to it.\n\nAccount: ${address}`;
}

function hasSigningKey(signer: Signer): signer is BaseWallet {
  return "signingKey" in signer;
}

/**
 * The uncompressed public key (65 bytes) of a signer's account: from its private key if it is local, else recovered from
 * a message it signs.
 * @throws {PublicKeyUnavailableError} when it will not sign, or is a contract account.
 */
export async function ownerPublicKey(signer: Signer): Promise<Uint8Array> {
  if (hasSigningKey(signer)) return fromHex(signer.signingKey.publicKey as Hex);
  const address = checksum(await signer.getAddress());
  let signature: string;
  try {
    signature = await signer.signMessage(publicKeyMessage(address));
  } catch (error) {
    throw new PublicKeyUnavailableError({ address }, error);
  }
  return recoverPublicKey(address, signature);
}

/**
 * The public key behind a signature of {@link publicKeyMessage}.
 * @throws {PublicKeyUnavailableError} when it is another account's.
 */
export function recoverPublicKey(address: Address, signature: string): Uint8Array {
  let publicKey: string;
  try {
    publicKey = SigningKey.recoverPublicKey(hashMessage(publicKeyMessage(address)), signature);
  } catch (error) {
    if (!isError(error, "INVALID_ARGUMENT")) throw error;
    throw new PublicKeyUnavailableError({ address }, error);
  }
  const recovered = checksum(computeAddress(publicKey));
  if (recovered !== address) throw new PublicKeyUnavailableError({ address, recovered });
  return fromHex(publicKey as Hex);
}

/**
 * Parses a public key a person gives for `address`.
 * @throws {UsageError} when it is none, or another account's.
 */
export function parsePublicKey(text: string, address?: Address): Uint8Array {
  let publicKey: Uint8Array;
  try {
    publicKey = publicKey65(isHex(text) ? fromHex(text) : new Uint8Array(0));
  } catch (error) {
    if (!(error instanceof PublicKeyMalformedError)) throw error;
    throw new UsageError({
      message: "What was given is not a public key",
      remedy: "Give 0x and 66 (compressed), 128 (X and Y) or 130 hexadecimal digits. Never a private key.",
      details: { length: text.length },
      cause: error,
    });
  }
  const owner = addressOfPublicKey(publicKey);
  if (address !== undefined && owner !== address) {
    throw new UsageError({
      message: `This public key belongs to ${owner}, not to ${address}`,
      remedy: "Ask the recipient for the public key of that very account.",
      details: { publicKey: text, owner, address },
    });
  }
  return publicKey;
}
