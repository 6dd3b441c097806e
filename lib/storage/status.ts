import type { Hex } from "../hex.ts";
import { claimsOf, type Claim } from "./claims.ts";
import type { NodeStatus, ObjectStatus, StorageContext } from "./client.ts";
import { findSubmissions } from "./flow.ts";
import { fileLocations, trustedNodes } from "./indexer.ts";
import { askFile } from "./node.ts";
import { named } from "./nodes.ts";
import { assertRoot } from "./root.ts";
import { coversShards } from "./shards.ts";

/** See {@link StorageReader.status}. */
export async function readStatus(ctx: StorageContext, root: Hex): Promise<ObjectStatus> {
  assertRoot(root);
  const found = await fileLocations(ctx, root);
  const urls = new Set(named(found));
  const nodes = [...found, ...(await trustedNodes(ctx)).filter(({ url }) => !urls.has(url))];
  const claims = await claimsOf(ctx, nodes, root, async (quick, url) => {
    return (await askFile(quick, url, root)) ?? askFile(quick, url, root, { alsoPruned: true });
  });
  const submission = await submissionOf(ctx, claims);
  return {
    root,
    state: stateOf(claims),
    nodes: claims.map(statusOf),
    ...(submission === undefined ? {} : { submission }),
  };
}

/** See {@link StorageReader.exists}. An outage is not an absence: a node that fails may be the one that holds it. */
export async function objectExists(ctx: StorageContext, root: Hex): Promise<boolean> {
  assertRoot(root);
  const claims = await claimsOf(ctx, await fileLocations(ctx, root), root);
  if (stateOf(claims) === "finalised") return true;
  const all = await claimsOf(ctx, await trustedNodes(ctx), root);
  if (stateOf([...claims, ...all]) === "finalised") return true;
  const failure = all.find((claim) => claim.failure !== undefined)?.failure;
  if (failure !== undefined) throw failure;
  return false;
}

function stateOf(claims: readonly Claim[]): ObjectStatus["state"] {
  const known = claims.filter(({ info }) => info !== undefined);
  const final = known.filter(({ info }) => info?.finalised).map(({ node }) => node);
  if (final.length > 0 && coversShards(final, 1)) return "finalised";
  if (known.length === 0) return "unknown";
  return known.every(({ info }) => info?.pruned) ? "pruned" : "submitted";
}

async function submissionOf(ctx: StorageContext, claims: readonly Claim[]): Promise<ObjectStatus["submission"]> {
  const infos = claims.flatMap(({ info }) => info ?? []);
  const info = infos.find(({ finalised }) => finalised) ?? infos[0];
  if (info === undefined) return undefined;
  const { submissions } = await findSubmissions(ctx, info.nodes);
  return submissions.find(({ txSeq }) => txSeq === info.txSeq);
}

function statusOf({ node: { url, shardId, numShard }, info, failure }: Claim): NodeStatus {
  const node = { url, shardId, numShard };
  if (failure !== undefined) return { ...node, problem: failure.message };
  if (info === undefined) return node;
  const { txSeq, size, finalised, pruned, uploadedSegments } = info;
  return { ...node, file: { txSeq, size, finalised, pruned, uploadedSegments } };
}
