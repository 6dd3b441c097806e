/** What token and verifier say of the proofs of a transfer or clone. */

import { DataUnchangedError, ProofMalformedError, ProofMismatchError, SealedToAnotherError } from "../errors.ts";
import { AccessProofExpiredError, AccessProofSignerError } from "../proof-errors.ts";
import { address, known, number, text, type Args, type Translation, type Translations } from "./arguments.ts";

function malformed(problem: (args: Args) => string): Translation {
  return (args, cause) => new ProofMalformedError({ problem: problem(args), ...args }, cause);
}

function mismatch(problem: (args: Args) => string): Translation {
  return (args, cause) => new ProofMismatchError({ problem: problem(args), ...args }, cause);
}

export const PROOF_TRANSLATIONS: Translations = {
  ProofMissing: malformed(() => "there is none"),
  ProofEntryNotEmpty: malformed((a) => `entry ${text(a, "index")} repeats what only the first one carries`),
  PublicKeyLength: malformed((a) => `a public key of ${text(a, "length")} bytes, and it has 64`),
  OracleTypeUnsupported: malformed(
    (a) => `entry ${text(a, "index")} is of oracle type ${text(a, "oracleType")}, and only 0 (TEE) is known`,
  ),
  ERC7857DataCount: malformed(
    (a) => `${text(a, "given")} entries for the ${text(a, "held")} data of token ${text(a, "tokenId")}`,
  ),

  ProofNonceMismatch: mismatch(
    (a) => `the nonce of entry ${text(a, "index")} is ${text(a, "given")}, and must be ${text(a, "expected")}`,
  ),
  ERC7857NonceMismatch: mismatch(
    (a) =>
      `the nonces of entry ${text(a, "index")} are ${text(a, "accessNonce")} and ${text(a, "ownershipNonce")}, and must be ${text(a, "expected")}`,
  ),
  ProofHashMismatch: mismatch(
    (a) => `entry ${text(a, "index")} says ${text(a, "access")} on one side and ${text(a, "ownership")} on the other`,
  ),
  ERC7857OutputMismatch: mismatch((a) => `the verifier returned other data than entry ${text(a, "index")} holds`),
  ERC7857TokenChanged: mismatch((a) => `token ${text(a, "tokenId")} changed while its verifier checked them`),
  ERC7857DataHashMismatch: mismatch(
    (a) =>
      `datum ${text(a, "index")} of token ${text(a, "tokenId")} is ${text(a, "held")}, and they are about ${text(a, "given")}`,
  ),
  ProofExpired: (a, cause) =>
    new AccessProofExpiredError({ deadline: number(a, "deadline"), now: number(a, "timestamp") }, cause),

  AccessSignerMismatch: (a, cause) =>
    new AccessProofSignerError(
      { receiver: address(a, "receiver"), ...known(a, "delegate"), ...known(a, "signer") },
      cause,
    ),
  ERC7857AccessAssistantMismatch: (a, cause) =>
    new AccessProofSignerError({ receiver: address(a, "receiver"), ...known(a, "signer") }, cause),

  PublicKeyMismatch: (a, cause) =>
    new SealedToAnotherError(
      { receiver: text(a, "receiver"), sealedTo: text(a, "sealedTo"), wanted: text(a, "wanted") },
      cause,
    ),
  ERC7857DataUnchanged: (a, cause) =>
    new DataUnchangedError(
      { tokenId: number(a, "tokenId"), index: number(a, "index"), dataHash: text(a, "dataHash") },
      cause,
    ),
};
