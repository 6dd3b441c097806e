/** A storage node that behaves: which files it was told of, which segments it holds, and what it takes. */

import { fromHex, type Hex } from "../../hex.ts";
import { CHUNK_BYTES, SEGMENT_CHUNKS, shapeOf } from "../../storage/merkle.ts";
import { chunksIn, hashesOf, objectionTo, proofOf, type ClaimedSegment } from "./proof.ts";
import { internalError, invalidParams } from "./refusal.ts";
import type { ContentName, SegmentFiles } from "./segment-files.ts";
import { isOwn, ownSegments, type Shard } from "./shard.ts";
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
  readonly #onForget = (gone: Submission): void => this.#dropIfGone(contentOf(gone));
  /** Of folders; nothing is written before it is done. */
  #removing: Promise<void> = Promise.resolve();

  private constructor({ shard, submissions, files }: NodeParts, held: Map<ContentName, Set<number>>) {
    this.shard = shard;
    this.#submissions = submissions;
    this.#files = files;
    this.#held = held;
    submissions.onForget(this.#onForget);
  }

  /** Begins with what is on disk. */
  static async open(parts: NodeParts): Promise<StorageNode> {
    const held = await parts.files.list();
    await parts.submissions.sync();
    const node = new StorageNode(parts, held);
    for (const name of held.keys()) node.#dropIfGone(name);
    return node;
  }

  async close(): Promise<void> {
    this.#submissions.offForget(this.#onForget);
    await this.#removing;
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
    const { size, startEntry } = submission;
    const { segments } = shapeOf(size);
    const held = [...(this.#held.get(contentOf(submission)) ?? [])].filter((index) =>
      isOwn(this.shard, startEntry, index),
    );
    const finalized = held.length === ownSegments(this.shard, startEntry, segments);
    return { submission, finalized, uploadedSegments: finalized ? segments : held.length };
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
    const shape = shapeOf(submission.size);
    const objection = objectionTo(segment, fromHex(segment.root), shape);
    if (objection !== undefined) throw invalidParams(objection.field, objection.reason);
    if (!isOwn(this.shard, submission.startEntry, segment.index)) {
      throw invalidParams("index", `segment ${segment.index} is not of shard ${shardId} of ${numShard}`);
    }
    const name = contentOf(submission);
    if (this.#held.get(name)?.has(segment.index) === true) return;
    await this.#removing;
    const hashes = segment.lemma.slice(0, hashesOf(segment.index, shape));
    await this.#files.write(name, segment.index, hashes, segment.data);
    this.#held.set(name, (this.#held.get(name) ?? new Set()).add(segment.index));
    this.#dropIfGone(name);
  }

  /** Chunks of a file, `end` exclusive, or undefined when this node does not hold all of them. */
  async chunks({ root, size }: Pick<Submission, "root" | "size">, start: number, end: number) {
    const name = contentName(root, size);
    const shape = shapeOf(size);
    if (end > shape.chunks) return undefined;
    const pieces: Uint8Array[] = [];
    let at = start;
    while (at < end) {
      const index = Math.floor(at / SEGMENT_CHUNKS);
      const until = Math.min(end, (index + 1) * SEGMENT_CHUNKS);
      if (this.#held.get(name)?.has(index) !== true) return undefined;
      const [from, length] = [(at % SEGMENT_CHUNKS) * CHUNK_BYTES, (until - at) * CHUNK_BYTES];
      pieces.push(await this.#files.read(name, index, hashesOf(index, shape), from, length));
      at = until;
    }
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
  }

  /**
   * A segment and its proof, or undefined when this node does not hold it.
   * @throws {RpcRefusal} when the file has no such segment.
   */
  async segment({ root, size }: Pick<Submission, "root" | "size">, index: number): Promise<OfferedSegment | undefined> {
    const shape = shapeOf(size);
    if (index >= shape.segments) throw invalidParams("index", "index out of bound");
    const name = contentName(root, size);
    if (this.#held.get(name)?.has(index) !== true) return undefined;
    const length = chunksIn(shape, index) * CHUNK_BYTES;
    const { hashes, data } = await this.#files.readWhole(name, index, hashesOf(index, shape), length);
    return { root, fileSize: size, index, data, ...proofOf(index, hashes, root, shape) };
  }

  /** What nobody submitted is not kept. */
  #dropIfGone(name: ContentName): void {
    if (this.#submissions.all.some((submission) => contentOf(submission) === name)) return;
    if (!this.#held.delete(name)) return;
    const before = this.#removing.catch(() => undefined);
    const remove = async () => {
      await before;
      await this.#files.remove(name);
    };
    // A failure is told to whoever writes next.
    this.#removing = remove();
    this.#removing.catch(() => undefined);
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
