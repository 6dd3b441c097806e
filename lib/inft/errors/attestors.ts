/** Who may not vouch for a re-encryption, and what the set of attestors refuses. */

import { DomainError, EXIT } from "../../errors.ts";
import type { Address } from "../../hex.ts";
import { timeOf } from "./wording.ts";

type Values = Readonly<Record<string, unknown>>;

/** The verifier wants other signatures of attestors than it got. */
export class AttestorSignaturesError extends DomainError {
  constructor(values: { problem: string } & Values, cause?: unknown) {
    super(
      "ZG_ATTESTOR_SIGNATURES",
      EXIT.precondition,
      `The attestors' signatures do not suffice: ${values.problem}`,
      "npx hardhat inft attestor show lists who counts and how many must sign.",
      values,
      cause,
    );
  }
}

/** Somebody signed who is no attestor now. */
export class AttestorNotActiveError extends DomainError {
  constructor(values: { signer: string; activeFrom: bigint; validUntil: bigint; timestamp: bigint }, cause?: unknown) {
    const { signer, activeFrom, validUntil } = values;
    super(
      "ZG_ATTESTOR_INACTIVE",
      EXIT.trust,
      activeFrom === 0n && validUntil === 0n
        ? `${signer} is no attestor of this verifier`
        : `${signer} is an attestor from ${timeOf(activeFrom)} until ${timeOf(validUntil)}, not now`,
      "npx hardhat inft attestor show lists who counts now. Ask one of these.",
      values,
      cause,
    );
  }
}

/** A rule of the set of attestors. */
export class AttestorSetError extends DomainError {
  constructor(values: { error: string; sentence: string; args: Values }, cause?: unknown) {
    const { error, sentence, args } = values;
    super(
      "ZG_ATTESTOR_SET",
      EXIT.precondition,
      `${sentence} (${error})`,
      "Look at the set and its owner: npx hardhat inft attestor show",
      { error, args },
      cause,
    );
  }
}

/** A published key was to vouch for private data that is worth something. */
export class WellKnownAttestorError extends DomainError {
  constructor(values: { attestor: Address; network: string }) {
    super(
      "ZG_WELL_KNOWN_ATTESTOR",
      EXIT.trust,
      `${values.attestor} is a published development account: on ${values.network} anybody could sign as this attestor`,
      "Run an attestor with a key of its own: npx hardhat inft attestor serve",
      values,
    );
  }
}

/** An attestor that proves no hardware was to be trusted on a live chain. */
export class DevelopmentAttestorError extends DomainError {
  constructor(values: { attestor: Address; url?: string; network: string }) {
    const { attestor, url } = values;
    super(
      "ZG_DEVELOPMENT_ATTESTOR",
      EXIT.trust,
      url === undefined
        ? `${attestor} counts as a development attestor: no URL was given to ask it, and whoever runs it may read what it re-encrypts`
        : `${attestor} at ${url} is a development attestor: whoever runs it can read what it re-encrypts`,
      "Add --allow-development-attestor to trust it on a live chain all the same.",
      values,
    );
  }
}
