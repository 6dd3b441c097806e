/** Sends nodes the segments they lack. */

import { inParallel } from "../parallel.ts";
import type { StorageSource, StorageWriteContext } from "./client.ts";
import { NodeLiesError, SourceChangedError, StorageNodeError } from "./client-errors.ts";
import { CHUNK_BYTES, SEGMENT_BYTES, segmentRoot, segmentSize, type StorageTree } from "./merkle.ts";
import { askSegment, askWhetherHeld, type FileInfo, type ShardNode } from "./node.ts";
import { problemOfSegment } from "./proof.ts";
import { callRpc } from "./rpc.ts";
import { segmentsRequest, type UploadedSegment } from "./segment-request.ts";
import { limitsOf } from "./settings.ts";
import type { Progress } from "./upload-progress.ts";

/** One file on its way. */
export interface Upload {
  readonly ctx: StorageWriteContext;
  readonly source: StorageSource;
  readonly tree: StorageTree;
  readonly txSeq: number;
  readonly progress: Progress;
}

/** A node and how it stands with the file. */
export interface Target {
  readonly node: ShardNode;
  readonly info: FileInfo;
  /** The segments of its shard. */
  readonly own: readonly number[];
}

/** Uploads what nodes lack. They are asked, so that a run which was interrupted anywhere goes on from there. */
export async function uploadMissing(upload: Upload, targets: readonly Target[]): Promise<void> {
  const { ctx, tree, progress } = upload;
  const { concurrency, segmentsPerRequest } = limitsOf(ctx);
  const missing = await Promise.all(
    targets.map(async (target) => ({ url: target.node.url, segments: await missingAt(upload, target) })),
  );
  const sizeOf = (segments: readonly number[]) =>
    segments.reduce((sum, index) => sum + segmentSize(tree.shape, index), 0);
  const total = targets.reduce((sum, { own }) => sum + sizeOf(own), 0);
  progress.count(total - missing.reduce((sum, { segments }) => sum + sizeOf(segments), 0), total);

  const batches = missing.map(({ url, segments }) => batchesOf(segments, segmentsPerRequest, url));
  await inParallel(
    interleaved(batches),
    async ({ url, segments }) => {
      await sendSegments(upload, url, segments);
      progress.add(sizeOf(segments));
    },
    concurrency,
  );
}

interface Batch {
  readonly url: string;
  readonly segments: readonly number[];
}

function batchesOf(segments: readonly number[], size: number, url: string): Batch[] {
  return Array.from({ length: Math.ceil(segments.length / size) }, (_, index) => {
    return { url, segments: segments.slice(index * size, (index + 1) * size) };
  });
}

/** One of each list in turn, so that all nodes are busy. */
function interleaved(lists: readonly (readonly Batch[])[]): Batch[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list[index] ?? [])).flat();
}

/** The segments that a node has to be sent. */
async function missingAt(upload: Upload, { node: { url }, info, own }: Target): Promise<readonly number[]> {
  const { ctx, txSeq } = upload;
  if (info.finalised) {
    await assertHolds(upload, url, own);
    return [];
  }
  if (info.uploadedSegments === 0) return own;
  const held = await inParallel(own, async (index) => askWhetherHeld(ctx, url, txSeq, index));
  return own.filter((_, at) => held[at] !== true);
}

/**
 * Takes a sample of a file that a node calls whole: the file may have been stored by somebody else, or by nobody.
 * @throws {NodeLiesError} when the node does not prove it.
 */
async function assertHolds({ ctx, tree, txSeq }: Upload, url: string, own: readonly number[]): Promise<void> {
  const index = own[Math.floor(own.length / 2)];
  if (index === undefined) return;
  const { root, shape } = tree;
  const segment = await askSegment(ctx, url, { root, txSeq, index });
  const problem = segment === undefined ? "it has none" : problemOfSegment(root, shape, segment);
  if (problem === undefined) return;
  throw new NodeLiesError({ url, root, problem: `it calls the file whole, and of segment ${index}: ${problem}` });
}

/** A node says in these words that it has a segment. Source: 0g-storage-node, node/chunk_pool and node/rpc. */
const HELD = ["already uploaded and finalized", "segment has already been uploaded or is being uploaded"];

function isHeld(error: unknown): boolean {
  if (!(error instanceof StorageNodeError) || error.answered === undefined) return false;
  const said = `${error.answered.message} ${error.answered.data}`.toLowerCase();
  return HELD.some((words) => said.includes(words));
}

async function sendSegments(upload: Upload, url: string, segments: readonly number[]): Promise<void> {
  const { ctx, txSeq } = upload;
  const payload = await Promise.all(segments.map(async (index) => segmentFor(upload, index)));
  const first = segments[0] ?? 0;
  const what = segments.length === 1 ? `Uploading segment ${first}` : `Uploading segments from ${first} on`;
  try {
    await callRpc(ctx, { url, what, body: segmentsRequest(payload, txSeq) });
  } catch (error) {
    if (!isHeld(error)) throw error;
    // A node stops at the first segment that it has; which one, it does not say.
    if (segments.length > 1) for (const index of segments) await sendSegments(upload, url, [index]);
  }
}

/** A segment as nodes take it. @throws {SourceChangedError} when it is not what the root is of. */
async function segmentFor({ source, tree }: Upload, index: number): Promise<UploadedSegment> {
  const { root, shape } = tree;
  const size = segmentSize(shape, index);
  const bytes = await source.read(index * SEGMENT_BYTES, size);
  if (segmentRoot(shape, index, bytes) !== tree.segmentRoot(index)) {
    throw new SourceChangedError({ name: source.name, problem: `segment ${index} is another one than before` });
  }
  return { root, data: filled(bytes), index, proof: tree.proofOf(index), fileSize: shape.size };
}

/** Nodes take whole chunks. */
function filled(bytes: Uint8Array): Uint8Array {
  if (bytes.length % CHUNK_BYTES === 0) return bytes;
  const chunks = new Uint8Array(Math.ceil(bytes.length / CHUNK_BYTES) * CHUNK_BYTES);
  chunks.set(bytes);
  return chunks;
}
