/** A storage node that behaves: which files it was told of, which segments it holds, and what it takes. */

import { fromHex, type Hex } from "../../hex.ts";
import { lemmaAndPath, objectionTo, proofDepth, segmentRoot, type ClaimedSegment } from "./proof.ts";
import { internalError, invalidParams } from "./refusal.ts";
import type { ContentName, SegmentFiles } from "./segment-files.ts";
import { CHUNK_BYTES, chunksIn, fileShape, isOwn, paddedChunksIn, SEGMENT_CHUNKS, type Shard } from "./shape.ts";
import type { Submission, Submissions } from "./submissions.ts";

export interface NodeParts {
  readonly shard: Shard;
  readonly submissions: Submissions;
  readonly files: SegmentFiles;
}

export interface FileState {
  readonly submission: Submission;
  /** This node holds all that its shard has to. */
  readonly finalized: boolean;
  readonly uploadedSegments: number;
}

/** A segment together with the file it claims to be of. */
export interface OfferedSegment extends ClaimedSegment {
  readonly root: Hex;
  /** Bytes. */
  readonly fileSize: number;
}

export class StorageNode {
  readonly shard: Shard;
  readonly #submissions: Submissions;
  readonly #files: SegmentFiles;
  /** Segments on disk. What was submitted twice is kept once. */
  readonly #held: Map<ContentName, Set<number>>;
  readonly #onForget = (gone: Submission): void => void this.#dropIfGone(contentOf(gone));

  private constructor({ shard, submissions, files }: NodeParts, held: Map<ContentName, Set<number>>) {
    this.shard = shard;
    this.#submissions = submissions;
    this.#files = files;
    this.#held = held;
    submissions.onForget(this.#onForget);
  }

  /** Begins with what is on disk. */
  static async open(parts: NodeParts): Promise<StorageNode> {
    return new StorageNode(parts, await parts.files.list());
  }

  close(): void {
    this.#submissions.offForget(this.#onForget);
  }

  /** What was submitted, as the chain says it now. */
  async submissions(): Promise<Submissions> {
    await this.#submissions.sync();
    return this.#submissions;
  }

  /** What this node holds of a root: of {@link best} of its submissions. */
  async fileByRoot(root: Hex): Promise<FileState | undefined> {
    const { all } = await this.submissions();
    return best(all.filter((submission) => submission.root === root).map((submission) => this.state(submission)));
  }

  state(submission: Submission): FileState {
    const shape = fileShape(submission.size);
    const held = this.#held.get(contentOf(submission)) ?? new Set<number>();
    let missing = 0;
    for (let index = 0; index < shape.segments; index++) {
      if (isOwn(this.shard, submission.startEntry, index) && !held.has(index)) missing++;
    }
    const finalized = missing === 0;
    return { submission, finalized, uploadedSegments: finalized ? shape.segments : held.size };
  }

  /**
   * Keeps a segment that proves to be one of the file, of this node's shard.
   * @throws {RpcRefusal} otherwise.
   */
  async keep(segment: OfferedSegment, submission: Submission): Promise<void> {
    const { shardId, numShard } = this.shard;
    if (submission.root !== segment.root) throw internalError("data root and tx seq not match");
    if (submission.size !== segment.fileSize) {
      throw invalidParams("file_size", "segment file size not matched with tx file size");
    }
    if (this.state(submission).finalized) throw invalidParams("root", "already uploaded and finalized");
    const objection = objectionTo(segment, fromHex(segment.root), fileShape(submission.size));
    if (objection !== undefined) throw invalidParams(objection.field, objection.reason);
    if (!isOwn(this.shard, submission.startEntry, segment.index)) {
      throw invalidParams("index", `segment ${segment.index} is not of shard ${shardId} of ${numShard}`);
    }
    const name = contentOf(submission);
    if (this.#held.get(name)?.has(segment.index) === true) return;
    await this.#files.write(name, segment.index, segment.lemma.slice(1, -1), segment.data);
    this.#held.set(name, (this.#held.get(name) ?? new Set()).add(segment.index));
    await this.#dropIfGone(name);
  }

  /** Chunks of a file, `end` exclusive, or undefined when this node does not hold all of them. */
  async chunks({ root, size }: Pick<Submission, "root" | "size">, start: number, end: number) {
    const name = contentName(root, size);
    const shape = fileShape(size);
    if (end > shape.chunks) return undefined;
    const pieces: Uint8Array[] = [];
    for (let at = start; at < end;) {
      const index = Math.floor(at / SEGMENT_CHUNKS);
      const until = Math.min(end, (index + 1) * SEGMENT_CHUNKS);
      if (this.#held.get(name)?.has(index) !== true) return undefined;
      const [from, length] = [(at % SEGMENT_CHUNKS) * CHUNK_BYTES, (until - at) * CHUNK_BYTES];
      pieces.push(await this.#files.read(name, index, proofDepth(index, shape), from, length));
      at = until;
    }
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
  }

  /**
   * A segment and its proof, or undefined when this node does not hold it.
   * @throws {RpcRefusal} when the file has no such segment.
   */
  async segment({ root, size }: Pick<Submission, "root" | "size">, index: number): Promise<OfferedSegment | undefined> {
    const shape = fileShape(size);
    if (index >= shape.segments) throw invalidParams("index", "index out of bound");
    const start = index * SEGMENT_CHUNKS;
    const data = await this.chunks({ root, size }, start, start + chunksIn(shape, index));
    if (data === undefined) return undefined;
    const own = segmentRoot(data, paddedChunksIn(shape, index));
    const siblings = await this.#files.siblings(contentName(root, size), index, proofDepth(index, shape));
    return { root, fileSize: size, index, data, ...lemmaAndPath(index, shape, { own, siblings, root: fromHex(root) }) };
  }

  /** What nobody submitted is not kept. */
  async #dropIfGone(name: ContentName): Promise<void> {
    if (this.#submissions.all.some((submission) => contentOf(submission) === name)) return;
    this.#held.delete(name);
    await this.#files.remove(name);
  }
}

/** Of submissions of one root, the first that is whole, else the first. So do 0G's nodes. */
export function best(files: readonly FileState[]): FileState | undefined {
  return files.find(({ finalized }) => finalized) ?? files[0];
}

function contentName(root: Hex, size: number): ContentName {
  return `${root}-${size}`;
}

function contentOf({ root, size }: Submission): ContentName {
  return contentName(root, size);
}
