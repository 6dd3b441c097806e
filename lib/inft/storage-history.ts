/** What 0G Storage adds to the story of a token: when its data was submitted, and what its run wrote down. */

import type { ReadContext } from "../chain/context.ts";
import { blockTimes } from "../chain/block-times.ts";
import type { Address, Hex } from "../hex.ts";
import { findSubmissionsBy, type TaggedSubmission } from "../storage/flow.ts";
import type { AuditEvent, AuditLog } from "./audit-log.ts";
import { auditTags } from "./audit-trail.ts";
import type { HistoryEntry } from "./history.ts";
import type { TokenQuery } from "./show.ts";

/** Bytes that a token has listed were submitted to 0G Storage. The chain says so. */
export interface StoredEntry {
  readonly kind: "stored";
  readonly root: Hex;
  readonly size: number;
  readonly txSeq: number;
  readonly by: Address;
  readonly block: number;
  /** Of the block. Unix seconds. */
  readonly time: bigint;
  readonly transaction: Hex;
}

/** What the audit log of the run says beyond the chain: the word of who minted, by its own clock. */
export interface LoggedEntry {
  readonly kind: "logged";
  readonly event: AuditEvent;
  /** The log. */
  readonly root: Hex;
  /** Unix seconds. */
  readonly time: bigint;
}

export type ChainEntry = HistoryEntry | StoredEntry;
export type StoryEntry = ChainEntry | LoggedEntry;

export interface TokenSubmissions {
  readonly data: readonly StoredEntry[];
  /** Logs that name the token, submitted by its minter, oldest first. */
  readonly logs: readonly TaggedSubmission[];
}

/**
 * What was submitted for a token by those who minted and owned it. Reads Submit events.
 * @param roots every hash the token is known to have listed.
 */
export async function readTokenSubmissions(
  ctx: ReadContext,
  { inft, tokenId, fromBlock = 0 }: TokenQuery,
  history: readonly HistoryEntry[],
  roots: readonly Hex[],
): Promise<TokenSubmissions> {
  const minters = history.flatMap((entry) => (entry.kind === "minted" ? [entry.by] : []));
  const owners = history.flatMap((entry) =>
    entry.kind === "minted" || entry.kind === "transferred" ? [entry.to] : [],
  );
  const accounts = [...new Set([...minters, ...owners])];
  const submissions = accounts.length === 0 ? [] : await findSubmissionsBy(ctx, accounts, fromBlock);
  const listed = submissions.filter(({ root }) => roots.includes(root));
  const timeOf = await blockTimes(
    ctx,
    listed.map(({ blockNumber }) => blockNumber),
  );
  const data = listed.map(({ root, size, txSeq, submitter, blockNumber: block, transactionHash }): StoredEntry => ({
    ...{ kind: "stored", root, size, txSeq, by: submitter, block },
    ...{ time: timeOf(block), transaction: transactionHash },
  }));
  const tags = auditTags(inft, tokenId);
  const logs = submissions.filter((one) => one.tags.toLowerCase() === tags && minters.includes(one.submitter));
  return { data, logs };
}

/** The events of a log that the chain does not show: those with a time of their own. */
export function loggedEntries({ events }: AuditLog, root: Hex): readonly LoggedEntry[] {
  return events.flatMap((event): LoggedEntry[] => {
    if (!("time" in event) || event.time === undefined) return [];
    return [{ kind: "logged", event, root, time: BigInt(Math.floor(Date.parse(event.time) / 1000)) }];
  });
}

/**
 * One story. What the chain shows is in the order of its blocks; what a log says stands where the log has it, before the
 * data was stored or after the mint: its clock is another one.
 */
export function tell(chain: readonly ChainEntry[], logged: readonly LoggedEntry[] = []): readonly StoryEntry[] {
  const ordered = [...chain].sort((a, b) => a.block - b.block);
  const isLast = ({ event }: LoggedEntry) => event.event === "reported";
  const minted = ordered.find(({ kind }) => kind === "minted")?.block ?? 0;
  const mint = ordered.findLastIndex(({ block }) => block <= minted) + 1;
  const [before, after] = [logged.filter((entry) => !isLast(entry)), logged.filter(isLast)];
  return [...before, ...ordered.slice(0, mint), ...after, ...ordered.slice(mint)];
}
