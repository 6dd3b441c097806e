/** The audit log of a run: what cannot be read, found or believed of it. */

import { DomainError, EXIT } from "../../errors.ts";
import type { Hex } from "../../hex.ts";

const FIND = "Look for the log that the minter stored: npx hardhat flow audit <token>";

/** The bytes are no audit log. */
export class AuditLogMalformedError extends DomainError {
  constructor(problem: string, cause?: unknown) {
    super("ZG_AUDIT_LOG", EXIT.trust, `This is no audit log: ${problem}`, FIND, { problem }, cause);
  }
}

/** A line of an audit log does not follow from the one before: something was changed, left out or put in. */
export class AuditLogBrokenError extends DomainError {
  constructor(values: { line: number; problem: string }) {
    super(
      "ZG_AUDIT_LOG_BROKEN",
      EXIT.trust,
      `Line ${values.line} of the audit log does not follow from the one before: ${values.problem}`,
      "Believe nothing from that line on. The lines before it, and what the chain says, stand.",
      values,
    );
  }
}

/** The minter of a token stored no log that names it. */
export class AuditLogMissingError extends DomainError {
  constructor(values: { tokenId: bigint; minter: string; fromBlock: number }) {
    const { tokenId, minter, fromBlock } = values;
    super(
      "ZG_AUDIT_LOG_MISSING",
      EXIT.precondition,
      `${minter}, who minted token ${tokenId}, stored no audit log of it since block ${fromBlock}`,
      "Only flow run keeps one, and stores it last: run it again with the same --id. A log you know: --root 0x….",
      values,
    );
  }
}

/** The token was minted without the record of an inference, so no run made it. */
export class RecordMissingError extends DomainError {
  constructor(values: { tokenId: bigint }) {
    super(
      "ZG_AUDIT_NO_RUN",
      EXIT.precondition,
      `Token ${values.tokenId} is no minted inference, so no run has a log of it`,
      "See how it came to be: npx hardhat inft history <token>",
      values,
    );
  }
}

/** A log was read, and something it says is not so. */
export class AuditRefutedError extends DomainError {
  constructor(values: { root: Hex; failed: readonly string[]; reason: string }) {
    super(
      "ZG_AUDIT_REFUTED",
      EXIT.trust,
      `The audit log ${values.root} says what is not so: ${values.reason}`,
      "Believe the chain: npx hardhat inft verify <token>",
      values,
    );
  }
}
