/** Every way finding a usable provider fails. The Why and How of each code is in docs/errors.md. */

import { DomainError, EXIT } from "../../errors.ts";
import type { Address } from "../../hex.ts";
import { COMMANDS } from "../commands.ts";

export interface ProviderCandidate {
  readonly provider: Address;
  readonly model: string;
}

function named(candidates: readonly ProviderCandidate[]): string {
  return candidates.map(({ provider, model }) => `${model} at ${provider}`).join("; ");
}

/** No service is registered under this address, model or alias. */
export class ProviderUnknownError extends DomainError {
  constructor(values: { provider: string; known?: readonly ProviderCandidate[] }, cause?: unknown) {
    const { provider, known } = values;
    super(
      "ZG_PROVIDER_UNKNOWN",
      EXIT.usage,
      `No provider ${JSON.stringify(provider)} is registered on this network`,
      known === undefined || known.length === 0
        ? `List the ones there are: ${COMMANDS.providers}`
        : `Use an address or a unique model name: ${named(known.slice(0, 5))}${known.length > 5 ? "; …" : ""}. All of them: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

/** A model name or alias that several providers share. */
export class ProviderAmbiguousError extends DomainError {
  constructor(values: { provider: string; candidates: readonly ProviderCandidate[] }) {
    super(
      "ZG_PROVIDER_AMBIGUOUS",
      EXIT.usage,
      `${JSON.stringify(values.provider)} fits ${values.candidates.length} providers: ${named(values.candidates)}`,
      "Give the address of the one you mean.",
      values,
    );
  }
}

/** No registered provider meets what was asked. */
export class NoSuitableProviderError extends DomainError {
  constructor(values: { wanted: string; registered: number; refused: readonly string[] }) {
    const { wanted, registered, refused } = values;
    super(
      "ZG_NO_PROVIDER",
      EXIT.precondition,
      `None of the ${registered} registered providers is ${wanted}${refused.length === 0 ? "" : ` (${refused.slice(0, 5).join("; ")}${refused.length > 5 ? "; …" : ""})`}`,
      `Look at them: ${COMMANDS.providers}`,
      values,
    );
  }
}

/** The list kept changing while it was read. */
export class ListUnstableError extends DomainError {
  constructor(values: { what: string; attempts: number }) {
    super(
      "ZG_LIST_UNSTABLE",
      EXIT.network,
      `The list of ${values.what} changed each of the ${values.attempts} times it was read`,
      "Run the command again.",
      values,
    );
  }
}

/** A provider of another chain was to serve an embedded network or a fork, whose deposits it cannot see. */
export class ProviderCannotSeeError extends DomainError {
  constructor(values: { provider: Address; url: string; network: string }) {
    super(
      "ZG_FORK_PROVIDER",
      EXIT.precondition,
      `Provider ${values.provider} (${values.url}) serves another chain and cannot see what happens on ${values.network}`,
      `Leave --provider out, or choose a local one of ${values.network}: ${COMMANDS.providers} --network ${values.network}`,
      values,
    );
  }
}

/** The owner of InferenceServing has not endorsed the provider's TEE signer. */
export class NotEndorsedError extends DomainError {
  constructor(values: { provider: Address; status?: number }, cause?: unknown) {
    super(
      "ZG_NOT_ENDORSED",
      EXIT.trust,
      `0G has not endorsed the TEE signer of provider ${values.provider}`,
      `Choose an endorsed provider: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

/** The provider's results cannot be minted, whatever they say. */
export class NotMintableError extends DomainError {
  constructor(values: { provider: Address; reason: string }) {
    super(
      "ZG_NOT_MINTABLE",
      EXIT.trust,
      `Results of provider ${values.provider} cannot be minted: ${values.reason}`,
      `Choose a provider whose results can: ${COMMANDS.providers}`,
      values,
    );
  }
}

/** One result cannot be minted, while others of its provider can. */
export class ResultNotMintableError extends DomainError {
  constructor(values: { provider: Address; text: string }) {
    const images = values.text.split(",").length;
    super(
      "ZG_RESULT_NOT_MINTABLE",
      EXIT.trust,
      `The signature of provider ${values.provider} is over ${images} images; the contract takes one hash of an answer`,
      "Ask for one image at a time (--n 1): several cannot be one token.",
      { ...values, images },
    );
  }
}

/** The user has taken back the acknowledgement of this provider's TEE signer. */
export class NotAcknowledgedError extends DomainError {
  constructor(values: { provider: Address; user?: Address }, cause?: unknown) {
    super(
      "ZG_NOT_ACKNOWLEDGED",
      EXIT.precondition,
      `${values.user ?? "The user"} has not acknowledged the TEE signer of provider ${values.provider}`,
      `Acknowledge it: ${COMMANDS.acknowledge(values.provider)} (a provider may take up to 10 minutes to see it)`,
      values,
      cause,
    );
  }
}
