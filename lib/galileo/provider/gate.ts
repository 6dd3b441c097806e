/**
 * Who is asking: the checks of a session token, in a provider's order and words.
 * Written from the protocol sheet and on purpose not with the client's code, so that a mistake shows as a refusal.
 */

import { getAddress, hashMessage, isAddress, keccak256, recoverAddress } from "ethers";

import type { Address } from "../../hex.ts";
import type { ProviderAccount } from "./chain.ts";
import type { ChainCache } from "./chain-cache.ts";
import { Refusal } from "./refusal.ts";
import { decodeSession, type DecodedSession } from "./session-json.ts";

export interface Session {
  readonly address: Address;
  /** The address as the token spells it: providers key their records by this very text. */
  readonly spelling: string;
  /** The account as the token was checked against it; absent when there is none. */
  readonly account: ProviderAccount | undefined;
}

export interface SessionGate {
  /** Accepts or throws a 400 whose text starts with `prefix`. */
  check(authorization: string | undefined, prefix: string): Promise<Session>;
}

const HEADER_START = "Bearer app-sk-";
const DAY_MS = 86_400_000n;
const EPHEMERAL = 255n;
const ACCEPTED_FOR_MS = 5 * 60_000;
const MOST_REMEMBERED = 10_000;
const STANDARD_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function sessionGate(options: {
  readonly provider: Address;
  readonly cache: ChainCache;
  readonly clock: () => number;
}): SessionGate {
  const { provider, cache, clock } = options;
  /** Tokens whose signature has been checked, and until when that is believed. */
  const accepted = new Map<string, number>();

  const checkTimes = (session: DecodedSession): void => {
    const { expiresAt, timestamp, tokenId } = session;
    if (tokenId === EPHEMERAL && expiresAt === 0n) throw refuse("ephemeral token must have an expiration time");
    if (tokenId === EPHEMERAL && expiresAt - timestamp > DAY_MS) {
      throw refuse("ephemeral token duration cannot exceed 24 hours");
    }
    const nowSeconds = BigInt(Math.floor(clock() / 1000));
    if (expiresAt > 0n && nowSeconds > expiresAt / 1000n) throw refuse("session token expired");
  };

  const checkRevocation = async (session: DecodedSession): Promise<ProviderAccount | undefined> => {
    // A text that is no address has no account, and no signature will match it.
    if (!isAddress(session.address)) return undefined;
    const account = await cache.account(getAddress(session.address) as Address);
    if (account === undefined) return undefined;
    if (session.generation < account.generation) throw refuse("session token has been revoked (generation expired)");
    if (session.generation > account.generation) throw refuse("invalid session token (future generation)");
    const revoked = (account.revokedBitmap >> session.tokenId) & 1n;
    if (session.tokenId !== EPHEMERAL && revoked === 1n) throw refuse("session token has been revoked");
    return account;
  };

  const checkSignatureOnce = (session: DecodedSession, message: Uint8Array, signature: string): void => {
    const now = clock();
    const key = `${session.address}:${session.nonce}:${keccak256(message)}:${keccak256(Buffer.from(signature))}`;
    if ((accepted.get(key) ?? 0) > now) return;
    checkSignature(session.address, message, signature);
    if (accepted.size >= MOST_REMEMBERED) accepted.clear();
    accepted.set(key, now + ACCEPTED_FOR_MS);
  };

  const check = async (authorization: string | undefined): Promise<Session> => {
    const { message, signature } = readHeader(authorization);
    const session = decodeSession(message.toString("utf8"));
    if (session.provider.toLowerCase() !== provider.toLowerCase()) {
      throw refuse("session token is for different provider");
    }
    checkTimes(session);
    const account = await checkRevocation(session);
    checkSignatureOnce(session, message, signature);
    return { address: getAddress(session.address) as Address, spelling: session.address, account };
  };

  return {
    async check(authorization, prefix) {
      try {
        return await check(authorization);
      } catch (error) {
        if (error instanceof Refusal) throw new Refusal(error.status, prefix + error.message);
        throw error;
      }
    },
  };
}

function refuse(text: string): Refusal {
  return new Refusal(400, text);
}

function readHeader(authorization: string | undefined): { message: Buffer; signature: string } {
  if (authorization?.startsWith(HEADER_START) !== true) {
    throw refuse(
      "missing or invalid Authorization header, must be Bearer app-sk-<base64(rawMessage:signature)>", // their words; it is a |
    );
  }
  const encoded = authorization.slice(HEADER_START.length);
  if (!STANDARD_BASE64.test(encoded)) {
    throw refuse(`invalid base64 in Authorization header: illegal base64 data at input byte ${badByte(encoded)}`);
  }
  const payload = Buffer.from(encoded, "base64");
  const cut = payload.indexOf("|");
  if (cut < 0) throw refuse("invalid Authorization payload, expect base64(rawMessage:signature)");
  return { message: payload.subarray(0, cut), signature: payload.subarray(cut + 1).toString("utf8") };
}

function badByte(encoded: string): number {
  const foreign = encoded.search(/[^A-Za-z0-9+/]/);
  return foreign < 0 ? encoded.length : foreign;
}

/** EIP-191 over the 32 bytes of keccak256(message); v must be 27 or 28, because 27 is subtracted from it unseen. */
function checkSignature(address: string, message: Uint8Array, signature: string): void {
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(signature)) {
    throw refuse(
      `invalid signature format: ${signature.startsWith("0x") ? "invalid hex string" : "hex string without 0x prefix"}`,
    );
  }
  if (signature.length !== 2 + 130) throw refuse("invalid signature length");
  const recovery = Number.parseInt(signature.slice(-2), 16) - 27;
  if (recovery !== 0 && recovery !== 1) {
    throw refuse("failed to recover public key from signature: invalid signature recovery id");
  }
  let signer: string;
  try {
    signer = recoverAddress(hashMessage(Buffer.from(keccak256(message).slice(2), "hex")), signature);
  } catch {
    throw refuse("failed to recover public key from signature: recovery failed"); // whatever r and s are wrong with
  }
  if (signer.toLowerCase() !== address.toLowerCase()) throw refuse("signature verification failed: address mismatch");
}
