/** Errors as OpenAI's clients expect them: status, type and code of OpenAI's, with our own code and remedy beside. */

import { AuthenticationRefusedError, ProviderTimeoutError, RateLimitedError } from "../compute/errors.ts";
import { EXIT, type ExitCode, type ZgError } from "../errors.ts";
import {
  GatewayBudgetError,
  GatewayBusyError,
  GatewayDoorError,
  GatewayFundsError,
  GatewayKeyError,
  GatewayModelError,
  GatewayPathError,
  GatewayRequestError,
  GatewayTooLargeError,
} from "./errors.ts";

/** The body of an error, as OpenAI documents it, and two members more. */
export interface OpenAiError {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
    /** Stable; an entry of docs/errors.md. */
    readonly zg_code: string;
    readonly remedy: string;
  };
}

interface Shape {
  readonly status: number;
  readonly type: string;
  readonly code?: string;
}

const SHAPES: readonly (readonly [new (...args: never[]) => ZgError, Shape])[] = [
  [GatewayKeyError, { status: 401, type: "authentication_error", code: "invalid_api_key" }],
  [GatewayModelError, { status: 404, type: "invalid_request_error", code: "model_not_found" }],
  [GatewayPathError, { status: 404, type: "invalid_request_error", code: "unknown_url" }],
  [GatewayTooLargeError, { status: 413, type: "invalid_request_error", code: "request_too_large" }],
  [GatewayRequestError, { status: 400, type: "invalid_request_error" }],
  // OpenAI says 429 here, which its clients repeat; repeating does not fill a purse.
  [GatewayBudgetError, { status: 402, type: "insufficient_quota", code: "insufficient_quota" }],
  [GatewayFundsError, { status: 402, type: "insufficient_quota", code: "insufficient_quota" }],
  [GatewayBusyError, { status: 503, type: "server_error", code: "server_overloaded" }],
  [RateLimitedError, { status: 429, type: "rate_limit_error", code: "rate_limit_exceeded" }],
  [ProviderTimeoutError, { status: 504, type: "server_error", code: "timeout" }],
  [AuthenticationRefusedError, { status: 502, type: "server_error" }],
];

/** What cannot be told apart by class: whose fault it is decides. */
const BY_EXIT: Readonly<Record<Exclude<ExitCode, 0>, Shape>> = {
  [EXIT.unexpected]: { status: 500, type: "server_error" },
  [EXIT.usage]: { status: 400, type: "invalid_request_error" },
  [EXIT.precondition]: { status: 502, type: "server_error" },
  [EXIT.network]: { status: 502, type: "server_error" },
  [EXIT.trust]: { status: 502, type: "server_error" },
};

function shapeOf(error: ZgError): Shape {
  if (error instanceof GatewayDoorError) {
    return { status: error.refusal === "content-type" ? 415 : 403, type: "invalid_request_error" };
  }
  return SHAPES.find(([type]) => error instanceof type)?.[1] ?? BY_EXIT[error.exit];
}

/** The status and the body for an error. Holds no secret: our errors never do. */
export function openAiError(error: ZgError): { readonly status: number; readonly body: OpenAiError } {
  const { status, type, code } = shapeOf(error);
  return {
    status,
    body: {
      error: {
        message: error.message,
        type,
        param: error instanceof GatewayRequestError ? (error.param ?? null) : null,
        code: code ?? null,
        zg_code: error.code,
        remedy: error.remedy,
      },
    },
  };
}

/** The event that ends a stream which cannot go on; OpenAI's clients throw it. */
export function errorEvent(error: ZgError): string {
  return `data: ${JSON.stringify(openAiError(error).body)}\n\n`;
}
