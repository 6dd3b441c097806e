/** An attestor as it is given to a verifier, and which ones a live chain must not trust. */

import { isDevelopmentAddress } from "../chain/development-keys.ts";
import type { Address } from "../hex.ts";
import type { Network } from "../networks.ts";
import { DevelopmentAttestorError, WellKnownAttestorError } from "./errors.ts";

export interface AttestorEntry {
  readonly address: Address;
  /** Where it serves, for clients; absent when that is not public. */
  readonly url?: string;
  /** Unix seconds; from then on its signatures do not count. */
  readonly validUntil: bigint;
  /** Whether it runs on ordinary hardware, as it says of itself; also when nobody could ask it. Absent: it was not. */
  readonly development?: boolean;
}

/**
 * Asserts that attestors may be trusted on a network. Only live networks are particular.
 * @throws {WellKnownAttestorError} for a published key, always.
 * @throws {DevelopmentAttestorError} for one that proves no hardware, unless that is allowed.
 */
export function assertAttestorsAllowed(
  { mode, name: network }: Pick<Network, "mode" | "name">,
  attestors: readonly AttestorEntry[],
  options: { readonly allowDevelopment?: boolean } = {},
): void {
  if (mode !== "live") return;
  for (const { address, url, development = false } of attestors) {
    if (isDevelopmentAddress(address)) throw new WellKnownAttestorError({ attestor: address, network });
    if (development && options.allowDevelopment !== true) {
      throw new DevelopmentAttestorError({ attestor: address, network, ...(url === undefined ? {} : { url }) });
    }
  }
}

/** What to say of a verifier with too few attestors; undefined when they suffice. */
export function tooFewAttestors(active: number, threshold: bigint): string | undefined {
  if (BigInt(active) >= threshold) return undefined;
  return (
    `${active} attestors count, and ${threshold} must sign: tokens can be minted, but not transferred or cloned yet; ` +
    "add attestors: npx hardhat inft attestor add <address>"
  );
}
