/** Why the chain does not accept the proofs of a transfer or clone. What is found out before is in proof-errors.ts. */

import { DomainError, EXIT } from "../../errors.ts";
import { timeOf } from "./wording.ts";

type Values = Readonly<Record<string, unknown>>;

const ANEW =
  "Let the receiver accept anew (npx hardhat inft accept <token>), then run npx hardhat inft transfer or clone again.";

/** Proofs that are no proofs: entries missing, in the wrong place or of the wrong length. */
export class ProofMalformedError extends DomainError {
  constructor(values: { problem: string } & Values, cause?: unknown) {
    super(
      "ZG_PROOF_MALFORMED",
      EXIT.precondition,
      `The proofs have not the form they must have: ${values.problem}`,
      "Let npx hardhat inft transfer make them; a proof file is used as it was written.",
      values,
      cause,
    );
  }
}

/** Proofs of something else: another token, state of it, receiver, action or data. */
export class ProofMismatchError extends DomainError {
  constructor(values: { problem: string } & Values, cause?: unknown) {
    super(
      "ZG_PROOF_MISMATCH",
      EXIT.trust,
      `The proofs are about something else: ${values.problem}`,
      `The token moved on since, or they are another's. ${ANEW}`,
      values,
      cause,
    );
  }
}

/** The fresh data key was sealed to a key that the receiver did not ask for. */
export class SealedToAnotherError extends DomainError {
  constructor(values: { receiver: string; sealedTo: string; wanted: string }, cause?: unknown) {
    super(
      "ZG_SEALED_TO_ANOTHER",
      EXIT.trust,
      `The data key is sealed to ${values.sealedTo}, which is not what the receiver ${values.receiver} asked for`,
      "Ask the attestors again, with the receiver's own access proof.",
      values,
      cause,
    );
  }
}

/** The data was not re-encrypted: whoever had the old key could read on. */
export class DataUnchangedError extends DomainError {
  constructor(values: { tokenId: bigint; index: bigint; dataHash: string }, cause?: unknown) {
    super(
      "ZG_DATA_UNCHANGED",
      EXIT.trust,
      `Datum ${values.index} of token ${values.tokenId} is still ${values.dataHash}: its old key would open it`,
      "Have it re-encrypted under a fresh key: npx hardhat inft transfer does, and inft update --rekey.",
      values,
      cause,
    );
  }
}

/** No staged transfer of the token can be completed or taken back. */
export class NothingStagedError extends DomainError {
  constructor(values: { tokenId: bigint }, cause?: unknown) {
    super(
      "ZG_NOTHING_STAGED",
      EXIT.precondition,
      `No transfer of token ${values.tokenId} is staged`,
      `A transfer, clone or update since has ended it. ${ANEW}`,
      values,
      cause,
    );
  }
}

/** The staged transfer was not completed in time. */
export class StageExpiredError extends DomainError {
  constructor(values: { tokenId: bigint; deadline: bigint; timestamp: bigint }, cause?: unknown) {
    super(
      "ZG_STAGE_EXPIRED",
      EXIT.precondition,
      `The staged transfer of token ${values.tokenId} was good until ${timeOf(values.deadline)}`,
      ANEW,
      values,
      cause,
    );
  }
}
