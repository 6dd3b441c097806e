/** What storage nodes are asked, and what of their answers can be checked without anybody else. Source: 0g-storage-node, node/rpc. */

import { z } from "zod";

import { checksum, isHex, type Address, type Hex } from "../hex.ts";
import { NodeLiesError, StorageNodeError } from "./client-errors.ts";
import { CHUNK_BYTES, rootOfNodes, SEGMENT_CHUNKS, shapeOf, type FileShape, type SubmissionNode } from "./merkle.ts";
import type { ProvenSegment } from "./proof.ts";
import { callRpc } from "./rpc.ts";
import type { Reach } from "./settings.ts";

/** More shards than there will ever be; a larger number is a mistake that would cost memory. */
const MAX_SHARDS = 2 ** 16;

export interface Shard {
  readonly shardId: number;
  /** A power of two. */
  readonly numShard: number;
}

/** A storage node and its part of every file. */
export interface ShardNode extends Shard {
  readonly url: string;
}

export const shardSchema = z
  .object({ shardId: z.int().nonnegative(), numShard: z.int().positive().max(MAX_SHARDS) })
  .refine(({ shardId, numShard }) => (numShard & (numShard - 1)) === 0 && shardId < numShard, "no shard");

/** What a node says of a submission. Its tree is that of the root asked for, and its size fits that tree. */
export interface FileInfo {
  readonly txSeq: number;
  readonly size: number;
  /** In sectors of the whole Flow. */
  readonly startEntry: number;
  readonly nodes: readonly SubmissionNode[];
  /** This node holds its shard of the file whole. */
  readonly finalised: boolean;
  readonly pruned: boolean;
  readonly uploadedSegments: number;
}

const hashSchema = z.string().refine((text): text is Hex => isHex(text) && text.length === 66, "no hash");

const infoSchema = z.object({
  tx: z.object({
    dataMerkleRoot: hashSchema,
    merkleNodes: z
      .array(z.tuple([z.int().positive().max(64), hashSchema]))
      .min(1)
      .max(64),
    startEntryIndex: z.int().nonnegative(),
    size: z.int().positive(),
    seq: z.int().nonnegative(),
  }),
  finalized: z.boolean(),
  uploadedSegNum: z.int().nonnegative(),
  pruned: z.boolean().optional(),
});

const statusSchema = z.object({
  networkIdentity: z.object({ chainId: z.int(), flowAddress: z.string().regex(/^0x[0-9a-fA-F]{40}$/) }),
});

const segmentSchema = z.object({
  root: hashSchema,
  data: z.string(),
  index: z.int().nonnegative(),
  proof: z.object({ lemma: z.array(hashSchema), path: z.array(z.boolean()) }),
  fileSize: z.int().positive(),
});

async function ask<T>(
  reach: Reach,
  url: string,
  what: string,
  method: string,
  params: readonly unknown[],
  schema: z.ZodType<T>,
): Promise<T> {
  const parsed = schema.safeParse(await callRpc(reach, { url, what, method, params }));
  if (parsed.success) return parsed.data;
  throw new StorageNodeError(
    { url, what, problem: `its answer to ${method} has another form` },
    { passing: false, cause: parsed.error },
  );
}

export interface NodeIdentity {
  readonly chainId: number;
  readonly flow: Address;
  readonly shard: Shard;
}

/** Which chain, Flow contract and shard a node serves, by its own account. */
export async function askIdentity(reach: Reach, url: string): Promise<NodeIdentity> {
  const what = "Asking a storage node who it is";
  const [{ networkIdentity }, shard] = await Promise.all([
    ask(reach, url, what, "zgs_getStatus", [], statusSchema),
    ask(reach, url, what, "zgs_getShardConfig", [], shardSchema),
  ]);
  return { chainId: networkIdentity.chainId, flow: checksum(networkIdentity.flowAddress), shard };
}

/**
 * What a node knows of a root: of its submissions the first that is final, else the first that is not pruned, else, on
 * demand, the first.
 * @throws {NodeLiesError} when it describes another file.
 */
export async function askFile(
  reach: Reach,
  url: string,
  root: Hex,
  options: { readonly alsoPruned?: boolean } = {},
): Promise<FileInfo | undefined> {
  const params = [root, options.alsoPruned !== true];
  const answer = await ask(reach, url, `Looking for ${root}`, "zgs_getFileInfo", params, infoSchema.nullish());
  return answer == null ? undefined : checkedInfo(url, root, answer);
}

/** What a node knows of one submission of a root. @throws {NodeLiesError} when it describes another file. */
export async function askSubmission(
  reach: Reach,
  url: string,
  root: Hex,
  txSeq: number,
): Promise<FileInfo | undefined> {
  const what = `Looking for submission ${txSeq}`;
  const answer = await ask(reach, url, what, "zgs_getFileInfoByTxSeq", [txSeq], infoSchema.nullish());
  if (answer == null) return undefined;
  const info = checkedInfo(url, root, answer);
  if (info.txSeq !== txSeq)
    throw new NodeLiesError({ url, root, problem: `it describes submission ${info.txSeq}, not ${txSeq}` });
  return info;
}

function checkedInfo(url: string, root: Hex, { tx, ...state }: z.infer<typeof infoSchema>): FileInfo {
  const lie = (problem: string) => new NodeLiesError({ url, root, problem });
  if (tx.dataMerkleRoot !== root) throw lie(`it describes ${tx.dataMerkleRoot}`);
  // A node counts the height of a single leaf as 1, the Flow contract as 0.
  const nodes = tx.merkleNodes.map(([height, hash]) => ({ height: height - 1, root: hash }));
  if (rootOfNodes(nodes) !== root) throw lie(`its subtrees have the root ${rootOfNodes(nodes)}`);
  const sectors = nodes.reduce((sum, { height }) => sum + 2 ** height, 0);
  if (shapeOf(tx.size).paddedChunks !== sectors) throw lie(`it says ${tx.size} bytes of a file of ${sectors} sectors`);
  return {
    txSeq: tx.seq,
    size: tx.size,
    startEntry: tx.startEntryIndex,
    nodes,
    finalised: state.finalized && state.pruned !== true,
    pruned: state.pruned === true,
    uploadedSegments: state.uploadedSegNum,
  };
}

/**
 * A segment with its proof, neither of them checked; undefined when the node does not hold it.
 * @throws {NodeLiesError} when it answers with another segment.
 */
export async function askSegment(
  reach: Reach,
  url: string,
  { root, txSeq, index }: { readonly root: Hex; readonly txSeq: number; readonly index: number },
): Promise<ProvenSegment | undefined> {
  const what = `Downloading segment ${index} of ${root}`;
  const answer = await ask(
    reach,
    url,
    what,
    "zgs_downloadSegmentWithProofByTxSeq",
    [txSeq, index],
    segmentSchema.nullish(),
  );
  if (answer == null) return undefined;
  if (answer.root !== root || answer.index !== index) {
    throw new NodeLiesError({
      url,
      root,
      problem: `it sent segment ${answer.index} of ${answer.root}, not segment ${index}`,
    });
  }
  return { index, data: Buffer.from(answer.data, "base64"), proof: answer.proof };
}

/** The bytes of a segment without a proof, the last chunk filled with zeros; undefined when the node does not hold it. */
export async function askBareSegment(
  reach: Reach,
  url: string,
  { txSeq, index, shape }: { readonly txSeq: number; readonly index: number; readonly shape: FileShape },
): Promise<Uint8Array | undefined> {
  const start = index * SEGMENT_CHUNKS;
  return askChunks(reach, url, txSeq, start, Math.min(start + SEGMENT_CHUNKS, shape.chunks));
}

/** Whether a node holds a segment, by its first chunk. A node that refuses the question is taken not to. */
export async function askWhetherHeld(reach: Reach, url: string, txSeq: number, index: number): Promise<boolean> {
  const start = index * SEGMENT_CHUNKS;
  try {
    return (await askChunks(reach, url, txSeq, start, start + 1)) !== undefined;
  } catch (error) {
    if (error instanceof StorageNodeError && error.answered !== undefined) return false;
    throw error;
  }
}

async function askChunks(
  reach: Reach,
  url: string,
  txSeq: number,
  start: number,
  end: number,
): Promise<Uint8Array | undefined> {
  const what = `Downloading chunks ${start} to ${end} of submission ${txSeq}`;
  const answer = await ask(reach, url, what, "zgs_downloadSegmentByTxSeq", [txSeq, start, end], z.string().nullish());
  if (answer == null) return undefined;
  const bytes = Buffer.from(answer, "base64");
  if (bytes.length === (end - start) * CHUNK_BYTES) return bytes;
  throw new StorageNodeError({ url, what, problem: `it sent ${bytes.length} bytes` }, { passing: false });
}

/** Whether a segment falls to a shard. Where the file begins in the Flow decides. */
export function isHeldBy({ shardId, numShard }: Shard, startEntry: number, segment: number): boolean {
  return (Math.floor(startEntry / SEGMENT_CHUNKS) + segment) % numShard === shardId;
}
