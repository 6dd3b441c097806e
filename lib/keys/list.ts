/** The keys made here, and what has become of each. */

import type { ReadContext } from "../chain/context.ts";
import { isRevoked, readTokenState } from "../compute/sub-accounts.ts";
import type { KeyRecord } from "./registry.ts";

export type KeyState = "good" | "expired" | "revoked" | "revoked with all" | "no sub-account";

/** A record as it may be shown: with the beginning of the key's digest, which tells keys apart. */
export interface ListedKey extends Omit<KeyRecord, "digest"> {
  readonly fingerprint: string;
  readonly state: KeyState;
}

const FINGERPRINT_DIGITS = 16;

/** The beginning of a digest, enough to tell keys apart. */
export function fingerprintOf({ digest }: Pick<KeyRecord, "digest">): string {
  return digest.slice(0, FINGERPRINT_DIGITS);
}

/**
 * Asks the chain about each recorded key.
 * @param now Unix milliseconds.
 */
export async function listKeys(
  read: ReadContext,
  records: readonly KeyRecord[],
  now: number,
): Promise<readonly ListedKey[]> {
  return Promise.all(
    records.map(async ({ digest, ...key }) => ({
      ...key,
      fingerprint: fingerprintOf({ digest }),
      state: await stateOf(read, { digest, ...key }, now),
    })),
  );
}

async function stateOf(read: ReadContext, key: KeyRecord, now: number): Promise<KeyState> {
  const state = await readTokenState(read, key.user, key.provider);
  if (state === undefined) return "no sub-account";
  if (state.generation !== key.generation) return "revoked with all";
  if (isRevoked(state, key.tokenId)) return "revoked";
  return key.expiresAt !== 0 && key.expiresAt <= now ? "expired" : "good";
}
