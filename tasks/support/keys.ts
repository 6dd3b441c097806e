/** What the key tasks share: where keys are, which one is meant, and how they are shown. */

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { UsageError } from "../../lib/errors.ts";
import type { Address } from "../../lib/hex.ts";
import { KeyUnknownError } from "../../lib/keys/errors.ts";
import { openKeyFolder, type KeyFolder } from "../../lib/keys/folder.ts";
import { keysOf, type KeyRecord } from "../../lib/keys/registry.ts";
import type { Network } from "../../lib/networks.ts";
import { EPHEMERAL_TOKEN_ID } from "../../lib/protocol/session-token.ts";
import { runtimeFolders } from "./folders.ts";

/** @throws {UsageError} on a network that ends with the command: no key of it would open anything. */
export function keyFolder(hre: HardhatRuntimeEnvironment, network: Network, signal: AbortSignal): KeyFolder {
  const folders = runtimeFolders(hre, network);
  if (folders === undefined) {
    throw new UsageError({
      message: `The chain of ${network.name} ends with this command, so a key for it would open nothing`,
      remedy: "Run npx hardhat galileo up in another terminal, and use --network localhost.",
      details: { network: network.name },
    });
  }
  return openKeyFolder(folders.keys, { signal });
}

/** @throws {UsageError} unless `text` is a token id of an API key: 0 to 254. */
export function parseTokenId(text: string): number {
  const id = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (id < EPHEMERAL_TOKEN_ID) return id;
  throw new UsageError({
    message: `${JSON.stringify(text)} is not the token id of an API key`,
    remedy: "Give a number from 0 to 254. Session tokens have 255, and end with npx hardhat inference key revoke-all.",
    details: { tokenId: text },
  });
}

/**
 * The token ids that a list of labels and ids names. A label comes before an id of the same digits.
 * @throws {KeyUnknownError} for a label nobody gave here.
 */
export function namedIds(
  records: readonly KeyRecord[],
  { user, provider, generation }: { user: Address; provider: Address; generation: bigint },
  text: string,
): readonly number[] {
  const keys = keysOf(records, user, provider).filter((record) => record.generation === generation);
  const ids = text.split(",").map((part) => {
    const named = part.trim();
    const found = keys.find(({ label }) => label === named);
    if (found !== undefined) return found.tokenId;
    if (!/^\d+$/.test(named)) throw new KeyUnknownError({ provider, named });
    return parseTokenId(named);
  });
  return [...new Set(ids)];
}

/** Unix milliseconds as people read them; 0 has no end. */
export function endText(milliseconds: number): string {
  return milliseconds === 0 ? "never" : new Date(milliseconds).toISOString();
}
