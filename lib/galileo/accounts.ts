/** Which published development account plays which part on the embedded network and on forks. */

import { developmentAccount, DEVELOPMENT_ACCOUNTS, FUNDED_ACCOUNTS } from "../chain/development-keys.ts";
import type { Address } from "../hex.ts";

export const ROLES = {
  /** Pays for what the tasks do. */
  user: 0,
  /** Owns 0G's contracts on the embedded network; on Galileo that is 0G. */
  owner: 9,
  /** Providers of the embedded network, in this order; the third is never endorsed. */
  providers: [10, 11, 12],
  /** Providers a fork brings along: others than the above, so that a fork of an embedded chain tells them apart. */
  forkProviders: [13, 14, 15],
  /** Handed out by `fundedUser()`, in this order; after these, {@link spareAccount}s. */
  users: [1, 2, 3, 4, 5, 6, 7, 8, 16, 17, 18, 19],
} as const;

/**
 * The `position`-th account beyond the 20 that Hardhat funds, for tests that need more users or providers.
 * @throws {RangeError} when the accounts recognised as published are used up.
 */
export function spareAccount(position: number): number {
  const index = FUNDED_ACCOUNTS + position;
  if (index >= DEVELOPMENT_ACCOUNTS) {
    throw new RangeError(`all ${DEVELOPMENT_ACCOUNTS} development accounts are handed out; open a new connection`);
  }
  return index;
}

/** Addresses of the providers that stand in this process when `mode` is a fork or the embedded network. */
export function localProviderAddresses(mode: "local" | "fork"): readonly Address[] {
  const indexes = mode === "fork" ? ROLES.forkProviders : ROLES.providers;
  return indexes.map((index) => developmentAccount(index).address);
}
