/** API keys: session tokens with an id of their own, so that each can be revoked alone. */

import { randomBytes as nodeRandomBytes } from "node:crypto";

import { getBytes, type Signer } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import { assertSignerAllowed } from "../chain/development-keys.ts";
import { NoSubAccountError, NotAcknowledgedError } from "../compute/errors.ts";
import { isRevoked, readTokenState, type TokenState } from "../compute/sub-accounts.ts";
import type { Exclusively } from "../exclusively.ts";
import { checksum, type Address } from "../hex.ts";
import {
  EPHEMERAL_TOKEN_ID,
  encodeSessionMessage,
  formatSessionToken,
  sessionDigest,
} from "../protocol/session-token.ts";
import { keyDigest } from "../server-guards.ts";
import { KeyIdsExhaustedError, KeyIdTakenError, KeyLabelTakenError } from "./errors.ts";
import { keysOf, type KeyRecord, type KeyRegistry } from "./registry.ts";

export interface KeyDeps {
  readonly read: ReadContext;
  readonly signer: Signer;
  readonly registry: KeyRegistry;
  /** One change of the registry at a time, among all processes. */
  readonly exclusively: Exclusively;
  /** Puts the key where it is kept, and says where. Called once, before the key is recorded or returned. */
  readonly keep: (key: string, record: Omit<KeyRecord, "kept">) => Promise<string>;
  /** Unix milliseconds. */
  readonly clock?: () => number;
  readonly randomBytes?: (size: number) => Uint8Array;
}

export interface NewKey {
  readonly provider: Address;
  /** How people tell it from others; the token id when absent. */
  readonly label?: string;
  /** Unix milliseconds; 0 is never. */
  readonly expiresAt: number;
  /** The highest free one when absent. */
  readonly tokenId?: number;
}

export interface CreatedKey {
  /** The secret itself: `app-sk-…`. */
  readonly key: string;
  readonly record: KeyRecord;
}

const NONCE_BYTES = 16;

/**
 * Makes an API key for one provider. Nothing is sent: a key is a signature.
 *
 * No id is given twice. The official client takes the lowest that is not revoked, again and again; this takes the highest
 * that is neither revoked nor recorded here, so that the two do not meet.
 * @throws {NoSubAccountError} {@link NotAcknowledgedError} {@link KeyIdTakenError} {@link KeyIdsExhaustedError}
 *   {@link KeyLabelTakenError}
 */
export async function createApiKey(deps: KeyDeps, wanted: NewKey): Promise<CreatedKey> {
  const { read, signer, registry, clock = Date.now, randomBytes = nodeRandomBytes } = deps;
  const user = checksum(await signer.getAddress());
  assertSignerAllowed(read.network, user);
  const provider = checksum(wanted.provider);
  return deps.exclusively("making an API key", async () => {
    const state = await readTokenState(read, user, provider);
    if (state === undefined) throw new NoSubAccountError({ user, provider });
    if (!state.acknowledged) throw new NotAcknowledgedError({ user, provider });
    const { generation } = state;
    const records = await registry.read();
    const current = keysOf(records, user, provider).filter((record) => record.generation === generation);
    const tokenId = freeId(provider, current, state, wanted.tokenId);
    const label = wanted.label ?? String(tokenId);
    if (current.some((record) => record.label === label)) throw new KeyLabelTakenError({ provider, label });

    const createdAt = clock();
    const message = encodeSessionMessage({
      address: user,
      provider,
      timestamp: createdAt,
      expiresAt: wanted.expiresAt,
      nonce: Buffer.from(randomBytes(NONCE_BYTES)).toString("hex"),
      generation,
      tokenId,
    });
    const key = formatSessionToken(message, await signer.signMessage(getBytes(sessionDigest(message))));
    const { expiresAt } = wanted;
    const made = { user, provider, tokenId, generation, label, createdAt, expiresAt, digest: keyDigest(key) };
    const record = { ...made, kept: await deps.keep(key, made) };
    await registry.write([...records, record]);
    return { key, record };
  });
}

function freeId(
  provider: Address,
  current: readonly KeyRecord[],
  state: TokenState,
  wanted: number | undefined,
): number {
  const holder = (id: number) => current.find(({ tokenId }) => tokenId === id);
  if (wanted !== undefined) {
    if (isRevoked(state, wanted))
      throw new KeyIdTakenError({ provider, tokenId: wanted, by: "it is revoked on chain" });
    const by = holder(wanted);
    if (by !== undefined) throw new KeyIdTakenError({ provider, tokenId: wanted, by: `by the key ${by.label}` });
    return wanted;
  }
  for (let id = EPHEMERAL_TOKEN_ID - 1; id >= 0; id--) {
    if (!isRevoked(state, id) && holder(id) === undefined) return id;
  }
  throw new KeyIdsExhaustedError({ provider });
}
