/**
 * How private data is encrypted and its key handed to an owner. The whole format, in one file.
 *
 * Envelope, one for each datum, under a fresh 32-byte data key:
 *
 *     version 1 | token 32 | commitment 32 | nonce 12 | ciphertext | tag 16
 *
 *     HKDF-SHA256(data key, no salt, info "inft-v1") gives 64 bytes: AES key 32 | commitment 32
 *     AES-256-GCM(AES key, nonce, plaintext), associated data:
 *     version 1 | chain id 32 | contract 20 | token 32 | index 32       (integers big-endian)
 *
 * - `token` is the token id where it is known before the mint, as an inference's is, else a creator salt. It stands in
 *   the envelope so that the data can be opened without asking whoever made it. With chain, contract and index it ties
 *   the bytes to one place: copied into another token, or to another index, they do not open.
 * - `commitment` ties the bytes to one key. GCM alone does not: one ciphertext can be built that opens under two keys to
 *   two texts, and a seller could show a buyer one and an attestor the other.
 * - The version byte avoids 0x01 and 0x02, which open 0G Storage's own, unauthenticated encryption.
 *
 * Sealed key, 129 bytes, the box of 0G's attestor, sealed runtime and SDK (eciesjs, eciesgo, Rust `ecies`):
 *
 *     ephemeral public key 65 (0x04 X Y) | nonce 16 | tag 16 | ciphertext 32
 *
 *     HKDF-SHA256(ephemeral public key 65 ‖ shared point 65, no salt, no info) gives the AES key
 *     AES-256-GCM(AES key, nonce, data key), no associated data
 *
 * Bytes from a seed, so that several attestors who share one make the same envelopes and sealed keys. Draw number
 * `draw` (from 0) of `length` bytes under a label:
 *
 *     HKDF-SHA256(seed 32, salt "0g-sealing-seed-v1", info label (UTF-8) ‖ draw 4 ‖ length 4)      (integers big-endian)
 *
 * - Each draw stands for itself: one that is left out, or asks for another length, shifts nothing under other labels and
 *   repeats no bytes under its own. Who makes an envelope draws data key 32, nonce 12; who seals a key draws ephemeral
 *   private key 32 (again while it is none), nonce 16.
 * - A label is used once for a seed. It names all that may differ while the seed does not, or one key and nonce would
 *   encrypt two texts: see {@link seededRandomBytes}.
 */

import { createCipheriv } from "node:crypto";

import { gcm } from "@noble/ciphers/aes.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { equalBytes, numberToBytesBE } from "@noble/curves/utils.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

import { checksum, toHex, type Address, type Hex } from "../hex.ts";
import {
  EnvelopeTamperedError,
  EnvelopeVersionError,
  PublicKeyMalformedError,
  SealedKeyMalformedError,
  SealedKeyNotOpenedError,
  WrongDataKeyError,
} from "./errors.ts";

/** Cryptographically random bytes. Injected, so that vectors can be made, and attestors can agree. */
export type RandomBytes = (length: number) => Uint8Array;

export const ENVELOPE_VERSION = 0xe1;
export const DATA_KEY_BYTES = 32;
export const SEALED_KEY_BYTES = 129;
export const SEED_BYTES = 32;

const TOKEN_BYTES = 32;
const COMMITMENT_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + TOKEN_BYTES + COMMITMENT_BYTES + NONCE_BYTES;
const KEY_INFO = utf8ToBytes("inft-v1");
const SEED_SALT = utf8ToBytes("0g-sealing-seed-v1");

const POINT_BYTES = 65;
const BOX_NONCE_BYTES = 16;

/** The place an envelope belongs to. */
export interface EnvelopePlace {
  readonly chainId: number | bigint;
  readonly contract: Address;
  /** Position among the token's data. */
  readonly index: number;
}

export interface BoundPlace extends EnvelopePlace {
  /** 32 bytes: the token id if it is known before the mint, else a random creator salt. */
  readonly token: Hex;
}

export interface SealedEnvelope {
  readonly envelope: Uint8Array;
  readonly dataKey: Uint8Array;
}

function associatedData(place: EnvelopePlace, token: Uint8Array): Uint8Array {
  return concatBytes(
    Uint8Array.of(ENVELOPE_VERSION),
    numberToBytesBE(BigInt(place.chainId), 32),
    hexToBytes(place.contract.slice(2)),
    token,
    numberToBytesBE(BigInt(place.index), 32),
  );
}

function deriveKeys(dataKey: Uint8Array): { aesKey: Uint8Array; commitment: Uint8Array } {
  const derived = hkdf(sha256, dataKey, undefined, KEY_INFO, 32 + COMMITMENT_BYTES);
  return { aesKey: derived.subarray(0, 32), commitment: derived.subarray(32) };
}

/** Encrypts `plaintext` for `place` under a fresh data key. */
export function encryptData(plaintext: Uint8Array, place: BoundPlace, randomBytes: RandomBytes): SealedEnvelope {
  const dataKey = randomBytes(DATA_KEY_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const token = hexToBytes(place.token.slice(2));
  if (token.length !== TOKEN_BYTES) throw new RangeError(`an envelope is bound to ${TOKEN_BYTES} bytes`);
  const { aesKey, commitment } = deriveKeys(dataKey);
  const sealed = encryptGcm(aesKey, nonce, plaintext, associatedData(place, token));
  return { envelope: concatBytes(Uint8Array.of(ENVELOPE_VERSION), token, commitment, nonce, sealed), dataKey };
}

/**
 * What an envelope says it was made for: a token id or a creator salt. True only once {@link decryptData} opened it.
 * @throws {EnvelopeVersionError}
 */
export function envelopeToken(envelope: Uint8Array): Hex {
  assertEnvelope(envelope);
  return toHex(envelope.subarray(1, 1 + TOKEN_BYTES));
}

function assertEnvelope(envelope: Uint8Array): void {
  const [version] = envelope;
  if (version !== ENVELOPE_VERSION || envelope.length < HEADER_BYTES + TAG_BYTES) {
    throw new EnvelopeVersionError({ version, expected: ENVELOPE_VERSION, length: envelope.length });
  }
}

/**
 * Decrypts an envelope. The caller compares {@link envelopeToken} with the token id where that is a hash.
 * @throws {EnvelopeVersionError} when it is none, or of another version.
 * @throws {WrongDataKeyError} when it was made with another data key.
 * @throws {EnvelopeTamperedError} when it was altered, or made for another place.
 */
export function decryptData(envelope: Uint8Array, dataKey: Uint8Array, place: EnvelopePlace): Uint8Array {
  assertEnvelope(envelope);
  const token = envelope.subarray(1, 1 + TOKEN_BYTES);
  const nonce = envelope.subarray(HEADER_BYTES - NONCE_BYTES, HEADER_BYTES);
  const { aesKey, commitment } = deriveKeys(dataKey);
  if (!equalBytes(commitment, envelope.subarray(1 + TOKEN_BYTES, HEADER_BYTES - NONCE_BYTES))) {
    throw new WrongDataKeyError();
  }
  try {
    return gcm(aesKey, nonce, associatedData(place, token)).decrypt(envelope.subarray(HEADER_BYTES));
  } catch (error) {
    const { chainId, contract, index } = place;
    throw new EnvelopeTamperedError({ chainId: chainId.toString(), contract, token: toHex(token), index }, error);
  }
}

/**
 * A point of the curve from 33, 64 (X Y) or 65 bytes, in the 65-byte form.
 * @throws {PublicKeyMalformedError} for what is no point, and for the identity, which has no such encoding.
 */
export function publicKey65(publicKey: Uint8Array): Uint8Array {
  const encoded = publicKey.length === 64 ? concatBytes(Uint8Array.of(4), publicKey) : publicKey;
  try {
    return secp256k1.Point.fromBytes(encoded).toBytes(false);
  } catch (error) {
    throw new PublicKeyMalformedError({ length: publicKey.length }, error);
  }
}

/**
 * X ‖ Y, as proofs of ERC-7857 carry a key.
 * @throws {PublicKeyMalformedError}
 */
export function publicKey64(publicKey: Uint8Array): Uint8Array {
  return publicKey65(publicKey).subarray(1);
}

/**
 * The account of a public key: the last 20 bytes of the hash of X ‖ Y.
 * @throws {PublicKeyMalformedError}
 */
export function addressOfPublicKey(publicKey: Uint8Array): Address {
  return checksum(toHex(keccak_256(publicKey64(publicKey)).subarray(12)));
}

/** The public key of a private key, in the 65-byte form. */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  return secp256k1.getPublicKey(privateKey, false);
}

/** Draws a private key of secp256k1. */
export function drawPrivateKey(randomBytes: RandomBytes): Uint8Array {
  for (;;) {
    const candidate = randomBytes(32);
    if (secp256k1.utils.isValidSecretKey(candidate)) return candidate; // all but one in 2^128 are
  }
}

/** AES-256-GCM by Node itself, which is ten times as fast on what a token holds. The tag comes last. */
function encryptGcm(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated?: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  if (associated !== undefined) cipher.setAAD(associated);
  return concatBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** The recipient of the last box: a batch seals thousands to one, and a point with tables multiplies in a third of the time. */
let recipientOfLast: { readonly key: Uint8Array; readonly point: Point; times: number } | undefined;
/** From so many boxes on, the tables are worth making. */
const TABLES_FROM = 8;
const TABLE_WINDOW = 6;
type Point = InstanceType<typeof secp256k1.Point>;

function pointOf(publicKey: Uint8Array): Point {
  if (recipientOfLast === undefined || !equalBytes(recipientOfLast.key, publicKey)) {
    recipientOfLast = { key: Uint8Array.from(publicKey), point: secp256k1.Point.fromBytes(publicKey), times: 0 };
  }
  recipientOfLast.times += 1;
  if (recipientOfLast.times === TABLES_FROM) recipientOfLast.point.precompute(TABLE_WINDOW, false);
  return recipientOfLast.point;
}

/** Both inputs are valid: a key of the curve and a point on it. The group has prime order, so no point is weak. */
function boxKey(privateKey: Uint8Array, publicKey: Point, ephemeral: Uint8Array): Uint8Array {
  const scalar = secp256k1.Point.Fn.fromBytes(privateKey);
  const shared = publicKey.multiply(scalar).toBytes(false);
  return hkdf(sha256, concatBytes(ephemeral, shared), undefined, undefined, 32);
}

/**
 * Seals 32 secret bytes to a public key: a data key, or the seed that attestors share.
 * @throws {PublicKeyMalformedError} when `publicKey` is not a point of secp256k1.
 */
export function sealKey(dataKey: Uint8Array, publicKey: Uint8Array, randomBytes: RandomBytes): Uint8Array {
  if (dataKey.length !== DATA_KEY_BYTES) throw new RangeError(`a data key has ${DATA_KEY_BYTES} bytes`);
  const recipient = publicKey65(publicKey);
  const secret = drawPrivateKey(randomBytes);
  const ephemeral = publicKeyOf(secret);
  const nonce = randomBytes(BOX_NONCE_BYTES);
  const sealed = encryptGcm(boxKey(secret, pointOf(recipient), ephemeral), nonce, dataKey);
  // GCM puts the tag last; this box wants it before the ciphertext.
  return concatBytes(ephemeral, nonce, sealed.subarray(DATA_KEY_BYTES), sealed.subarray(0, DATA_KEY_BYTES));
}

/**
 * Opens what {@link sealKey} sealed.
 * @throws {SealedKeyMalformedError} when the box is not one.
 * @throws {SealedKeyNotOpenedError} when it was sealed to another key, or damaged.
 */
export function openKey(box: Uint8Array, privateKey: Uint8Array): Uint8Array {
  if (box.length !== SEALED_KEY_BYTES) throw new SealedKeyMalformedError(`it has ${box.length} bytes, not 129`);
  const ephemeral = box.subarray(0, POINT_BYTES);
  let key: Uint8Array;
  try {
    key = boxKey(privateKey, secp256k1.Point.fromBytes(publicKey65(ephemeral)), ephemeral);
  } catch (error) {
    if (!(error instanceof PublicKeyMalformedError)) throw error;
    throw new SealedKeyMalformedError("its ephemeral key is not a point of secp256k1", error);
  }
  const nonce = box.subarray(POINT_BYTES, POINT_BYTES + BOX_NONCE_BYTES);
  const tag = box.subarray(POINT_BYTES + BOX_NONCE_BYTES, POINT_BYTES + BOX_NONCE_BYTES + TAG_BYTES);
  const ciphertext = box.subarray(POINT_BYTES + BOX_NONCE_BYTES + TAG_BYTES);
  try {
    return gcm(key, nonce).decrypt(concatBytes(ciphertext, tag));
  } catch (error) {
    throw new SealedKeyNotOpenedError(error);
  }
}

/**
 * Random bytes that whoever knows the seed can draw again. The label says for what: the request they serve, the datum's
 * index and the purpose. Under one label of one seed the same draws give the same bytes in every call of this function.
 */
export function seededRandomBytes(seed: Uint8Array, label: string): RandomBytes {
  if (seed.length !== SEED_BYTES) throw new RangeError(`a seed has ${SEED_BYTES} bytes`);
  const name = utf8ToBytes(label);
  let draws = 0;
  return (length) => {
    const info = concatBytes(name, numberToBytesBE(draws++, 4), numberToBytesBE(length, 4));
    return hkdf(sha256, seed, SEED_SALT, info, length);
  };
}
