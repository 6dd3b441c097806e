/**
 * The proofs of a transfer or clone, as contracts/verifier/TransferVerifier.sol checks them. Pure: formats and digests.
 *
 * The receiver signs that it wants the data (access), attestors sign that they re-encrypted it for the receiver
 * (ownership). One EIP-712 signature a side covers all data of a token.
 */

import { TypedDataEncoder, concat, dataSlice, toBeHex, type TypedDataDomain, type TypedDataField } from "ethers";

import { checksum, type Address, type Hex } from "../hex.ts";
import { ProofSidesDifferError } from "./proof-errors.ts";

/** What a proof lets happen, as its first byte says it. */
export const PROOF_ACTION = { transfer: 1, clone: 2 } as const;
export type ProofAction = keyof typeof PROOF_ACTION;

/** The access side leaves a new hash to the attestors by naming this one. */
export const OPEN_HASH: Hex = `0x${"00".repeat(32)}`;

/** `OracleType.TEE`: the only kind of vouching there is a verifier for. */
export const ORACLE_TEE = 0;

/** Which token contract: the EIP-712 domain of everything here. */
export interface ProofPlace {
  readonly chainId: number;
  /** The token contract, not the verifier. */
  readonly contract: Address;
}

/** What both sides of a proof are about. */
export interface ProofTerms {
  readonly action: ProofAction;
  readonly tokenId: bigint;
  /** The token's sequence number now. It counts up with every use, so a proof serves once. */
  readonly sequence: bigint;
  /** Who receives. */
  readonly to: Address;
  /** Unix seconds; the proof holds up to and including it. */
  readonly deadline: bigint;
}

/** What the receiver, or its delegate, signs. */
export interface AccessMessage extends ProofTerms {
  readonly oldDataHashes: readonly Hex[];
  /** As many as old ones; {@link OPEN_HASH} where the receiver leaves it to the attestors. */
  readonly newDataHashes: readonly Hex[];
  /** The 64 bytes X and Y of the key to seal to; `0x` for the key of `to` itself. */
  readonly encryptedPubKey: Hex;
}

/** What each attestor signs. */
export interface OwnershipMessage extends ProofTerms {
  readonly oldDataHashes: readonly Hex[];
  readonly newDataHashes: readonly Hex[];
  /** The fresh data keys, each sealed to `encryptedPubKey`. */
  readonly sealedKeys: readonly Hex[];
  /** The 64 bytes X and Y of the key sealed to. Never empty. */
  readonly encryptedPubKey: Hex;
}

/** What an owner asks an attestor for. It moves nothing: it lets the attestor open a key sealed to it. */
export interface ReencryptionRequest extends ProofTerms {
  readonly dataHashes: readonly Hex[];
  /** {@link accessDigest} of the receiver's side. */
  readonly accessDigest: Hex;
}

/** As `signer.signTypedData(domain, types, message)` of ethers takes it. */
export interface TypedData {
  readonly domain: TypedDataDomain;
  readonly types: Record<string, TypedDataField[]>;
  readonly message: Record<string, unknown>;
}

const field = (declaration: string): TypedDataField => {
  const [type = "", name = ""] = declaration.split(" ");
  return { type, name };
};
const TERMS = ["uint8 action", "uint256 tokenId", "uint256 sequence", "address to"];

const ACCESS_TYPES = {
  AccessProof: [
    ...TERMS,
    "bytes32[] oldDataHashes",
    "bytes32[] newDataHashes",
    "bytes encryptedPubKey",
    "uint256 deadline",
  ].map(field),
};
const OWNERSHIP_TYPES = {
  OwnershipProof: [
    ...TERMS,
    "bytes32[] oldDataHashes",
    "bytes32[] newDataHashes",
    "bytes[] sealedKeys",
    "bytes encryptedPubKey",
    "uint256 deadline",
  ].map(field),
};
const REQUEST_TYPES = {
  ReencryptionRequest: [...TERMS, "bytes32[] dataHashes", "bytes32 accessDigest", "uint256 deadline"].map(field),
};

function typedData(
  { chainId, contract }: ProofPlace,
  types: Record<string, TypedDataField[]>,
  { action, ...message }: ProofTerms,
): TypedData {
  const [fields = []] = Object.values(types);
  const values: Record<string, unknown> = { ...message, action: PROOF_ACTION[action] };
  return {
    domain: { name: "ERC-7857", version: "1", chainId, verifyingContract: contract },
    types,
    // Only what the type names: callers pass documents that hold more.
    message: Object.fromEntries(fields.map(({ name }) => [name, values[name]])),
  };
}

function digestOf({ domain, types, message }: TypedData): Hex {
  return TypedDataEncoder.hash(domain, types, message) as Hex;
}

/** The receiver's side as EIP-712 typed data. */
export function accessTypedData(place: ProofPlace, message: AccessMessage): TypedData {
  return typedData(place, ACCESS_TYPES, message);
}

/** The attestors' side as EIP-712 typed data. */
export function ownershipTypedData(place: ProofPlace, message: OwnershipMessage): TypedData {
  return typedData(place, OWNERSHIP_TYPES, message);
}

/** An owner's request to an attestor as EIP-712 typed data. */
export function reencryptionRequestTypedData(place: ProofPlace, request: ReencryptionRequest): TypedData {
  return typedData(place, REQUEST_TYPES, request);
}

/** The 32 bytes that the receiver or its delegate signs. */
export function accessDigest(place: ProofPlace, message: AccessMessage): Hex {
  return digestOf(accessTypedData(place, message));
}

/** The 32 bytes that each attestor signs. */
export function ownershipDigest(place: ProofPlace, message: OwnershipMessage): Hex {
  return digestOf(ownershipTypedData(place, message));
}

/** The 32 bytes that an owner signs to ask an attestor. */
export function reencryptionRequestDigest(place: ProofPlace, request: ReencryptionRequest): Hex {
  return digestOf(reencryptionRequestTypedData(place, request));
}

/** action (1 byte) | deadline (6) | sequence (3) | to (20) | token id (32): contracts/verifier/TransferProof.sol. */
export function proofNonce({ action, deadline, sequence, to, tokenId }: ProofTerms): Hex {
  return concat([
    toBeHex(PROOF_ACTION[action], 1),
    toBeHex(deadline, 6),
    toBeHex(sequence, 3),
    to,
    toBeHex(tokenId, 32),
  ]) as Hex;
}

/** What a nonce says; undefined when it is not 62 bytes, or of an action there is not. */
export function decodeProofNonce(nonce: Hex): ProofTerms | undefined {
  if (!/^0x[0-9a-fA-F]{124}$/.test(nonce)) return undefined;
  const number = (start: number, end: number) => BigInt(dataSlice(nonce, start, end));
  const code = number(0, 1);
  const action = (Object.keys(PROOF_ACTION) as ProofAction[]).find((name) => BigInt(PROOF_ACTION[name]) === code);
  if (action === undefined) return undefined;
  return {
    action,
    deadline: number(1, 7),
    sequence: number(7, 10),
    to: checksum(dataSlice(nonce, 10, 30)),
    tokenId: number(30, 62),
  };
}

/** `TransferValidityProof` of the final standard, as ethers encodes it. */
export interface TransferValidityProof {
  readonly accessProof: {
    readonly oldDataHash: Hex;
    readonly newDataHash: Hex;
    readonly nonce: Hex;
    readonly encryptedPubKey: Hex;
    readonly proof: Hex;
  };
  readonly ownershipProof: {
    readonly oracleType: typeof ORACLE_TEE;
    readonly oldDataHash: Hex;
    readonly newDataHash: Hex;
    readonly sealedKey: Hex;
    readonly encryptedPubKey: Hex;
    readonly nonce: Hex;
    readonly proof: Hex;
  };
}

/** The receiver's side with its signature. */
export interface SignedAccess extends AccessMessage {
  readonly signature: Hex;
}

/** The attestors' side. */
export interface SignedOwnership extends OwnershipMessage {
  /** 65 bytes each, in ascending order of addresses: `joinAttestorSignatures`. */
  readonly signatures: Hex;
}

/**
 * Lays both sides out as the contract takes them: one entry a datum; nonce, key and signature in the first one only.
 * @throws {ProofSidesDifferError} when the sides are not about the same transfer of the same data.
 */
export function assembleProofs(access: SignedAccess, ownership: SignedOwnership): TransferValidityProof[] {
  requireSameTransfer(access, ownership);
  const nonce = proofNonce(access);
  return access.oldDataHashes.map((_, index) => ({
    accessProof: {
      oldDataHash: at(access.oldDataHashes, index),
      newDataHash: at(access.newDataHashes, index),
      ...(index === 0
        ? { nonce, encryptedPubKey: access.encryptedPubKey, proof: access.signature }
        : { nonce: "0x", encryptedPubKey: "0x", proof: "0x" }),
    },
    ownershipProof: {
      oracleType: ORACLE_TEE,
      oldDataHash: at(ownership.oldDataHashes, index),
      newDataHash: at(ownership.newDataHashes, index),
      sealedKey: at(ownership.sealedKeys, index),
      ...(index === 0
        ? { encryptedPubKey: ownership.encryptedPubKey, nonce, proof: ownership.signatures }
        : { encryptedPubKey: "0x", nonce: "0x", proof: "0x" }),
    },
  }));
}

function requireSameTransfer(access: AccessMessage, ownership: OwnershipMessage): void {
  const differ = (what: string, of: unknown, by: unknown) =>
    new ProofSidesDifferError({ field: what, access: String(of), ownership: String(by) });

  for (const term of ["action", "tokenId", "sequence", "to", "deadline"] as const) {
    if (access[term] !== ownership[term]) throw differ(term, access[term], ownership[term]);
  }
  const count = access.oldDataHashes.length;
  if (count === 0) throw differ("number of data", 0, ownership.oldDataHashes.length);
  const lists = { oldDataHashes: access.oldDataHashes, newDataHashes: access.newDataHashes };
  for (const [name, list] of Object.entries(lists)) {
    if (list.length !== count) throw differ(`number of ${name}`, list.length, count);
  }
  for (const name of ["oldDataHashes", "newDataHashes", "sealedKeys"] as const) {
    if (ownership[name].length !== count) throw differ(`number of ${name}`, count, ownership[name].length);
  }
  for (let index = 0; index < count; index++) {
    const [old, held] = [at(access.oldDataHashes, index), at(ownership.oldDataHashes, index)];
    if (old !== held) throw differ(`oldDataHashes[${index}]`, old, held);
    const [wanted, made] = [at(access.newDataHashes, index), at(ownership.newDataHashes, index)];
    if (wanted !== made && wanted !== OPEN_HASH) throw differ(`newDataHashes[${index}]`, wanted, made);
  }
}

/** All lists are of one length by then. */
function at(list: readonly Hex[], index: number): Hex {
  const element = list[index];
  if (element === undefined) throw new RangeError(`no element ${index} of ${list.length}`);
  return element;
}
