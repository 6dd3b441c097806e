/** How the audit log of a token is found: by the tags of its submission, which its minter sent. */

import { concat, toBeHex } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import type { Address, Hex } from "../hex.ts";
import { findSubmissionsBy, type TaggedSubmission } from "../storage/flow.ts";

const MARK = new TextEncoder().encode("0g-audit-log-v1");

/** Tags of the submission of a final log: `0g-audit-log-v1`, the contract (20 bytes), the token id (32). */
export function auditTags(inft: Address, tokenId: bigint): Hex {
  return concat([MARK, inft, toBeHex(tokenId, 32)]).toLowerCase() as Hex;
}

/**
 * The logs of a token that its minter stored, oldest first: only the first one was there before anybody could know what
 * became of the token. Reads the Submit events of the minter since the block of the mint.
 * @throws {RpcUnreachableError}
 */
export async function findAuditLogs(
  ctx: ReadContext,
  { inft, tokenId, minter, fromBlock }: AuditQuery,
): Promise<readonly TaggedSubmission[]> {
  const tags = auditTags(inft, tokenId);
  const submissions = await findSubmissionsBy(ctx, [minter], fromBlock);
  return submissions.filter((submission) => submission.tags.toLowerCase() === tags);
}

export interface AuditQuery {
  readonly inft: Address;
  readonly tokenId: bigint;
  readonly minter: Address;
  /** The block of the mint. */
  readonly fromBlock: number;
}
