/** Holds an audit log against the chain, the token and its receipt: each statement by name, none believed. */

import type { ReadContext } from "../chain/context.ts";
import { chainCall } from "../chain/revert.ts";
import { genesisHash } from "../chain/connect.ts";
import type { Receipt } from "../compute/receipt-schema.ts";
import type { Hex } from "../hex.ts";
import { canonicalJson } from "../protocol/canonical-json.ts";
import { findSubmissionsBy } from "../storage/flow.ts";
import { storageRoot } from "../storage/merkle.ts";
import { auditEvent, auditHash, type AuditLog } from "./audit-log.ts";
import { AuditRefutedError } from "./errors.ts";
import type { InferenceRecord, TokenView } from "./show.ts";

export type AuditCheckName =
  /** The log is of this chain. */
  | "chain"
  /** Its owner is who minted the token, and it names this token and this mint. */
  | "token"
  /** What was submitted and completed is what the token proves: provider, signer, hashes, signature. */
  | "exchange"
  /** What was stored is the data that was minted, and the chain holds that very submission. */
  | "stored"
  /** Times follow each other, and the mint's block does not come before the answer. */
  | "times"
  /** The receipt at hand is the one reported, and names the log up to its answer. */
  | "receipt";

export interface AuditCheck {
  readonly name: AuditCheckName;
  readonly status: "passed" | "failed" | "not checked";
  readonly detail: string;
}

export interface ReplayParams {
  readonly log: AuditLog;
  /** The token it is of, with the record of its mint. */
  readonly token: TokenView & { readonly record: InferenceRecord };
  /** Of the run: what its owner, or whoever the owner gave it to, can show. */
  readonly receipt?: Receipt | undefined;
}

/** A maker's clock may be this far behind the chain's. Seconds. */
const CLOCK_SLACK = 300;

/**
 * Replays a log. Reads block 0, the block of the mint, and the submissions of the minter.
 * @throws {RpcUnreachableError} an outage is no verdict.
 */
export async function replayAudit(ctx: ReadContext, params: ReplayParams): Promise<readonly AuditCheck[]> {
  return [
    await checkChain(ctx, params),
    checkToken(params),
    checkExchange(params),
    await checkStored(ctx, params),
    await checkTimes(ctx, params),
    checkReceipt(params),
  ];
}

/** @throws {AuditRefutedError} when a check failed. */
export function assertAudited(root: Hex, checks: readonly AuditCheck[]): void {
  const failed = checks.filter(({ status }) => status === "failed");
  if (failed.length === 0) return;
  const reason = failed.map(({ name, detail }) => `${name}: ${detail}`).join("; ");
  throw new AuditRefutedError({ root, failed: failed.map(({ name }) => name), reason });
}

function compared(
  name: AuditCheckName,
  pairs: Readonly<Record<string, readonly [said: unknown, found: unknown]>>,
  passed: string,
) {
  const wrong = Object.entries(pairs).filter(([, [said, found]]) => said !== found);
  const detail = wrong.map(([what, [said, found]]) => `${what} ${String(said)}; it is ${String(found)}`).join(", ");
  return {
    name,
    status: wrong.length === 0 ? "passed" : "failed",
    detail: wrong.length === 0 ? passed : detail,
  } as const;
}

const notChecked = (name: AuditCheckName, detail: string): AuditCheck => ({ name, status: "not checked", detail });

async function checkChain(ctx: ReadContext, { log: { header } }: ReplayParams): Promise<AuditCheck> {
  const { chainId } = ctx.network;
  const genesis = await genesisHash(ctx.provider);
  const pairs = { "chain id": [header.chainId, chainId], "block 0": [header.genesisHash, genesis] } as const;
  return compared("chain", pairs, `chain ${chainId}, block 0 is ${genesis}`);
}

function checkToken({ log, token: { inft, tokenId, record } }: ReplayParams): AuditCheck {
  const minted = auditEvent(log, "minted");
  if (minted === undefined) return notChecked("token", "the log ends before a mint");
  return compared(
    "token",
    {
      owner: [log.header.owner, record.minter],
      contract: [minted.inft, inft],
      token: [minted.tokenId, tokenId.toString()],
      transaction: [minted.transaction, record.transaction],
    },
    `token ${tokenId}, minted by ${record.minter} in ${record.transaction}`,
  );
}

function checkExchange({ log, token: { record } }: ReplayParams): AuditCheck {
  const [submitted, completed] = [auditEvent(log, "submitted"), auditEvent(log, "completed")];
  if (submitted === undefined || completed === undefined)
    return notChecked("exchange", "the log ends before the answer");
  const signature = auditHash(Buffer.from(record.signature.slice(2), "hex"));
  return compared(
    "exchange",
    {
      "asked provider": [submitted.provider, record.provider],
      "answering provider": [completed.provider, record.provider],
      request: [submitted.requestHash, record.requestHash],
      response: [completed.responseHash, record.responseHash],
      signer: [completed.signer, record.teeSigner],
      "signature's hash": [completed.signatureHash, signature],
    },
    `request ${record.requestHash}, response ${record.responseHash}, signed by ${record.teeSigner}`,
  );
}

async function checkStored(ctx: ReadContext, { log, token: { record } }: ReplayParams): Promise<AuditCheck> {
  const stored = auditEvent(log, "stored");
  if (stored === undefined) return notChecked("stored", "the run did not store its result");
  // Whoever submitted these bytes first, the number of the submission is the one that the log names.
  const submissions = await findSubmissionsBy(ctx, [log.header.owner], 0);
  const found = submissions.find(({ txSeq }) => txSeq === stored.txSeq);
  if (found === undefined) {
    return compared(
      "stored",
      { root: [stored.root, record.storageRoot] },
      `${stored.root}, submitted by somebody else`,
    );
  }
  return compared(
    "stored",
    {
      root: [stored.root, record.storageRoot],
      "submitted root": [stored.root, found.root],
      size: [stored.size, found.size],
      ...(stored.transaction === undefined
        ? {}
        : { transaction: [stored.transaction, found.transactionHash] as const }),
    },
    `${stored.root}, ${stored.size} bytes, submission ${stored.txSeq} in block ${found.blockNumber}`,
  );
}

async function checkTimes(ctx: ReadContext, { log, token: { record } }: ReplayParams): Promise<AuditCheck> {
  const name = "times";
  const times = log.events.flatMap((event) =>
    "time" in event && event.time !== undefined ? [Date.parse(event.time)] : [],
  );
  const block = await chainCall(`Reading block ${record.block}`, ctx.provider.getBlock(record.block));
  if (block === null) return notChecked(name, `the node does not know block ${record.block} any more`);
  const inOrder = times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0));
  const completed = auditEvent(log, "completed");
  const answered = completed === undefined ? 0 : Date.parse(completed.time) / 1000;
  const mined = answered <= block.timestamp + CLOCK_SLACK;
  const detail = !inOrder
    ? "an event is earlier than the one before it"
    : mined
      ? `in order; minted in the block of ${new Date(block.timestamp * 1000).toISOString()}`
      : `the answer is of ${completed?.time ?? ""}, after its mint in the block of ${new Date(block.timestamp * 1000).toISOString()}`;
  return { name, status: inOrder && mined ? "passed" : "failed", detail };
}

function checkReceipt({ log, receipt }: ReplayParams): AuditCheck {
  const name = "receipt";
  if (receipt === undefined)
    return notChecked(name, "no receipt is at hand: inft decrypt --out writes the token's, and --receipt takes it");
  const reported = auditEvent(log, "reported");
  const root = log.completion === undefined ? "none" : storageRoot(log.completion);
  return compared(
    name,
    {
      ...(reported === undefined ? {} : { hash: [reported.receiptHash, auditHash(canonicalJson(receipt))] as const }),
      "log up to the answer": [root, "auditLog" in receipt ? receipt.auditLog : "none"],
    },
    `it is the one reported, and names the log up to its answer: ${root}`,
  );
}
