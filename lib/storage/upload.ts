/** Brings a file into 0G Storage, from wherever an earlier run left it. */

import type { Hex } from "../hex.ts";
import { inParallel } from "../parallel.ts";
import type { PutOptions, StorageSource, StorageWriteContext, StoredObject, UploadState } from "./client.ts";
import {
  NodeLiesError,
  ObjectNotFinalError,
  ShardsMissingError,
  SourceChangedError,
  StorageNodeError,
  UploadIncompleteError,
  WrongFlowError,
} from "./client-errors.ts";
import { CHUNK_BYTES, SEGMENT_BYTES, segmentRoot, segmentSize, type StorageTree } from "./merkle.ts";
import { askSegment, askSubmission, askWhetherHeld, isHeldBy, type FileInfo, type ShardNode } from "./node.ts";
import { named, UploadNodes } from "./nodes.ts";
import { problemOfSegment } from "./proof.ts";
import { callRpc } from "./rpc.ts";
import { segmentsRequest, type UploadedSegment } from "./segment-request.ts";
import { limitsOf, nowOf, poll } from "./settings.ts";
import { asSource, treeOf } from "./source.ts";
import { submitOnce } from "./submit.ts";

/** One file on its way. */
interface Upload {
  readonly ctx: StorageWriteContext;
  readonly source: StorageSource;
  readonly tree: StorageTree;
  readonly txSeq: number;
  readonly progress: Progress;
}

/** A node and how it stands with the file. */
interface Target {
  readonly node: ShardNode;
  readonly info: FileInfo;
  /** The segments of its shard. */
  readonly own: readonly number[];
}

/** See {@link StorageClient.put}. */
export async function putObject(
  ctx: StorageWriteContext,
  given: StorageSource | Uint8Array,
  options: PutOptions = {},
): Promise<StoredObject> {
  const { waitFor = "uploaded", replicas = 1, tags = "0x" } = options;
  const source = asSource(given);
  const tree = options.tree ?? (await treeOf(source, ctx));
  const { root, shape } = tree;
  if (shape.size !== source.size) {
    const problem = `it has ${source.size} bytes, and the tree is of ${shape.size}`;
    throw new SourceChangedError({ name: source.name, problem });
  }
  const progress = new Progress(root, shape.size, options.onProgress);
  progress.reach("preparing");

  const nodes = await UploadNodes.find(ctx, replicas);
  const beforePaying = async () => source.assertUnchanged();
  const { txSeq, transaction } = await submitOnce(ctx, { tree, tags, nodes: await nodes.choose(), beforePaying });
  progress.reach("submitted");

  const upload: Upload = { ctx, source, tree, txSeq, progress };
  const place = async (chosen: readonly ShardNode[]) => {
    const targets = await logged(upload, chosen);
    progress.reach("logged");
    await uploadMissing(upload, targets);
    progress.reach("uploaded");
    const final = await isFinal(upload, chosen, waitFor === "finalised");
    if (final) progress.reach("finalised");
    return { final, chosen };
  };
  const { final, chosen } = await nodes.withFailover(place).catch((error: unknown) => {
    if (error instanceof ShardsMissingError || error instanceof WrongFlowError) {
      throw new UploadIncompleteError({ root, txSeq, problems: problemsOf(error) }, error);
    }
    throw error;
  });
  return {
    ...{ root, size: shape.size, txSeq },
    state: final ? "finalised" : "uploaded",
    fee: transaction?.value ?? 0n,
    ...(transaction === undefined ? {} : { transaction }),
    nodes: named(chosen),
  };
}

function problemsOf(error: ShardsMissingError | WrongFlowError): readonly string[] {
  const problems = error instanceof ShardsMissingError ? error.problems : [];
  return problems.length === 0 ? [error.message] : problems;
}

/** States only ever follow each other, whatever has to be repeated. */
class Progress {
  readonly #root: Hex;
  readonly #size: number;
  readonly #report: PutOptions["onProgress"];
  #state: UploadState = "preparing";
  #done = 0;
  #total = 0;

  constructor(root: Hex, size: number, report: PutOptions["onProgress"]) {
    this.#root = root;
    this.#size = size;
    this.#total = size;
    this.#report = report;
  }

  reach(state: UploadState): void {
    if (STATES.indexOf(state) > STATES.indexOf(this.#state)) this.#state = state;
    this.#tell();
  }

  /** Begins to count, for so many bytes of which some are there. */
  count(done: number, total: number): void {
    this.#done = done;
    this.#total = Math.max(total, this.#size);
    this.#tell();
  }

  add(bytes: number): void {
    this.#done += bytes;
    this.#tell();
  }

  #tell(): void {
    this.#report?.({ root: this.#root, state: this.#state, done: this.#done, total: this.#total });
  }
}

const STATES: readonly UploadState[] = ["preparing", "submitted", "logged", "uploaded", "finalised"];

/** Waits until every node has seen the submission. @throws {StorageNodeError} for one that does not in time. */
async function logged({ ctx, tree, txSeq }: Upload, nodes: readonly ShardNode[]): Promise<Target[]> {
  const what = `Waiting until submission ${txSeq} is seen`;
  const patienceMs = limitsOf(ctx).logWaitMs;
  return Promise.all(
    nodes.map(async (node) => {
      const look = async () => askSubmission(ctx, node.url, tree.root, txSeq);
      const info = await poll(ctx, { what, patienceMs }, look);
      if (info === undefined) {
        throw new StorageNodeError({ url: node.url, what, problem: `not within ${patienceMs} ms` }, { passing: false });
      }
      const all = Array.from({ length: tree.shape.segments }, (_, index) => index);
      return { node, info, own: all.filter((index) => isHeldBy(node, info.startEntry, index)) };
    }),
  );
}

/** Uploads what nodes lack. They are asked, so that a run which was interrupted anywhere goes on from there. */
async function uploadMissing(upload: Upload, targets: readonly Target[]): Promise<void> {
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

/**
 * Whether all nodes call the file final; on demand only when they do.
 * @throws {ObjectNotFinalError} when they do not in time, and have to.
 */
async function isFinal({ ctx, tree, txSeq }: Upload, nodes: readonly ShardNode[], mustBe: boolean): Promise<boolean> {
  const started = nowOf(ctx);
  const look = async () => {
    const infos = await Promise.all(nodes.map(async ({ url }) => askSubmission(ctx, url, tree.root, txSeq)));
    return infos.every((info) => info?.finalised) ? true : undefined;
  };
  const waiting = { what: "Waiting until it is final", patienceMs: mustBe ? limitsOf(ctx).finalWaitMs : 0 };
  const final = (await poll(ctx, waiting, look)) ?? false;
  if (mustBe && !final) {
    throw new ObjectNotFinalError({ root: tree.root, txSeq, waitedMs: nowOf(ctx) - started, nodes: named(nodes) });
  }
  return final;
}
