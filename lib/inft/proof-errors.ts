/** Every way the proofs of a transfer or clone fail before the chain sees them. */

import { DomainError, EXIT } from "../errors.ts";
import type { Address, Hex } from "../hex.ts";

const SIGN_AGAIN = "Ask the receiver to sign again: npx hardhat inft accept <token> --out <file>";

/** A document is not an access proof. */
export class AccessProofMalformedError extends DomainError {
  constructor(problem: string, cause?: unknown) {
    super("ZG_ACCESS_PROOF", EXIT.usage, `This is not an access proof: ${problem}`, SIGN_AGAIN, { problem }, cause);
  }
}

/** An access proof is about another transfer than the one to be made. */
export class AccessProofMismatchError extends DomainError {
  constructor(values: { field: string; signed: string; expected: string }) {
    const { field, signed, expected } = values;
    super(
      "ZG_ACCESS_PROOF_MISMATCH",
      EXIT.precondition,
      `The receiver signed for another transfer: its ${field} is ${signed}, this one's is ${expected}`,
      SIGN_AGAIN,
      values,
    );
  }
}

/** An access proof is past its deadline. */
export class AccessProofExpiredError extends DomainError {
  constructor(values: { deadline: bigint; now: bigint }, cause?: unknown) {
    super(
      "ZG_ACCESS_PROOF_EXPIRED",
      EXIT.precondition,
      `The receiver's signature was good until ${timeOf(values.deadline)}, and it is ${timeOf(values.now)}`,
      SIGN_AGAIN,
      values,
      cause,
    );
  }
}

/** An access proof is signed by somebody who is neither the receiver nor its delegate. */
export class AccessProofSignerError extends DomainError {
  constructor(values: { receiver: Address; delegate?: Address; signer?: Address }, cause?: unknown) {
    const { receiver, delegate, signer } = values;
    const allowed = delegate === undefined ? receiver : `${receiver} or its delegate ${delegate}`;
    super(
      "ZG_ACCESS_PROOF_SIGNER",
      EXIT.trust,
      `The access proof is signed by ${signer ?? "nobody"}, and should be by ${allowed}`,
      `${SIGN_AGAIN}; or let the receiver name the signer: npx hardhat inft delegate <address>`,
      values,
      cause,
    );
  }
}

/** An access proof asks for its data under the receiver's own key, which its signature does not show. */
export class AccessProofKeyError extends DomainError {
  constructor(values: { receiver: Address; signer?: Address }) {
    super(
      "ZG_ACCESS_PROOF_KEY",
      EXIT.precondition,
      `The access proof names no key to seal to, and its signature is not made with the key of ${values.receiver}`,
      "A contract account, or one that a delegate signs for, must name a key: npx hardhat inft accept <token> --out <file> --public-key <key>",
      values,
    );
  }
}

/** The two sides of a proof are about different transfers. */
export class ProofSidesDifferError extends DomainError {
  constructor(values: { field: string; access: string; ownership: string }) {
    const { field, access, ownership } = values;
    super(
      "ZG_PROOF_SIDES",
      EXIT.trust,
      `The receiver's side and the attestors' differ in ${field}: ${access} and ${ownership}`,
      "Run the transfer again: it asks the attestors for what the receiver signed.",
      values,
    );
  }
}

/** An attestor's signature is none, or two are of one attestor. */
export class AttestorSignatureError extends DomainError {
  constructor(values: { problem: string; signature: Hex; attestor?: Address }) {
    super(
      "ZG_ATTESTOR_SIGNATURE",
      EXIT.trust,
      `An attestor's signature cannot be used: ${values.problem}`,
      "Ask each attestor once, and only attestors that the verifier lists: npx hardhat inft attestor show",
      values,
    );
  }
}

function timeOf(unixSeconds: bigint): string {
  const date = new Date(Number(unixSeconds) * 1000);
  return Number.isNaN(date.getTime()) ? `second ${unixSeconds}` : date.toISOString();
}
