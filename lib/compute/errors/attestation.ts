/** Every way asking for attestation fails. What a report itself may lack is in lib/attestation/errors.ts. */

import { DomainError, EXIT } from "../../errors.ts";
import type { Address } from "../../hex.ts";
import { COMMANDS } from "../commands.ts";
import { quoted } from "./wording.ts";

/** A service that nobody signs for has nothing that could be attested. */
export class NothingAttestedError extends DomainError {
  constructor(values: { provider: Address }) {
    super(
      "ZG_NOT_ATTESTED",
      EXIT.trust,
      `Provider ${values.provider} is a standard forwarder: it runs in no TEE, and nobody signs its answers`,
      `Choose another provider: ${COMMANDS.providers}`,
      values,
    );
  }
}

/** The provider answered, but not with a report. */
export class ReportMissingError extends DomainError {
  constructor(values: { provider: Address; url: string; status: number; said: string }) {
    super(
      "ZG_REPORT_MISSING",
      EXIT.trust,
      `Provider ${values.provider} gives no attestation report at ${values.url} (status ${values.status}: ${quoted(values.said)})`,
      `Without a report nothing is attested. Choose another provider: ${COMMANDS.providers}`,
      values,
    );
  }
}

/** Intel's service, or the cache of it, did not give collateral. */
export class CollateralUnavailableError extends DomainError {
  constructor(values: { url: string; why: string }, cause?: unknown) {
    super(
      "ZG_COLLATERAL_UNAVAILABLE",
      EXIT.network,
      `No collateral came from ${values.url}: ${values.why}`,
      "Try again, name another service with --pccs, or give saved collateral with --collateral.",
      values,
      cause,
    );
  }
}
