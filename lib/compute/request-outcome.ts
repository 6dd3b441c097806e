/** What an error says about a paid request that was sent: whether it can have been served, and so charged. */

import { EXIT, ZgError } from "../errors.ts";
import { RedirectRefusedError, ResponseCutError, ResponseMalformedError, ResponseTooLargeError } from "./errors.ts";
import { neverReached } from "./provider-http.ts";

/**
 * `not served`: the provider answered with a status that is no success, or was never reached. `spoiled`: an answer came
 * that nobody can use, and it is charged for. `unknown`: nobody here can tell.
 */
export type RequestOutcome = "not served" | "spoiled" | "unknown";

const SPOILED = [ResponseCutError, ResponseMalformedError, ResponseTooLargeError];

/** Judges a request by the error it ended with. */
export function requestOutcome(error: unknown): RequestOutcome {
  if (!(error instanceof ZgError)) return "unknown";
  if (error instanceof RedirectRefusedError || neverReached(error)) return "not served";
  if (error.exit === EXIT.precondition || typeof error.details["status"] === "number") return "not served";
  return SPOILED.some((kind) => error instanceof kind) ? "spoiled" : "unknown";
}
