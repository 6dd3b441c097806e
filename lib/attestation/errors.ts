/** Every way an attestation fails. The Why and How of each code is in docs/errors.md. */

import { DomainError, EXIT } from "../errors.ts";

/** A part of a report (quote, event log, certificates) is not what it should be. Its check fails; the others go on. */
export class EvidenceMalformedError extends DomainError {
  /** What is wrong, without the name of the part. */
  readonly why: string;

  constructor(part: string, why: string, cause?: unknown) {
    super(
      "ZG_EVIDENCE",
      EXIT.trust,
      `The ${part} cannot be read: ${why}`,
      "Do not rely on it; ask the provider for a new report.",
      { part, why },
      cause,
    );
    this.why = why;
  }
}

/** What should be an attestation report is none of the known forms. */
export class ReportMalformedError extends DomainError {
  constructor(why: string, cause?: unknown) {
    super(
      "ZG_ATTESTATION_REPORT",
      EXIT.trust,
      `This is not an attestation report: ${why}`,
      "Give the JSON that a provider serves at /v1/quote or /v1/proxy/attestation/report, unchanged.",
      { why },
      cause,
    );
  }
}

/** What should be collateral of Intel's is none. */
export class CollateralMalformedError extends DomainError {
  constructor(why: string, cause?: unknown) {
    super(
      "ZG_COLLATERAL",
      EXIT.usage,
      `This is not collateral of Intel's: ${why}`,
      "Give the JSON that --fetch-collateral saves with --out, or that dcap-qvl writes.",
      { why },
      cause,
    );
  }
}

interface Refusal {
  readonly subject: string;
  /** Names of the checks that failed. */
  readonly failed: readonly string[];
  readonly reason: string;
}

/** A report in which at least one check failed. */
export class AttestationRefusedError extends DomainError {
  constructor(values: Refusal) {
    const { subject, failed, reason } = values;
    super(
      "ZG_ATTESTATION",
      EXIT.trust,
      `The attestation of ${subject} does not hold (${failed.join(", ")}): ${reason}`,
      "Do not rely on its hardware; use another provider: npx hardhat provider list",
      { ...values },
    );
  }
}

/** A development report: consistent perhaps, but there is no hardware behind it. */
export class NotHardwareError extends DomainError {
  constructor(values: Refusal) {
    const { subject, reason } = values;
    super(
      "ZG_NOT_HARDWARE",
      EXIT.trust,
      `No hardware attests ${subject}: ${reason}`,
      "Expected of a local provider. A provider that serves others needs a TDX quote: npx hardhat provider list --network galileo",
      { ...values },
    );
  }
}
