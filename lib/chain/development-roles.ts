/** Which published development account plays which part on the embedded network and on forks. */

import { developmentAccount, DEVELOPMENT_ACCOUNTS } from "./development-keys.ts";
import { FUNDED_ACCOUNTS } from "./development-mnemonic.ts";
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
  /** Providers that `galileo up` adds: images, edits, transcriptions, embeddings. The last accounts there are. */
  serviceProviders: [
    DEVELOPMENT_ACCOUNTS - 4,
    DEVELOPMENT_ACCOUNTS - 3,
    DEVELOPMENT_ACCOUNTS - 2,
    DEVELOPMENT_ACCOUNTS - 1,
  ],
  /** Runs a second attestor (`inft attestor serve`); the first one has a key of its own. */
  attestor: 19,
  /** Handed out by `fundedUser()`, in this order; after these, {@link spareAccount}s. */
  users: [1, 2, 3, 4, 5, 6, 7, 8, 16, 17, 18],
} as const;

/** Where the accounts end that {@link spareAccount} hands out. */
const SPARE_END = ROLES.serviceProviders[0];

/**
 * The `position`-th account beyond the 20 that Hardhat funds, for tests that need more users or providers.
 * @throws {RangeError} when the accounts recognised as published are used up.
 */
export function spareAccount(position: number): number {
  const index = FUNDED_ACCOUNTS + position;
  if (index >= SPARE_END) {
    throw new RangeError(`all ${SPARE_END} development accounts are handed out; open a new connection`);
  }
  return index;
}

/**
 * Whether `provider` is one that a fork brought along, or that a test started there, rather than one of the chain that
 * was forked. Only these see what is deposited on the fork; a forked embedded network has providers on this machine too.
 */
export function isForkProvider(provider: Address): boolean {
  const indexes = [...ROLES.forkProviders, ...range(FUNDED_ACCOUNTS, SPARE_END)];
  return indexes.some((index) => developmentAccount(index).address === provider);
}

function range(first: number, end: number): readonly number[] {
  return Array.from({ length: end - first }, (_, position) => first + position);
}
