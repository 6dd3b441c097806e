/** Every way an exchange with a provider fails. The Why and How of each code is in docs/errors.md. */

import { DomainError, EXIT } from "../../errors.ts";
import type { Address } from "../../hex.ts";
import { REQUEST_KINDS, type RequestKind } from "../../protocol/services.ts";
import { withUnit } from "../../units.ts";
import { COMMANDS } from "../commands.ts";
import { quoted, reasonOf } from "./wording.ts";

/** The provider did not answer, or its server failed. */
export class ProviderDownError extends DomainError {
  constructor(values: { what: string; url: string; status?: number; said?: string }, cause?: unknown) {
    const { what, url, status, said } = values;
    const why = status === undefined ? reasonOf(cause) : `status ${status}`;
    super(
      "ZG_PROVIDER_DOWN",
      EXIT.network,
      `${what} failed at ${url}: ${why}${said === undefined || said === "" ? "" : `, ${quoted(said)}`}`,
      `Try again later, or another provider: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

/** The provider did not finish in time. */
export class ProviderTimeoutError extends DomainError {
  constructor(values: { what: string; url: string; timeoutMs: number }, cause?: unknown) {
    super(
      "ZG_PROVIDER_TIMEOUT",
      EXIT.network,
      `${values.what} at ${values.url} did not finish within ${values.timeoutMs} ms`,
      `Try again with a longer time-out, or another provider: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

/** The provider refused two session tokens in a row. */
export class AuthenticationRefusedError extends DomainError {
  constructor(values: { provider: Address; status: number; said: string }) {
    super(
      "ZG_AUTH_REFUSED",
      EXIT.precondition,
      `Provider ${values.provider} refused a fresh session token (status ${values.status}: ${quoted(values.said)})`,
      "Check this machine's clock; after revoking all tokens a provider refuses new ones for up to 10 minutes.",
      values,
    );
  }
}

/** Providers print six decimals, rounded: what they ask for may fall short of what they want. Neuron. */
const PRINTED_PRECISION = 1_000_000_000_000n;

/** The provider wants more locked in the sub-account before it serves. */
export class ProviderFundsRefusedError extends DomainError {
  constructor(values: { provider: Address; locked?: bigint; required?: bigint; said: string }) {
    const { provider, locked, required, said } = values;
    const known = locked !== undefined && required !== undefined;
    super(
      "ZG_FUNDS_REFUSED",
      EXIT.precondition,
      known
        ? `Provider ${provider} wants ${withUnit(required)} locked; ${withUnit(locked)} is`
        : `Provider ${provider} wants more locked: ${quoted(said)}`,
      known && required >= locked
        ? `Transfer more: ${COMMANDS.transfer(provider, required - locked + PRINTED_PRECISION)}`
        : `Transfer more: npx hardhat ledger transfer ${provider} <amount in 0G>`,
      known ? { ...values, missing: required - locked } : values,
    );
  }
}

/** The provider limits how often it is asked. */
export class RateLimitedError extends DomainError {
  constructor(values: { provider: Address; status: number; said: string; retryAfter?: string }) {
    const { provider, status, said, retryAfter } = values;
    super(
      "ZG_RATE_LIMITED",
      EXIT.network,
      `Provider ${provider} is busy or limits requests (status ${status}: ${quoted(said)})`,
      `Try again ${retryAfter === undefined ? "in a while" : `after ${retryAfter} s`}, or another provider: ${COMMANDS.providers}`,
      values,
    );
  }
}

/** The provider does not serve the model asked for. */
export class ModelRefusedError extends DomainError {
  constructor(values: { provider: Address; status: number; said: string }) {
    super(
      "ZG_MODEL_REFUSED",
      EXIT.precondition,
      `Provider ${values.provider} does not serve this model: ${quoted(values.said)}`,
      `See what it serves: ${COMMANDS.provider(values.provider)}`,
      values,
    );
  }
}

/** The provider refused the request for a reason of its own. */
export class ProviderRefusedError extends DomainError {
  constructor(values: { provider: Address; status: number; said: string }) {
    super(
      "ZG_PROVIDER_REFUSED",
      EXIT.precondition,
      `Provider ${values.provider} refused the request (status ${values.status}: ${quoted(values.said)})`,
      "Change the request as the provider says, or use another provider.",
      values,
    );
  }
}

/** The provider answered with a redirect; following it would hand the session token to somebody else. */
export class RedirectRefusedError extends DomainError {
  constructor(values: { url: string; location?: string }) {
    super(
      "ZG_PROVIDER_REDIRECT",
      EXIT.trust,
      `${values.url} redirects${values.location === undefined ? "" : ` to ${values.location}`}; a session token is never sent where the chain does not say`,
      `Use another provider: ${COMMANDS.providers}`,
      values,
    );
  }
}

/** The answer is larger than the caller accepts. */
export class ResponseTooLargeError extends DomainError {
  constructor(values: { url: string; limit: number }) {
    super(
      "ZG_RESPONSE_TOO_LARGE",
      EXIT.network,
      `The answer of ${values.url} is larger than ${values.limit} bytes`,
      "Ask for less (--max-tokens), or use another provider.",
      values,
    );
  }
}

/** The answer ended before it was complete. */
export class ResponseCutError extends DomainError {
  constructor(values: { url: string; bytes: number }, cause?: unknown) {
    super(
      "ZG_RESPONSE_CUT",
      EXIT.network,
      `The answer of ${values.url} broke off after ${values.bytes} bytes`,
      `Ask again; the provider may charge for what it sent. Another provider: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

/** The answer is not what the protocol says. */
export class ResponseMalformedError extends DomainError {
  constructor(values: { url: string; why: string }, cause?: unknown) {
    super(
      "ZG_RESPONSE_MALFORMED",
      EXIT.network,
      `The answer of ${values.url} is not as the protocol says: ${values.why}`,
      `Use another provider: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

/** The service chosen answers another kind of request. */
export class ServiceTypeError extends DomainError {
  constructor(values: {
    provider: Address;
    model: string;
    serviceType: string;
    kind: RequestKind;
    /** What it answers instead; absent for types that nobody here can ask. */
    serves?: RequestKind;
  }) {
    const { provider, model, serviceType, kind, serves } = values;
    super(
      "ZG_SERVICE_TYPE",
      EXIT.usage,
      `${model} at ${provider} is a ${serviceType} service; a ${REQUEST_KINDS[kind].what.toLowerCase()} needs ${REQUEST_KINDS[kind].serviceType}`,
      serves === undefined
        ? `Choose another: npx hardhat provider list --type ${REQUEST_KINDS[kind].serviceType}`
        : `Use ${COMMANDS.ask(serves)} with it, or choose another: npx hardhat provider list --type ${REQUEST_KINDS[kind].serviceType}`,
      values,
    );
  }
}

/** The request is larger than providers read. */
export class RequestTooLargeError extends DomainError {
  constructor(values: { what: string; size: number; limit: number }) {
    super(
      "ZG_REQUEST_TOO_LARGE",
      EXIT.usage,
      `${values.what}: the request is ${values.size} bytes; providers read at most ${values.limit}`,
      "Send less: a shorter recording, a smaller or better compressed image.",
      values,
    );
  }
}

/** The provider gave up on a job. */
export class AsyncJobFailedError extends DomainError {
  constructor(values: { provider: Address; jobId: string; said: string }) {
    super(
      "ZG_ASYNC_JOB",
      EXIT.network,
      `Job ${values.jobId} of provider ${values.provider} failed: ${quoted(values.said)}`,
      `A failed job costs nothing. Change the request as the provider says, or use another: ${COMMANDS.providers}`,
      values,
    );
  }
}

/** An answer says that its images are somewhere else than with the provider. */
export class ImageAddressError extends DomainError {
  constructor(values: { provider: Address; address: string }) {
    super(
      "ZG_IMAGE_ADDRESS",
      EXIT.trust,
      `Provider ${values.provider} says that an image is at ${quoted(values.address)}, which is not below its registered address`,
      `Ask for the images themselves (--format b64_json), or use another provider: ${COMMANDS.providers}`,
      values,
    );
  }
}
