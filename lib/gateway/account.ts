/** What is locked at one provider, as far as the gateway knows: read from the chain, counted in between. Neuron. */

import type { ReadContext } from "../chain/context.ts";
import type { HttpDeps } from "../compute/provider-http.ts";
import type { Service } from "../compute/providers.ts";
import type { Session } from "../compute/session.ts";
import { readSubAccount } from "../compute/sub-accounts.ts";
import { fetchUnsettledFee } from "../compute/unsettled-fee.ts";
import { ZgError } from "../errors.ts";
import type { Address } from "../hex.ts";
import { PROVIDER_MINIMUM_RESERVE } from "../protocol/constants.ts";

export interface AccountDeps {
  readonly read: ReadContext;
  readonly user: Address;
  readonly session: Session;
  readonly http: HttpDeps;
}

/**
 * The user's sub-account at a provider. A request is let through when the provider will admit it, and when what all
 * requests under way may cost is there.
 */
export class ProviderAccount {
  readonly #deps: AccountDeps;
  readonly #service: Pick<Service, "provider" | "url">;
  readonly #clock: () => number;
  #spendable = 0n;
  #owed = 0n;
  #reserved = 0n;
  /** Fees that came up while the chain was being read. */
  #since = 0n;
  #reading: Promise<void> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  /** What the provider wants locked beside what is owed; its own refusals correct it. */
  #reserve = PROVIDER_MINIMUM_RESERVE;

  constructor(deps: AccountDeps, service: Pick<Service, "provider" | "url">) {
    this.#deps = deps;
    this.#service = service;
    this.#clock = deps.http.clock ?? Date.now;
  }

  /** Locked and not refundable, by the chain. */
  get spendable(): bigint {
    return this.#spendable;
  }

  /** Billed and not settled, by the provider as far as it says. */
  get owed(): bigint {
    return this.#owed;
  }

  /** Locked and not owed. */
  get free(): bigint {
    return this.#spendable - this.#owed;
  }

  /** What has to be free for a request of this worst case, beside those under way. */
  needed(worst: bigint): bigint {
    const all = this.#reserved + worst;
    return all > this.#reserve ? all : this.#reserve;
  }

  /** Sets the worst case of a request aside; false when the provider would refuse it, or it might not be paid. */
  reserve(worst: bigint): boolean {
    if (this.free < this.needed(worst)) return false;
    this.#reserved += worst;
    return true;
  }

  settle(worst: bigint, fee: bigint): void {
    this.#reserved -= worst;
    this.#owed += fee;
    if (this.#reading !== undefined) this.#since += fee;
  }

  /** Takes the provider's word for what it wants locked, when it refuses. */
  learn(required: bigint | undefined): void {
    if (required !== undefined && required - this.#owed > this.#reserve) this.#reserve = required - this.#owed;
  }

  /** Reads again unless that was done just now. False when it was. @throws {ZgError} on an outage. */
  async reread(minAgeMs: number): Promise<boolean> {
    if (this.#reading === undefined && this.#clock() - this.#readAt < minAgeMs) return false;
    await this.refresh();
    return true;
  }

  /** Reads chain and provider again. Whoever asks meanwhile gets the same reading. @throws {ZgError} on an outage. */
  async refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
      this.#since = 0n;
      this.#readAt = this.#clock();
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { read, user, session, http } = this.#deps;
    const account = await readSubAccount(read, user, this.#service.provider);
    const before = this.#spendable;
    this.#spendable = account?.spendable ?? 0n;
    if (account?.acknowledged !== true) return;
    try {
      this.#owed = (await fetchUnsettledFee({ ...http, session }, this.#service)) + this.#since;
    } catch (error) {
      if (!(error instanceof ZgError)) throw error;
      // It does not say; what it has collected since is no longer owed.
      const collected = before > this.#spendable ? before - this.#spendable : 0n;
      this.#owed = this.#owed > collected ? this.#owed - collected : 0n;
    }
  }
}
