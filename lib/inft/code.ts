/** Which runtime code is this project's iNFT contract, and the modules it consists of. */

import { dataSlice, getBytes, getCreateAddress, keccak256 } from "ethers";

import { checksum, toHex, type Address, type Hex } from "../hex.ts";

/** What the compiler made of a contract, as it will stand on chain but for its immutables. */
export interface RuntimeArtifact {
  readonly deployedBytecode: Hex;
  /** Where each immutable goes, in bytes, by the compiler's number of it. */
  readonly immutableReferences: Readonly<Record<string, readonly Place[]>>;
}

interface Place {
  readonly start: number;
  readonly length: number;
}

/** Code with what its constructor fills in left out: name and symbol are storage, addresses and royalty immutables. */
export interface CodePattern {
  /** keccak256 of the runtime code with zeros for its immutables. */
  readonly codeHash: Hex;
  /** Where the copies of each immutable stand. */
  readonly immutables: readonly (readonly Place[])[];
}

/** Code a token may be minted by. */
export type TrustedCode = {
  /** Whose it is, for the report: `what the sources here compile to`. */
  readonly origin: string;
} & (
  | {
      readonly token: CodePattern;
      /** Of the modules that its constructor makes, and to which it passes calls. */
      readonly modules: readonly CodePattern[];
    }
  | {
      /** One contract, deployed from here: with everything its constructor filled in. */
      readonly address: Address;
      readonly codeHash: Hex;
    }
);

/** The pattern of what a compiler made. Pure. */
export function codePattern({ deployedBytecode, immutableReferences }: RuntimeArtifact): CodePattern {
  const immutables = Object.values(immutableReferences);
  return { codeHash: maskedHash(deployedBytecode, immutables), immutables };
}

/** Whether runtime code is of a pattern, whatever its constructor filled in. Pure. */
export function fitsPattern(code: Hex, { codeHash, immutables }: CodePattern): boolean {
  return maskedHash(code, immutables) === codeHash;
}

function maskedHash(code: Hex, immutables: CodePattern["immutables"]): Hex {
  const bytes = getBytes(code);
  for (const { start, length } of immutables.flat()) bytes.fill(0, start, start + length);
  return keccak256(toHex(bytes)) as Hex;
}

/**
 * What a constructor filled into code of a pattern, as numbers, beyond what is accounted for. Each entry of `known`
 * accounts for one immutable, so that what is left over is exactly what the others hold. Pure.
 */
export function unknownImmutables(code: Hex, { immutables }: CodePattern, known: readonly bigint[]): bigint[] {
  const left = immutables.flatMap((places) => [...new Set(places.map((place) => wordAt(code, place)))]);
  for (const value of known) {
    const at = left.indexOf(value);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}

function wordAt(code: Hex, { start, length }: Place): bigint {
  return BigInt(dataSlice(code, start, start + length));
}

/** Of the contracts that an iNFT contract makes, its constructor makes fewer than so many. */
const CREATED_BY_CONSTRUCTOR = 8;

/** Where the contract at `inft` made its contract number `position`, counted from 0. The first is the dialects' module. */
export function moduleAddress(inft: Address, position: number): Address {
  return checksum(getCreateAddress({ from: inft, nonce: position + 1 }));
}

/** Where the constructor of the contract at `inft` can have made its modules. */
export function moduleAddresses(inft: Address): readonly Address[] {
  return Array.from({ length: CREATED_BY_CONSTRUCTOR }, (_, position) => moduleAddress(inft, position));
}
