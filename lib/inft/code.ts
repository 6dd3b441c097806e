/** Which runtime code is this project's iNFT contract. */

import { getBytes, keccak256, zeroPadValue } from "ethers";

import { toHex, type Address, type Hex } from "../hex.ts";

/** What the compiler made of INFT.sol, as it will stand on chain but for its immutables. */
export interface RuntimeArtifact {
  readonly deployedBytecode: Hex;
  /** Where each immutable goes, in bytes, by the compiler's number of it. */
  readonly immutableReferences: Readonly<
    Record<string, readonly { readonly start: number; readonly length: number }[]>
  >;
}

/** Code a token may be minted by. */
export interface TrustedCode {
  /** keccak256 of the runtime code. */
  readonly codeHash: Hex;
  /** Whose it is, for the report: `this version's`. */
  readonly origin: string;
}

/**
 * keccak256 of the runtime code of an iNFT contract that trusts `inferenceServing`. Name and symbol are storage, so all
 * such contracts have this one. Pure.
 */
export function inftCodeHash(artifact: RuntimeArtifact, inferenceServing: Address): Hex {
  const [places, ...others] = Object.values(artifact.immutableReferences);
  // A second immutable would have to be filled too; the hash of code with a hole in it is nobody's.
  if (places === undefined || others.length > 0) {
    throw new Error(`the iNFT has ${others.length + (places === undefined ? 0 : 1)} immutables, not one`);
  }
  const code = getBytes(artifact.deployedBytecode);
  const word = getBytes(zeroPadValue(inferenceServing, 32));
  for (const { start, length } of places) {
    if (length !== word.length) throw new Error(`an immutable of ${length} bytes holds no address`);
    code.set(word, start);
  }
  return keccak256(toHex(code)) as Hex;
}
