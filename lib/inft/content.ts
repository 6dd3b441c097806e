/** What a minted inference holds: the exact bytes of request and response, encrypted and sealed to the owner. */

import { z } from "zod";

import { ResultNotMintableError } from "../compute/errors.ts";
import { receiptSchema, type Receipt } from "../compute/receipt-schema.ts";
import { mintableBytes } from "../compute/receipt.ts";
import { fromHex, toHex, type Address, type Hex } from "../hex.ts";
import {
  decryptData,
  encryptData,
  envelopeToken,
  openKey,
  sealKey,
  seededRandomBytes,
  type BoundPlace,
  type RandomBytes,
} from "../sealing/index.ts";
import { StorageRootMismatchError } from "../storage/errors.ts";
import { storageRoot } from "../storage/merkle.ts";
import { ContentMalformedError, ContentMisplacedError } from "./errors.ts";

export const CONTENT_KIND = "0g-inference-content";
/** Of a request and a response alone, as the first releases minted it, and as is minted without a receipt. */
export const CONTENT_VERSION = 1;
/** Of a whole receipt, in which they are. */
export const RECEIPT_CONTENT_VERSION = 2;
/** The `dataDescription` of such a datum: a media type, below 32 characters so that the chain keeps it in one slot. */
export const CONTENT_DESCRIPTION = "application/vnd.0g.inference";

export interface InferenceContent {
  /** The bytes whose hashes were signed. */
  readonly request: Uint8Array;
  readonly response: Uint8Array;
  /** From which they come, with everything needed to check them again. */
  readonly receipt?: Receipt;
}

/** A datum ready to be minted, and the ciphertext to keep. */
export interface SealedDatum {
  /** The encrypted bytes; `dataHash` is their 0G storage root. */
  readonly ciphertext: Uint8Array;
  readonly dataHash: Hex;
  /** 129 bytes: the data key, sealed to the owner. */
  readonly sealedKey: Hex;
}

const contentSchema = z.discriminatedUnion("version", [
  z.strictObject({
    kind: z.literal(CONTENT_KIND),
    version: z.literal(CONTENT_VERSION),
    request: z.base64(),
    response: z.base64(),
  }),
  z.strictObject({
    kind: z.literal(CONTENT_KIND),
    version: z.literal(RECEIPT_CONTENT_VERSION),
    receipt: receiptSchema,
  }),
]);

/** What a receipt proves, as the content of a token. @throws {ResultNotMintableError} */
export function contentOfReceipt(receipt: Receipt): InferenceContent {
  return { ...mintableBytes(receipt), receipt };
}

/** The plaintext document: JSON with the receipt, or without one with both byte strings in base64. */
export function encodeContent({ request, response, receipt }: InferenceContent): Uint8Array {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  const document =
    receipt === undefined
      ? { version: CONTENT_VERSION, request: base64(request), response: base64(response) }
      : { version: RECEIPT_CONTENT_VERSION, receipt };
  return new TextEncoder().encode(JSON.stringify({ kind: CONTENT_KIND, ...document }));
}

/**
 * Parses the plaintext document.
 * @throws {ContentMalformedError}
 */
export function decodeContent(plaintext: Uint8Array): InferenceContent {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(plaintext));
  } catch (error) {
    throw new ContentMalformedError("it is not JSON", error);
  }
  const parsed = contentSchema.safeParse(json);
  if (!parsed.success) throw new ContentMalformedError(z.prettifyError(parsed.error), parsed.error);
  if (parsed.data.version === RECEIPT_CONTENT_VERSION) return contentFrom(parsed.data.receipt);
  const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
  return { request: bytes(parsed.data.request), response: bytes(parsed.data.response) };
}

/** @throws {ContentMalformedError} for a receipt of what cannot be minted. */
function contentFrom(receipt: Receipt): InferenceContent {
  try {
    return contentOfReceipt(receipt);
  } catch (error) {
    if (!(error instanceof ResultNotMintableError)) throw error;
    throw new ContentMalformedError("its receipt is of what cannot be minted", error);
  }
}

/** A token id as the 32 bytes that an envelope is bound to. */
export function tokenBytes(tokenId: bigint): Hex {
  return `0x${tokenId.toString(16).padStart(64, "0")}`;
}

/**
 * Encrypts bytes for one place under a fresh key, and seals that key to the owner.
 * @throws {PublicKeyMalformedError}
 */
export function sealDatum(
  plaintext: Uint8Array,
  place: BoundPlace,
  ownerPublicKey: Uint8Array,
  randomBytes: RandomBytes,
): SealedDatum {
  return seal(plaintext, place, ownerPublicKey, { envelope: randomBytes, sealedKey: randomBytes });
}

/**
 * Like {@link sealDatum}, and the same for everybody who has the 32-byte seed: attestors who re-encrypt one datum come to
 * one ciphertext, one hash and one sealed key.
 * @param place For a transfer with the token's id; for a clone, whose id is not known yet, with `request` in its stead.
 * @param request What the seed serves, e.g. the digest of the signed request. It must commit to the plaintext's hash, the
 *   place and the recipient: two texts under one seed, request and index would share a key and a nonce.
 * @throws {PublicKeyMalformedError}
 */
export function sealDatumFromSeed(
  plaintext: Uint8Array,
  place: BoundPlace,
  recipientPublicKey: Uint8Array,
  { seed, request }: { readonly seed: Uint8Array; readonly request: Hex },
): SealedDatum {
  const random = (purpose: string) => seededRandomBytes(seed, `${request}/${place.index}/${purpose}`);
  return seal(plaintext, place, recipientPublicKey, { envelope: random("envelope"), sealedKey: random("sealed key") });
}

function seal(
  plaintext: Uint8Array,
  place: BoundPlace,
  publicKey: Uint8Array,
  random: { readonly envelope: RandomBytes; readonly sealedKey: RandomBytes },
): SealedDatum {
  const { envelope, dataKey } = encryptData(plaintext, place, random.envelope);
  try {
    const sealedKey = toHex(sealKey(dataKey, publicKey, random.sealedKey));
    return { ciphertext: envelope, dataHash: storageRoot(envelope), sealedKey };
  } finally {
    dataKey.fill(0);
  }
}

export interface OpenParams {
  readonly ciphertext: Uint8Array;
  /** As the token lists it. */
  readonly dataHash: Hex;
  readonly sealedKey: Hex;
  readonly privateKey: Uint8Array;
  readonly chainId: number;
  readonly contract: Address;
  readonly tokenId: bigint;
  readonly index: number;
}

/** Ids that the contract counts are below it; those of inferences are hashes, and salts are random. */
const COUNTED_IDS = 2n ** 64n;

/**
 * Requires that an envelope may be of this token, as far as that can be seen from outside.
 * @throws {ContentMisplacedError} when it names the id of another one. {@link EnvelopeVersionError}
 */
export function requirePlacedIn(ciphertext: Uint8Array, tokenId: bigint): void {
  const bound = envelopeToken(ciphertext);
  if (BigInt(bound) < COUNTED_IDS && bound !== tokenBytes(tokenId)) {
    throw new ContentMisplacedError({ expected: tokenBytes(tokenId), actual: bound });
  }
}

/**
 * Opens a sealed datum with the owner's key. It may be bound to the token's id or to a salt, which nobody can tell from
 * another token's hash: that it belongs to this token is what the data hash on chain says.
 * @throws {StorageRootMismatchError} when the ciphertext is not the one the token lists.
 * @throws {ContentMisplacedError} when it was made for another token, as far as its id shows that.
 * @throws {SealedKeyNotOpenedError} {@link SealedKeyMalformedError} {@link WrongDataKeyError}
 * @throws {EnvelopeVersionError} {@link EnvelopeTamperedError}
 */
export function openDatum(params: OpenParams): Uint8Array {
  const { ciphertext, dataHash, tokenId, chainId, contract, index } = params;
  const actual = ciphertext.length === 0 ? "0x" : storageRoot(ciphertext);
  if (actual !== dataHash) throw new StorageRootMismatchError({ expected: dataHash, actual, where: "the ciphertext" });
  requirePlacedIn(ciphertext, tokenId);
  const dataKey = openKey(fromHex(params.sealedKey), params.privateKey);
  return decryptData(ciphertext, dataKey, { chainId, contract, index });
}
