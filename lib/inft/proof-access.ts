/** The receiver's side of a transfer or clone as a document: signed on one machine, checked and used on another. */

import { SigningKey, dataSlice, type Signer } from "ethers";
import { z } from "zod";

import { addressSchema, hashSchema } from "../hex-schema.ts";
import { isHex, type Address, type Hex } from "../hex.ts";
import {
  AccessProofExpiredError,
  AccessProofKeyError,
  AccessProofMalformedError,
  AccessProofMismatchError,
  AccessProofSignerError,
} from "./proof-errors.ts";
import {
  OPEN_HASH,
  PROOF_ACTION,
  accessDigest,
  accessTypedData,
  type AccessMessage,
  type ProofAction,
  type ProofPlace,
  type SignedAccess,
} from "./proof.ts";
import { parseSignature, recoverSigner } from "./proof-signatures.ts";

export const ACCESS_PROOF_KIND = "erc7857-access-proof";
export const ACCESS_PROOF_VERSION = 1;

/** Everything the sender needs of the receiver. Holds no secret; whoever has it can only give the receiver the data. */
export interface AccessProof extends ProofPlace, SignedAccess {}

/** Decimal, below two to the power of `bits`. */
const integer = (bits: number) =>
  z
    .string()
    .regex(/^(?:0|[1-9]\d{0,77})$/, { error: "not a decimal integer", abort: true })
    .transform(BigInt)
    .refine((value) => value < 1n << BigInt(bits), `does not fit in ${bits} bits`);
const hexBytes = z.string().refine(isHex, "not hexadecimal bytes");

const accessProofSchema = z
  .strictObject({
    kind: z.literal(ACCESS_PROOF_KIND),
    version: z.literal(ACCESS_PROOF_VERSION),
    chainId: z.int().positive(),
    contract: addressSchema,
    action: z.enum(Object.keys(PROOF_ACTION) as [ProofAction, ...ProofAction[]]),
    tokenId: integer(256),
    sequence: integer(24),
    to: addressSchema,
    oldDataHashes: z.array(hashSchema).min(1).max(255),
    newDataHashes: z.array(hashSchema).min(1).max(255),
    encryptedPubKey: hexBytes.refine((key) => key.length === 2 || key.length === 130, "neither empty nor 64 bytes"),
    deadline: integer(48),
    signature: hexBytes.refine((signature) => signature.length > 2, "empty"),
  })
  .refine((proof) => proof.oldDataHashes.length === proof.newDataHashes.length, {
    error: "not as many as oldDataHashes",
    path: ["newDataHashes"],
  });

/**
 * Parses an access proof from the text of a file.
 * @throws {AccessProofMalformedError}
 */
export function parseAccessProof(text: string): AccessProof {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new AccessProofMalformedError("it is not JSON", error);
  }
  const parsed = accessProofSchema.safeParse(json);
  if (!parsed.success) throw new AccessProofMalformedError(z.prettifyError(parsed.error), parsed.error);
  const { kind: _kind, version: _version, ...proof } = parsed.data;
  return proof;
}

/** The text of a file that {@link parseAccessProof} reads. */
export function serializeAccessProof(proof: AccessProof): string {
  const document: z.input<typeof accessProofSchema> = {
    kind: ACCESS_PROOF_KIND,
    version: ACCESS_PROOF_VERSION,
    chainId: proof.chainId,
    contract: proof.contract,
    action: proof.action,
    tokenId: proof.tokenId.toString(),
    sequence: proof.sequence.toString(),
    to: proof.to,
    oldDataHashes: [...proof.oldDataHashes],
    newDataHashes: [...proof.newDataHashes],
    encryptedPubKey: proof.encryptedPubKey,
    deadline: proof.deadline.toString(),
    signature: proof.signature,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Signs the receiver's side, as the receiver or its delegate. Grants nothing but the one transfer it names. */
export async function signAccessProof(
  signer: Pick<Signer, "signTypedData">,
  place: ProofPlace,
  message: AccessMessage,
): Promise<AccessProof> {
  const { domain, types, message: values } = accessTypedData(place, message);
  const signature = (await signer.signTypedData(domain, types, values)) as Hex;
  return { ...message, chainId: place.chainId, contract: place.contract, signature };
}

/** What a transfer to be made is about; what an access proof must fit. */
export type ExpectedAccess = ProofPlace &
  Pick<AccessMessage, "action" | "tokenId" | "sequence" | "to" | "oldDataHashes">;

/**
 * Requires that an access proof is about this very transfer, and that its time is not over.
 * @param now Unix seconds, best the chain's.
 * @throws {AccessProofMismatchError} {@link AccessProofExpiredError}
 */
export function requireAccessFor(proof: AccessProof, expected: ExpectedAccess, now: bigint): void {
  for (const field of ["chainId", "contract", "action", "tokenId", "sequence", "to"] as const) {
    if (proof[field] !== expected[field]) throw mismatch(field, proof[field], expected[field]);
  }
  if (proof.oldDataHashes.length !== expected.oldDataHashes.length) {
    throw mismatch("number of data", proof.oldDataHashes.length, expected.oldDataHashes.length);
  }
  expected.oldDataHashes.forEach((hash, index) => {
    if (proof.oldDataHashes[index] !== hash) {
      throw mismatch(`oldDataHashes[${index}]`, proof.oldDataHashes[index], hash);
    }
  });
  if (now > proof.deadline) throw new AccessProofExpiredError({ deadline: proof.deadline, now });
}

function mismatch(field: string, signed: unknown, expected: unknown): AccessProofMismatchError {
  return new AccessProofMismatchError({ field, signed: String(signed), expected: String(expected) });
}

/** What {@link verifyAccessProof} asks the chain, and only when a signature is not the receiver's own. */
export interface AccessChain {
  /** `getDelegateAccess` of the token; undefined when there is none. */
  readonly delegateOf: (receiver: Address) => Promise<Address | undefined>;
  /** `isValidSignature` of ERC-1271; false for an account without code. */
  readonly isValidSignature: (account: Address, digest: Hex, signature: Hex) => Promise<boolean>;
}

/** Who answers for an access proof. */
export interface AccessSigner {
  /** The receiver or its delegate. */
  readonly signer: Address;
  readonly by: "receiver" | "delegate";
  /** Whether its own key signed, or its contract said so (ERC-1271). */
  readonly scheme: "ecdsa" | "erc1271";
}

/**
 * Finds out who signed an access proof, in the order of the verifier contract: the receiver's key, its delegate's key,
 * the receiver's contract, its delegate's contract. Says nothing about what the proof is about:
 * see {@link requireAccessFor}.
 * @throws {AccessProofSignerError} when it was none of them.
 */
export async function verifyAccessProof(proof: AccessProof, chain: AccessChain): Promise<AccessSigner> {
  const digest = accessDigest(proof, proof);
  const signer = recoverSigner(digest, proof.signature);
  if (signer === proof.to) return { signer, by: "receiver", scheme: "ecdsa" };

  const delegate = await chain.delegateOf(proof.to);
  if (signer !== undefined && signer === delegate) return { signer, by: "delegate", scheme: "ecdsa" };
  if (await chain.isValidSignature(proof.to, digest, proof.signature)) {
    return { signer: proof.to, by: "receiver", scheme: "erc1271" };
  }
  if (delegate !== undefined && (await chain.isValidSignature(delegate, digest, proof.signature))) {
    return { signer: delegate, by: "delegate", scheme: "erc1271" };
  }
  throw new AccessProofSignerError({
    receiver: proof.to,
    ...(delegate === undefined ? {} : { delegate }),
    ...(signer === undefined ? {} : { signer }),
  });
}

/**
 * The 64 bytes X and Y of the key that an access proof wants its data sealed to: the one it names, or the receiver's own,
 * recovered from the signature.
 * @throws {AccessProofKeyError} when it names none and another key than the receiver's signed.
 */
export function sealingKeyOf(proof: AccessProof): Hex {
  if (proof.encryptedPubKey !== "0x") return proof.encryptedPubKey;
  const digest = accessDigest(proof, proof);
  const signer = recoverSigner(digest, proof.signature);
  const signature = parseSignature(proof.signature);
  if (signer !== proof.to || signature === undefined) {
    throw new AccessProofKeyError({ receiver: proof.to, ...(signer === undefined ? {} : { signer }) });
  }
  return dataSlice(SigningKey.recoverPublicKey(digest, signature), 1) as Hex;
}

/** New hashes of an access proof that leaves all of them to the attestors: what a receiver signs beforehand. */
export function openHashes(count: number): Hex[] {
  return Array.from({ length: count }, () => OPEN_HASH);
}
