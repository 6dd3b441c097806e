/**
 * What goes over HTTP between an owner and an attestor. Formats only: what they mean is checked by `reencrypt` on one
 * side and by `client` on the other.
 *
 *     GET  /v1/attestor            who it is
 *     POST /v1/reencrypt           a request as below; answers a re-encryption, or {"error": {code, message, remedy}}
 *     GET  /v1/objects/<data hash>?contract=0x…&token=<id>   the bytes of a ciphertext it made, while the chain lists
 *                                  that hash for that token
 *
 * What the owner signs (`reencryptionRequestDigest`) is not repeated in the body: it follows from the access proof.
 */

import { z } from "zod";

import { addressSchema, hashSchema } from "../../hex-schema.ts";
import { isHex, type Address, type Hex } from "../../hex.ts";
import { SEALED_KEY_BYTES } from "../../sealing/index.ts";
import { parseAccessProof, serializeAccessProof, type AccessProof } from "../proof-access.ts";
import { accessDigest, reencryptionRequestDigest, reencryptionRequestTypedData, type TypedData } from "../proof.ts";
import { AttestorRequestError } from "./errors.ts";
import type { AttestorLimits } from "./limits.ts";
import type { SharedSeed } from "./seed.ts";

export const ATTESTOR_PROTOCOL = "0g-inft-attestor";
export const ATTESTOR_VERSION = 2;
/** What every attestor of this project calls itself: it runs in no TEE, and nothing proves which code it runs. */
export const DEVELOPMENT_KIND = "development";

/** Who an attestor says it is. `address` follows from `publicKey`; a verifier's list says whether it counts. */
export interface AttestorDescription {
  /** `development`, or what another implementation calls itself. */
  readonly kind: string;
  readonly version: number;
  readonly chainId: number;
  readonly address: Address;
  /** 65 bytes. Boxes are sealed to it. */
  readonly publicKey: Hex;
  readonly limits: AttestorLimits;
}

/** What an owner asks. */
export interface AttestorRequest {
  /** The receiver's side; the terms of the request are its terms. */
  readonly access: AccessProof;
  /** The owner's, over `reencryptionRequestDigest`. */
  readonly signature: Hex;
  /** One a datum: `sealForAttestor`. */
  readonly boxes: readonly Hex[];
  /** One a datum; undefined where the attestor keeps it already. */
  readonly ciphertexts: readonly (Uint8Array | undefined)[];
  /** Public keys of the other attestors that will sign: the seed is to be shared with them. */
  readonly peers: readonly Hex[];
  /** The seed that another attestor shared. Absent: this one draws it. */
  readonly seed?: SharedSeed;
}

/** What an attestor answers. Holds no key that the receiver alone could not open, and no plaintext. */
export interface Reencryption {
  readonly newDataHashes: readonly Hex[];
  /** The fresh data keys, sealed to `encryptedPubKey`. */
  readonly sealedKeys: readonly Hex[];
  /** 64 bytes: X and Y. */
  readonly encryptedPubKey: Hex;
  /** Of the ownership proof, 65 bytes. */
  readonly signature: Hex;
  /** One for each peer, in the order asked for. */
  readonly sealedSeeds: readonly SharedSeed[];
  /**
   * The new ciphertexts, one a datum: for the owner, who publishes them when they may be public. Those who were brought a
   * seed make the same ones, and send none.
   */
  readonly ciphertexts: readonly Uint8Array[];
}

/** What the owner signs for the access proof at hand. */
export function requestOf(access: AccessProof) {
  const { action, tokenId, sequence, to, deadline, oldDataHashes } = access;
  const digest = accessDigest(access, access);
  return { action, tokenId, sequence, to, deadline, dataHashes: oldDataHashes, accessDigest: digest };
}

/** The typed data that the owner signs. */
export function requestTypedData(access: AccessProof): TypedData {
  return reencryptionRequestTypedData(access, requestOf(access));
}

/** The 32 bytes that the owner signs; the name under which everything of this request is made. */
export function requestDigest(access: AccessProof): Hex {
  return reencryptionRequestDigest(access, requestOf(access));
}

const bytesSchema = (minimum: number, maximum: number) =>
  z.custom<Hex>(
    (value) => isHex(value) && value.length >= 2 + 2 * minimum && value.length <= 2 + 2 * maximum,
    minimum === maximum ? `not ${minimum} bytes` : `not ${minimum} to ${maximum} bytes`,
  );
/** Without a regular expression: on megabytes one runs out of stack. Node skips what is no base64, so less comes out. */
const base64Schema = z.string().transform((text, context) => {
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (text.length % 4 === 0 && bytes.length === (text.length / 4) * 3 - padding) return bytes;
  context.addIssue("not base64");
  return z.NEVER;
});
/** Contract accounts decide for themselves how long their signatures are. */
const MAX_SIGNATURE_BYTES = 16_384;
const seedSchema = z.strictObject({
  attestor: addressSchema,
  sealedSeed: bytesSchema(SEALED_KEY_BYTES, SEALED_KEY_BYTES),
  signature: bytesSchema(65, 65),
});

const requestSchema = z.strictObject({
  access: z.unknown(),
  signature: bytesSchema(1, MAX_SIGNATURE_BYTES),
  boxes: z.array(bytesSchema(SEALED_KEY_BYTES, SEALED_KEY_BYTES)).max(255),
  ciphertexts: z.array(base64Schema.nullable()).max(255),
  peers: z.array(bytesSchema(33, 65)).max(255),
  seed: seedSchema.optional(),
});

/**
 * Parses the body of a request, as JSON made of it.
 * @throws {AttestorRequestError} naming the field. {@link AccessProofMalformedError}
 */
export function parseRequest(body: unknown): AttestorRequest {
  const parsed = requestSchema.safeParse(body);
  if (!parsed.success) throw new AttestorRequestError(z.prettifyError(parsed.error), parsed.error);
  const { access, ciphertexts, seed, ...rest } = parsed.data;
  return {
    ...rest,
    access: parseAccessProof(JSON.stringify(access)),
    ciphertexts: ciphertexts.map((bytes) => bytes ?? undefined),
    ...(seed === undefined ? {} : { seed }),
  };
}

/** The body that {@link parseRequest} reads. */
export function serializeRequest(request: AttestorRequest): string {
  const { access, ciphertexts, ...rest } = request;
  return JSON.stringify({
    ...rest,
    access: JSON.parse(serializeAccessProof(access)) as unknown,
    ciphertexts: ciphertexts.map((bytes) => (bytes === undefined ? null : Buffer.from(bytes).toString("base64"))),
  });
}

/** An answer as it goes over HTTP. */
export function serializeReencryption({ ciphertexts, ...rest }: Reencryption): string {
  const base64 = ciphertexts.map((bytes) => Buffer.from(bytes).toString("base64"));
  return JSON.stringify({ ...rest, ciphertexts: base64 });
}

/** Bytes that a body may have: ciphertexts in base64, and everything else, generously. */
export function maxBodyBytes({ maxBytes }: Pick<AttestorLimits, "maxBytes">): number {
  return Math.ceil(maxBytes / 3) * 4 + 512 * 1024;
}

const count = z.int().positive();
/** Open to fields of later versions. */
export const descriptionSchema = z.object({
  protocol: z.literal(ATTESTOR_PROTOCOL),
  version: z.literal(ATTESTOR_VERSION),
  kind: z.string().min(1).max(64),
  chainId: count,
  address: addressSchema,
  publicKey: bytesSchema(65, 65),
  limits: z.object({ maxBytes: count, maxDeadlineSeconds: count, maxPeers: z.int().min(0) }),
});

export const reencryptionSchema = z.object({
  newDataHashes: z.array(hashSchema).min(1).max(255),
  sealedKeys: z.array(bytesSchema(SEALED_KEY_BYTES, SEALED_KEY_BYTES)).min(1).max(255),
  encryptedPubKey: bytesSchema(64, 64),
  signature: bytesSchema(65, 65),
  sealedSeeds: z.array(seedSchema).max(255),
  ciphertexts: z.array(base64Schema).max(255),
});

export const refusalSchema = z.object({
  error: z.object({
    code: z.string().regex(/^ZG_[A-Z0-9_]{1,60}$/),
    message: z.string(),
    remedy: z.string(),
  }),
});
