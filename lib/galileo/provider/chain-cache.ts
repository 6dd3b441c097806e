import type { Address } from "../../hex.ts";
import type { ProviderAccount, ProviderChain, ProviderService } from "./chain.ts";

/** Reads of accounts and of the own service, believed for a while, as live providers do (10 and 15 minutes). */
export interface ChainCache {
  account(user: Address): Promise<ProviderAccount | undefined>;
  /** Reads again, whatever is remembered. */
  freshAccount(user: Address): Promise<ProviderAccount | undefined>;
  service(): Promise<ProviderService | undefined>;
}

interface Remembered<T> {
  readonly value: T;
  readonly readAt: number;
}

/** Absence is never remembered: a user who has just been funded must not be turned away. */
export function chainCache(chain: ProviderChain, lifetimeMs: number, clock: () => number): ChainCache {
  const accounts = new Map<Address, Remembered<ProviderAccount>>();
  let ownService: Remembered<ProviderService> | undefined;
  const believed = (entry: Remembered<unknown> | undefined) =>
    entry !== undefined && clock() - entry.readAt < lifetimeMs;

  const freshAccount = async (user: Address) => {
    const value = await chain.getAccount(user);
    if (value === undefined) accounts.delete(user);
    else if (lifetimeMs > 0) accounts.set(user, { value, readAt: clock() });
    return value;
  };
  return {
    freshAccount,
    async account(user) {
      const entry = accounts.get(user);
      return believed(entry) ? entry?.value : freshAccount(user);
    },
    async service() {
      if (believed(ownService)) return ownService?.value;
      const value = await chain.getService();
      ownService = value === undefined ? undefined : { value, readAt: clock() };
      return value;
    },
  };
}
