/** The bearer token of every authenticated call: `app-sk-` and the base64 of `message|signature`. */

import { getBytes, id } from "ethers";

import type { Address, Hex } from "../hex.ts";
import { SessionTokenMalformedError } from "./errors.ts";
import { recoverMessageSigner } from "./signed-text.ts";

/** Id of a token that lives at most a day and is revoked only together with all others; 0..254 are API keys. */
export const EPHEMERAL_TOKEN_ID = 255;
export const MAX_EPHEMERAL_MS = 86_400_000;

const PREFIX = "app-sk-";
const SEPARATOR = "|";

export interface SessionToken {
  /** The user, EIP-55: the provider keys its records by this very spelling. */
  readonly address: string;
  readonly provider: string;
  /** Creation, Unix milliseconds. */
  readonly timestamp: number;
  /** Unix milliseconds; 0 is never, for API keys only. */
  readonly expiresAt: number;
  /** Random text. Providers do not remember it: the token is a secret that can be used again until it expires. */
  readonly nonce: string;
  /** The sub-account's generation on chain; `revokeAllTokens` raises it. */
  readonly generation: bigint;
  readonly tokenId: number;
}

/** Writes the message that is signed, in the order and form of the official SDK. */
export function encodeSessionMessage(token: SessionToken): string {
  const members = [
    ["address", JSON.stringify(token.address)],
    ["provider", JSON.stringify(token.provider)],
    ["timestamp", integer(token.timestamp)],
    ["expiresAt", integer(token.expiresAt)],
    ["nonce", JSON.stringify(token.nonce)],
    ["generation", token.generation.toString()],
    ["tokenId", integer(token.tokenId)],
  ];
  return `{${members.map(([key, value]) => `"${key}":${value}`).join(",")}}`;
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`${value} is no non-negative integer`);
  return String(value);
}

/** keccak256 of the message's UTF-8. Its 32 bytes (not their hexadecimal) are then signed as a personal message. */
export function sessionDigest(message: string): Hex {
  return id(message) as Hex;
}

/** Joins message and signature to the text that follows `Bearer `. */
export function formatSessionToken(message: string, signature: string): string {
  return PREFIX + Buffer.from(message + SEPARATOR + signature).toString("base64");
}

/**
 * Takes a token apart again. Checks its form only: neither signature nor expiry nor revocation.
 * @throws {SessionTokenMalformedError}
 */
export function parseSessionToken(text: string): { message: string; token: SessionToken; signature: string } {
  const bare = text.startsWith("Bearer ") ? text.slice("Bearer ".length) : text;
  if (!bare.startsWith(PREFIX)) throw new SessionTokenMalformedError(`it does not start with ${PREFIX}`);
  const encoded = bare.slice(PREFIX.length);
  const decoded = Buffer.from(encoded, "base64");
  if (decoded.toString("base64") !== encoded) throw new SessionTokenMalformedError("it is not padded standard base64");
  const payload = decoded.toString("utf8");
  const cut = payload.indexOf(SEPARATOR);
  if (cut < 0) throw new SessionTokenMalformedError("no | separates message and signature");
  const message = payload.slice(0, cut);
  return { message, token: readMessage(message), signature: payload.slice(cut + 1) };
}

function readMessage(message: string): SessionToken {
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch (error) {
    throw new SessionTokenMalformedError("its message is not JSON", error);
  }
  if (typeof value !== "object" || value === null) throw new SessionTokenMalformedError("its message is no object");
  const members = value as Record<string, unknown>;
  const text = (key: string): string => {
    const member = members[key];
    if (typeof member !== "string") throw new SessionTokenMalformedError(`${key} is no text`);
    return member;
  };
  const count = (key: string): number => {
    const member = members[key];
    if (!Number.isSafeInteger(member) || (member as number) < 0) {
      throw new SessionTokenMalformedError(`${key} is no non-negative integer`);
    }
    return member as number;
  };
  const tokenId = count("tokenId");
  if (tokenId > EPHEMERAL_TOKEN_ID) throw new SessionTokenMalformedError(`tokenId ${tokenId} is above 255`);
  return {
    address: text("address"),
    provider: text("provider"),
    timestamp: count("timestamp"),
    expiresAt: count("expiresAt"),
    nonce: text("nonce"),
    generation: BigInt(count("generation")),
    tokenId,
  };
}

/**
 * Recovers who signed a session message.
 * @throws {SignatureMalformedError}
 */
export function recoverSessionSigner(message: string, signature: string): Address {
  return recoverMessageSigner(getBytes(sessionDigest(message)), signature);
}
