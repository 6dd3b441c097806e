/** Session tokens: made from one read of the chain, then used from memory. */

import { randomBytes as nodeRandomBytes } from "node:crypto";

import { getBytes, type Provider, type Signer } from "ethers";

import { assertSignerAllowed } from "../chain/development-keys.ts";
import { checksum, type Address } from "../hex.ts";
import type { Network } from "../networks.ts";
import {
  encodeSessionMessage,
  EPHEMERAL_TOKEN_ID,
  formatSessionToken,
  MAX_EPHEMERAL_MS,
  sessionDigest,
} from "../protocol/session-token.ts";
import { NoSubAccountError, NotAcknowledgedError } from "./errors.ts";
import { readTokenState } from "./sub-accounts.ts";

/** A token is replaced when less than this is left of it, so that no long answer outlives it. */
const RENEW_BEFORE_MS = 3_600_000;
const NONCE_BYTES = 16;

export interface SessionDeps {
  readonly network: Network;
  readonly provider: Provider;
  readonly signer: Signer;
  /** Unix milliseconds; the system clock by default. */
  readonly clock?: () => number;
  /** Must be cryptographically secure; `node:crypto` by default. */
  readonly randomBytes?: (size: number) => Uint8Array;
}

interface Cached {
  readonly header: string;
  readonly renewAt: number;
}

/**
 * Makes and keeps the ephemeral session tokens of one signer, one per provider, in memory only: a token is a bearer
 * secret that works until it expires. A warm {@link header} reads a map and nothing else.
 */
export class SessionTokens {
  readonly network: Network;
  readonly #chain: Provider;
  readonly #signer: Signer;
  readonly #clock: () => number;
  readonly #randomBytes: (size: number) => Uint8Array;
  readonly #cache = new Map<string, Cached>();
  readonly #making = new Map<string, Promise<Cached>>();
  #user: Address | undefined;

  constructor(deps: SessionDeps) {
    this.network = deps.network;
    this.#chain = deps.provider;
    this.#signer = deps.signer;
    this.#clock = deps.clock ?? Date.now;
    this.#randomBytes = deps.randomBytes ?? nodeRandomBytes;
  }

  /**
   * The user the tokens are for, EIP-55.
   * @throws {RealKeyRefusedError} {@link DevelopmentKeyRefusedError} when this key must not sign on this network.
   */
  async user(): Promise<Address> {
    if (this.#user === undefined) {
      const address = checksum(await this.#signer.getAddress());
      assertSignerAllowed(this.network, address);
      this.#user = address;
    }
    return this.#user;
  }

  /**
   * Gives the value of the `Authorization` header for a provider. The first time, and an hour before a token ends, it
   * reads the sub-account's generation from the chain and signs; otherwise it answers from memory.
   * @throws {NoSubAccountError} {@link NotAcknowledgedError} before anything is signed.
   */
  async header(provider: Address): Promise<string> {
    const cached = this.#cache.get(provider);
    if (cached !== undefined && this.#clock() < cached.renewAt) return cached.header;
    // Callers that come at the same time share one token.
    let making = this.#making.get(provider);
    if (making === undefined) {
      making = this.#make(provider).finally(() => this.#making.delete(provider));
      this.#making.set(provider, making);
    }
    return (await making).header;
  }

  /**
   * Forgets a provider's token, e.g. because the provider calls it expired, revoked or of another generation.
   * @param refused the header that was refused; one made since then is kept.
   */
  invalidate(provider: Address, refused?: string): void {
    if (refused === undefined || this.#cache.get(provider)?.header === refused) this.#cache.delete(provider);
  }

  async #make(provider: Address): Promise<Cached> {
    const user = await this.user();
    const audience = checksum(provider);
    const account = await readTokenState({ network: this.network, provider: this.#chain }, user, audience);
    if (account === undefined) throw new NoSubAccountError({ user, provider: audience });
    if (!account.acknowledged) throw new NotAcknowledgedError({ user, provider: audience });
    const timestamp = this.#clock();
    const expiresAt = timestamp + MAX_EPHEMERAL_MS;
    const message = encodeSessionMessage({
      address: user,
      provider: audience,
      timestamp,
      expiresAt,
      nonce: Buffer.from(this.#randomBytes(NONCE_BYTES)).toString("hex"),
      generation: account.generation,
      tokenId: EPHEMERAL_TOKEN_ID,
    });
    // The 32 bytes of the digest are signed as a personal message, not their hexadecimal (protocol sheet, 1.3).
    const signature = await this.#signer.signMessage(getBytes(sessionDigest(message)));
    const made = { header: `Bearer ${formatSessionToken(message, signature)}`, renewAt: expiresAt - RENEW_BEFORE_MS };
    this.#cache.set(provider, made);
    return made;
  }
}

/** What asking a provider needs of {@link SessionTokens}. */
export type Session = Pick<SessionTokens, "network" | "user" | "header" | "invalidate">;
