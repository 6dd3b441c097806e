/** Turns a provider's refusal into one of our errors: the provider's words say why, its status hardly. */

import type { ZgError } from "../errors.ts";
import type { Address } from "../hex.ts";
import { classifyProviderError, type ProviderError } from "../protocol/provider-errors.ts";
import {
  AuthenticationRefusedError,
  ModelRefusedError,
  NoSubAccountError,
  NotAcknowledgedError,
  NotEndorsedError,
  ProviderDownError,
  ProviderFundsRefusedError,
  ProviderRefusedError,
  RateLimitedError,
} from "./errors.ts";
import { textOf, type HttpAnswer } from "./provider-http.ts";

export interface RefusalContext {
  readonly what: string;
  readonly url: string;
  readonly provider: Address;
  readonly user: Address;
}

export function classify(answer: HttpAnswer): ProviderError {
  return classifyProviderError(answer.status, textOf(answer));
}

/** The error for an answer that is no success. */
export function refusal(error: ProviderError, answer: HttpAnswer, context: RefusalContext): ZgError {
  const { provider, user, what, url } = context;
  const { status, message: said } = error;
  switch (error.kind) {
    case "session-expired":
    case "session-revoked":
    case "session-future-generation":
    case "session-invalid":
      return new AuthenticationRefusedError({ provider, status, said });
    case "no-account":
      return new NoSubAccountError({ user, provider });
    case "not-acknowledged":
      return new NotAcknowledgedError({ user, provider });
    case "not-endorsed":
      return new NotEndorsedError({ provider, status });
    case "insufficient-balance":
      return new ProviderFundsRefusedError({ provider, said, ...error.balance });
    case "model-not-supported":
    case "model-expired":
      return new ModelRefusedError({ provider, status, said });
    case "rate-limited":
    case "busy": {
      const retryAfter = answer.headers.get("retry-after");
      return new RateLimitedError({ provider, status, said, ...(retryAfter === null ? {} : { retryAfter }) });
    }
    case "unsupported-endpoint":
      return new ProviderRefusedError({ provider, status, said });
    case "upstream-failed":
      return new ProviderDownError({ what, url, status, said });
    default:
      return status >= 500
        ? new ProviderDownError({ what, url, status, said })
        : new ProviderRefusedError({ provider, status, said });
  }
}
