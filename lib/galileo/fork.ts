/** What is particular about working on a fork of the live chain. */

import type { Address } from "../hex.ts";
import type { Network } from "../networks.ts";
import { localProviderAddresses } from "./accounts.ts";
import { ForkProviderUnreachableError } from "./errors.ts";

/** Whether `provider` is one that a fork brings along, rather than one of the chain that was forked. */
export function isForkProvider(provider: Address): boolean {
  return localProviderAddresses("fork").includes(provider);
}

/**
 * Asserts that `provider` can be asked on `network`: on a fork, the forked chain's providers serve the live chain and
 * see none of the fork's deposits.
 * @throws {ForkProviderUnreachableError}
 */
export function assertProviderReachable(network: Network, provider: Address): void {
  if (network.mode !== "fork" || isForkProvider(provider)) return;
  throw new ForkProviderUnreachableError({ network: network.name, provider, local: localProviderAddresses("fork") });
}
