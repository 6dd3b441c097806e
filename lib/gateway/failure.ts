/** Why an attempt gave the client nothing, and whether another provider may do better. */

import type { ZgError } from "../errors.ts";
import type { ProviderErrorKind } from "../protocol/provider-errors.ts";

/** A provider's own refusal, to be passed on as it is when nobody else serves. */
export interface ProvidersAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Failure {
  readonly error: ZgError;
  readonly answer?: ProvidersAnswer;
  /** Another provider may serve what this one does not. */
  readonly failOver: boolean;
  /** Too little is locked here. */
  readonly short?: boolean;
}

/** Refusals that are about the request itself: the next provider would say the same. */
const ABOUT_THE_REQUEST: ReadonlySet<ProviderErrorKind> = new Set(["body-too-large", "chat-id-not-found"]);

/** Whether a provider's refusal leaves hope that another one serves. */
export function worthAnother(kind: ProviderErrorKind, status: number): boolean {
  if (ABOUT_THE_REQUEST.has(kind)) return false;
  return kind !== "unknown" || status >= 500 || status === 404 || status === 408;
}
