/** Encrypted metadata that the ABI of the Go inference agent publishes on chain instead of keeping it elsewhere. */

import { keccak256 } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import { fromHex, type Address, type Hex } from "../hex.ts";
import { dialectsInterface } from "./contracts.ts";
import { readLogs } from "../chain/logs.ts";

/** The metadata with this keccak256, from the event of its publication; undefined when it never was published. */
export async function readPublishedMetadata(
  ctx: ReadContext,
  query: { readonly inft: Address; readonly dataHash: Hex; readonly fromBlock?: number },
): Promise<Uint8Array | undefined> {
  const { inft, dataHash, fromBlock } = query;
  const events = dialectsInterface();
  const topics = events.encodeFilterTopics("EncryptedMetadataPublished", [dataHash]) as string[];
  const logs = await readLogs(ctx, `Reading the metadata ${dataHash}`, { address: inft, topics }, fromBlock);
  for (const log of logs) {
    const encrypted = events.parseLog(log)?.args["encryptedMeta"] as Hex;
    // A contract that is not ours may publish anything under any hash.
    if (keccak256(encrypted) === dataHash) return fromHex(encrypted);
  }
  return undefined;
}
