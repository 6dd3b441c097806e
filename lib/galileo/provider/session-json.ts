/** The JSON inside a session token, decoded as the provider's Go code does: by key in any case, missing members zero. */

import { Refusal } from "./refusal.ts";

export interface DecodedSession {
  readonly address: string;
  readonly provider: string;
  readonly timestamp: bigint;
  readonly expiresAt: bigint;
  readonly nonce: string;
  readonly generation: bigint;
  readonly tokenId: bigint;
}

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n, name: "int64" } as const;
const UINT64 = { min: 0n, max: 2n ** 64n - 1n, name: "uint64" } as const;
const UINT8 = { min: 0n, max: 255n, name: "uint8" } as const;

function malformed(reason: string): Refusal {
  return new Refusal(400, `invalid session token format in Authorization: ${reason}`);
}

/** @throws {Refusal} 400 when it is no JSON object, or a member has the wrong type. */
export function decodeSession(message: string): DecodedSession {
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    throw malformed(message.trim() === "" ? "unexpected end of JSON input" : "invalid character in JSON text");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed(`json: cannot unmarshal ${Array.isArray(value) ? "array" : typeof value} into Go value`);
  }
  const members = new Map(Object.entries(value).map(([key, member]) => [key.toLowerCase(), member as unknown]));

  const text = (key: string): string => {
    const member = members.get(key.toLowerCase()) ?? "";
    if (typeof member !== "string")
      throw malformed(`json: cannot unmarshal ${typeof member} into field ${key} of type string`);
    return member;
  };
  const integer = (key: string, type: { min: bigint; max: bigint; name: string }): bigint => {
    const member = members.get(key.toLowerCase()) ?? 0;
    if (
      typeof member !== "number" ||
      !Number.isSafeInteger(member) ||
      BigInt(member) < type.min ||
      BigInt(member) > type.max
    ) {
      throw malformed(`json: cannot unmarshal ${typeof member} into field ${key} of type ${type.name}`);
    }
    return BigInt(member);
  };
  return {
    address: text("address"),
    provider: text("provider"),
    timestamp: integer("timestamp", INT64),
    expiresAt: integer("expiresAt", INT64),
    nonce: text("nonce"),
    generation: integer("generation", UINT64),
    tokenId: integer("tokenId", UINT8),
  };
}
