/** Finds nodes that hold a file whole, and how long it is. */

import { RpcUnreachableError } from "../chain/revert.ts";
import type { ZgError } from "../errors.ts";
import type { Hex } from "../hex.ts";
import { claimsOf, type Claim } from "./claims.ts";
import type { FetchedObject, StorageContext } from "./client.ts";
import { NodeLiesError, ObjectNotFinalError, ObjectNotFoundError } from "./client-errors.ts";
import { findSubmissions, type FoundSubmissions } from "./flow.ts";
import { fileLocations, trustedNodes } from "./indexer.ts";
import { shapeOf, type FileShape } from "./merkle.ts";
import { askSubmission, type FileInfo, type ShardNode } from "./node.ts";
import { named } from "./nodes.ts";
import { coversShards } from "./shards.ts";

/** A file that can be downloaded. */
export interface Copy {
  readonly root: Hex;
  readonly txSeq: number;
  readonly shape: FileShape;
  readonly startEntry: number;
  readonly sizeFrom: FetchedObject["sizeFrom"];
  /** They say that they hold it, and cover every shard. */
  readonly nodes: readonly ShardNode[];
}

/**
 * Finds a file whose every shard is final at some node, and compares its size with the Submit event. The nodes that an
 * indexer finds for it are asked first; all that it trusts, when those do not suffice.
 * @throws {StorageIndexerError} {@link ObjectNotFoundError} {@link ObjectNotFinalError} {@link NodeLiesError}
 */
export async function locate(ctx: StorageContext, root: Hex): Promise<Copy> {
  const found = await fileLocations(ctx, root);
  const claims = await claimsOf(ctx, found, root);
  const copy = await copyIn(ctx, root, claims);
  if (copy !== undefined) return copy;
  const urls = new Set(named(found));
  const others = (await trustedNodes(ctx)).filter(({ url }) => !urls.has(url));
  claims.push(...(await claimsOf(ctx, others, root)));
  const second = await copyIn(ctx, root, claims);
  if (second !== undefined) return second;
  throw absence(root, claims);
}

/** A file among what nodes claim. Lies become failures, in place. */
async function copyIn(ctx: StorageContext, root: Hex, claims: Claim[]): Promise<Copy | undefined> {
  const [some] = claims.flatMap(({ info }) => info ?? []);
  if (some === undefined) return undefined;
  const chain = await chainOf(ctx, some);
  for (const [at, claim] of claims.entries()) {
    const lie = claim.info === undefined ? undefined : contradiction(chain, claim.info);
    if (lie === undefined) continue;
    const failure = new NodeLiesError({ url: claim.node.url, root, problem: lie });
    ctx.log?.(failure.message);
    claims[at] = { node: claim.node, failure };
  }
  const final = claims.flatMap(({ node, info }) => (info?.finalised === true ? [{ node, info }] : []));
  for (const txSeq of new Set(final.map(({ info }) => info.txSeq))) {
    const nodes = await holdersOf(ctx, root, txSeq, final);
    const { info } = final.find((claim) => claim.info.txSeq === txSeq) ?? {};
    if (info === undefined || !coversShards(nodes, 1)) continue;
    const sizeFrom = chain.submissions.some((submission) => submission.txSeq === txSeq) ? "chain" : "nodes";
    return { root, txSeq, startEntry: info.startEntry, shape: shapeOf(info.size), sizeFrom, nodes };
  }
  return undefined;
}

/** The nodes that hold one submission whole: a root that was submitted twice may be meant otherwise by some. */
async function holdersOf(
  ctx: StorageContext,
  root: Hex,
  txSeq: number,
  final: readonly { readonly node: ShardNode; readonly info: FileInfo }[],
): Promise<ShardNode[]> {
  const ofOther = final.filter(({ info }) => info.txSeq !== txSeq).map(({ node }) => node);
  const ask = async (quick: StorageContext, url: string) => askSubmission(quick, url, root, txSeq);
  const asked = await claimsOf(ctx, ofOther, root, ask);
  return [
    ...final.filter(({ info }) => info.txSeq === txSeq).map(({ node }) => node),
    ...asked.filter(({ info }) => info?.finalised).map(({ node }) => node),
  ];
}

/** What the chain says; nothing, when it cannot be asked: then the size is what the nodes say. */
async function chainOf(ctx: StorageContext, { nodes }: FileInfo): Promise<FoundSubmissions> {
  try {
    return await findSubmissions(ctx, nodes);
  } catch (error) {
    if (!(error instanceof RpcUnreachableError)) throw error;
    ctx.log?.(`${error.message}; the size of the file is what the storage nodes say`);
    return { submissions: [], whole: false };
  }
}

/** What the chain holds against a claim. */
function contradiction(chain: FoundSubmissions, { txSeq, size }: FileInfo): string | undefined {
  const submission = chain.submissions.find((candidate) => candidate.txSeq === txSeq);
  if (submission === undefined) return chain.whole ? `the chain has no submission ${txSeq} of it` : undefined;
  if (submission.size === size) return undefined;
  return `it says ${size} bytes, and submission ${txSeq} was of ${submission.size}`;
}

function absence(root: Hex, claims: readonly Claim[]): ZgError {
  const unfinal = claims.filter(({ info }) => info !== undefined && !info.finalised && !info.pruned);
  const [info] = unfinal.flatMap((claim) => claim.info ?? []);
  if (info !== undefined) {
    const nodes = named(unfinal.map(({ node }) => node));
    return new ObjectNotFinalError({ root, txSeq: info.txSeq, waitedMs: 0, nodes });
  }
  const failures = claims.flatMap(({ failure }) => failure ?? []);
  const lie = failures.find((failure) => failure instanceof NodeLiesError);
  if (lie !== undefined) return lie;
  const asked = named(claims.filter(({ failure }) => failure === undefined).map(({ node }) => node));
  return new ObjectNotFoundError({ root, asked, problems: failures.map(({ message }) => message) });
}
