/**
 * What a provider's refusal means. Providers answer 400 to nearly everything and versions differ in status and
 * prefix, so the text decides first and the status only where the text says nothing.
 */

import { parseAmount } from "../units.ts";
import { errorTextOf } from "./chat.ts";

export type ProviderErrorKind =
  /** The session token has expired. Make a new one. */
  | "session-expired"
  /** The token was revoked, alone or with its generation. Make a new one. */
  | "session-revoked"
  /** The token's generation is newer than the provider's cached view of the chain (up to 10 minutes old). */
  | "session-future-generation"
  /** The token is missing, malformed, or signed by somebody else. */
  | "session-invalid"
  /** The user has no sub-account with the provider. */
  | "no-account"
  /** The user took back the acknowledgement of the provider's signer. */
  | "not-acknowledged"
  /** The contract's owner has not endorsed the provider's signer. */
  | "not-endorsed"
  | "insufficient-balance"
  | "unsupported-endpoint"
  | "model-not-supported"
  | "model-expired"
  | "chat-id-not-found"
  | "body-too-large"
  /** The user asks too often or too much at once. */
  | "rate-limited"
  /** The provider itself has too much to do. */
  | "busy"
  /** What the provider forwards to did not answer, or not in time. */
  | "upstream-failed"
  | "unknown";

export interface ProviderError {
  readonly kind: ProviderErrorKind;
  readonly status: number;
  /** The provider's own words, at most 1000 characters. */
  readonly message: string;
  /** Only for `insufficient-balance` whose numbers could be read. Neuron, but the provider prints six decimals. */
  readonly balance?: { readonly locked: bigint; readonly required: bigint };
}

/** First match wins, so the more specific text stands first. */
const BY_TEXT: readonly (readonly [text: string, kind: ProviderErrorKind])[] = [
  ["future generation", "session-future-generation"],
  ["session token has been revoked", "session-revoked"],
  ["session token expired", "session-expired"],
  ["insufficient balance", "insufficient-balance"],
  ["not acknowledge the tee signer", "not-endorsed"],
  ["user not acknowledge the provider", "not-acknowledged"],
  ["account not exist", "no-account"],
  ["chat_id_not_found", "chat-id-not-found"],
  ["Chat id not found", "chat-id-not-found"],
  ["endpoint not supported", "unsupported-endpoint"],
  ["unsupported endpoint", "unsupported-endpoint"],
  ["async processing is not enabled", "unsupported-endpoint"],
  ["model not supported", "model-not-supported"],
  ["no longer available", "model-expired"],
  ["Request body size exceeds", "body-too-large"],
  ["currently processing too many requests", "busy"],
  ["Too many concurrent requests", "rate-limited"],
  ["Rate limit exceeded", "rate-limited"],
  ["rate_limit_error", "rate-limited"],
  ["upstream provider", "upstream-failed"],
  ["validate session", "session-invalid"],
  ["Authorization header", "session-invalid"],
  ["session token", "session-invalid"],
  ["signature verification failed", "session-invalid"],
];

const BY_STATUS: Readonly<Record<number, ProviderErrorKind>> = {
  401: "session-invalid",
  402: "insufficient-balance",
  403: "session-invalid",
  410: "model-expired",
  413: "body-too-large",
  429: "rate-limited",
  502: "upstream-failed",
  503: "busy",
  504: "upstream-failed",
};

const BALANCE =
  /locked balance is (\d{1,30}(?:\.\d{1,18})?) 0G, but the required minimum is (\d{1,30}(?:\.\d{1,18})?) 0G/;
const LONGEST_MESSAGE = 1000;

function messageOf(body: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return body.trim(); // not JSON: a proxy's page, or plain text
  }
  return errorTextOf(parsed) ?? body.trim();
}

function balanceOf(message: string): ProviderError["balance"] {
  const [, locked, required] = BALANCE.exec(message) ?? [];
  return locked === undefined || required === undefined
    ? undefined
    : { locked: parseAmount(locked), required: parseAmount(required) };
}

/** Classifies a provider's answer that is no success. `body` is its text, JSON or not. */
export function classifyProviderError(status: number, body: string): ProviderError {
  const message = messageOf(body).slice(0, LONGEST_MESSAGE);
  const lower = `${message}\n${body.slice(0, LONGEST_MESSAGE)}`.toLowerCase();
  const kind = BY_TEXT.find(([text]) => lower.includes(text.toLowerCase()))?.[1] ?? BY_STATUS[status] ?? "unknown";
  const balance = kind === "insufficient-balance" ? balanceOf(message) : undefined;
  return { kind, status, message, ...(balance === undefined ? {} : { balance }) };
}

/** Whether a fresh session token may help, so that one retry is worth it. */
export function isSessionRefusal(error: ProviderError): boolean {
  return error.kind.startsWith("session-");
}
