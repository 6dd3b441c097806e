/** What an `app-sk-` token says, who signed it, and whether the chain still honours it. */

import { isAddress } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import { isRevoked, readTokenState, type TokenState } from "../compute/sub-accounts.ts";
import type { Address } from "../hex.ts";
import {
  EPHEMERAL_TOKEN_ID,
  MAX_EPHEMERAL_MS,
  parseSessionToken,
  recoverSessionSigner,
  type SessionToken,
} from "../protocol/session-token.ts";

/** What the token alone tells. */
export interface InspectedToken {
  readonly token: SessionToken;
  readonly kind: "api-key" | "ephemeral";
  /** Who signed it; undefined when the signature is none. */
  readonly signer?: Address;
  /** Why no provider takes it, whatever the chain says; empty when nothing is wrong with it. */
  readonly problems: readonly string[];
}

/** Whether the chain honours a token now. */
export interface TokenStanding {
  readonly honoured: boolean;
  /** `account`, `acknowledged`, `generation`, `revoked`: each by name, in the order in which a provider asks. */
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly explanation: string }[];
}

/**
 * Takes a token apart, offline.
 * @param now Unix milliseconds.
 * @throws {SessionTokenMalformedError}
 */
export function inspectToken(text: string, now: number): InspectedToken {
  const { message, token, signature } = parseSessionToken(text.trim());
  const kind = token.tokenId === EPHEMERAL_TOKEN_ID ? "ephemeral" : "api-key";
  const signer = signerOf(message, signature);
  const problems: string[] = [];
  if (signer === undefined) problems.push("its signature is none");
  else if (signer.toLowerCase() !== token.address.toLowerCase()) problems.push(`it is signed by ${signer}`);
  if (kind === "ephemeral" && token.expiresAt === 0) problems.push("an ephemeral token must end");
  if (kind === "ephemeral" && token.expiresAt - token.timestamp > MAX_EPHEMERAL_MS) {
    problems.push("an ephemeral token lives a day at most");
  }
  // Providers compare whole seconds.
  if (token.expiresAt > 0 && Math.floor(now / 1000) > Math.floor(token.expiresAt / 1000))
    problems.push("it has expired");
  return { token, kind, ...(signer === undefined ? {} : { signer }), problems };
}

function signerOf(message: string, signature: string): Address | undefined {
  try {
    return recoverSessionSigner(message, signature);
  } catch {
    return undefined; // throws for nothing but a signature that is none
  }
}

/** Holds a token against what the chain says of its user's sub-account. A provider may go by what it said ten minutes ago. */
export function standingOf(token: SessionToken, state: TokenState | undefined): TokenStanding {
  const checks: { name: string; ok: boolean; explanation: string }[] = [];
  const check = (name: string, ok: boolean, explanation: string) => checks.push({ name, ok, explanation });
  if (state === undefined) {
    check("account", false, `${token.address} has no sub-account at ${token.provider}`);
    return { honoured: false, checks };
  }
  check("account", true, `${token.address} has a sub-account at ${token.provider}`);
  const { acknowledged, generation } = state;
  check(
    "acknowledged",
    acknowledged,
    acknowledged ? "its user accepts the TEE signer" : "its user accepts no TEE signer",
  );
  const ended = token.generation < generation;
  check(
    "generation",
    token.generation === generation,
    token.generation === generation
      ? `generation ${generation}, as on chain`
      : `generation ${token.generation}; the chain is at ${generation}${ended ? ", so all tokens before were revoked" : ""}`,
  );
  const revoked = token.tokenId !== EPHEMERAL_TOKEN_ID && isRevoked(state, token.tokenId);
  check("revoked", !revoked, revoked ? `id ${token.tokenId} is revoked` : `id ${token.tokenId} is not revoked`);
  return { honoured: checks.every(({ ok }) => ok), checks };
}

/** Reads the chain and holds a token against it. */
export async function readStanding(read: ReadContext, token: SessionToken): Promise<TokenStanding> {
  const known = isAddress(token.address) && isAddress(token.provider);
  return standingOf(
    token,
    known ? await readTokenState(read, token.address as Address, token.provider as Address) : undefined,
  );
}
