/**
 * The tree by which 0G Storage knows bytes: chunks of 256 bytes, segments of 1024 chunks. Source: npm
 * `@0gfoundation/0g-ts-sdk`, `file/AbstractFile` and `file/MerkleTree`.
 */

import { toHex, type Hex } from "../hex.ts";
import { EmptyObjectError } from "./errors.ts";
import { keccak256 } from "./keccak.ts";

export const CHUNK_BYTES = 256;
export const SEGMENT_CHUNKS = 1024;
export const SEGMENT_BYTES = SEGMENT_CHUNKS * CHUNK_BYTES;

const HASH_BYTES = 32;
const ZERO_LEAF = keccak256(new Uint8Array(CHUNK_BYTES));

/** Where a segment stands in its file. */
export interface SegmentProof {
  /** The segment's root, its siblings from below to above, the file's root; of a file of one segment only the root. */
  readonly lemma: readonly Hex[];
  /** From below to above, whether the segment is on the left side. */
  readonly path: readonly boolean[];
}

/** A complete subtree of 2^height chunks, as the Flow contract takes them. */
export interface SubmissionNode {
  readonly root: Hex;
  readonly height: number;
}

/** How many chunks a file of `chunks` is padded to: the next power of two, or a multiple of its sixteenth. */
export function paddedChunks(chunks: number): number {
  let power = 1;
  while (power < chunks) power *= 2;
  const step = power < 16 ? 1 : power / 16;
  return Math.ceil(chunks / step) * step;
}

/** What follows from the size of a file alone. */
export interface FileShape {
  readonly size: number;
  /** That hold data. */
  readonly chunks: number;
  /** That the file is padded to, and that its fee is for. */
  readonly paddedChunks: number;
  /** That hold data: those to be uploaded. */
  readonly segments: number;
  /** Over which the tree stands. */
  readonly paddedSegments: number;
}

/** @throws {EmptyObjectError} for no bytes: 0G Storage has no root for them. */
export function shapeOf(size: number): FileShape {
  if (size === 0) throw new EmptyObjectError();
  const chunks = Math.ceil(size / CHUNK_BYTES);
  const padded = paddedChunks(chunks);
  return {
    size,
    chunks,
    paddedChunks: padded,
    segments: Math.ceil(chunks / SEGMENT_CHUNKS),
    paddedSegments: Math.ceil(padded / SEGMENT_CHUNKS),
  };
}

/** How many bytes of the file lie in segment `index`. */
export function segmentSize({ size }: FileShape, index: number): number {
  return Math.max(0, Math.min(SEGMENT_BYTES, size - index * SEGMENT_BYTES));
}

/** How many chunks segment `index` has in the tree, padding included. */
function chunksInTree(shape: FileShape, index: number): number {
  return Math.min(SEGMENT_CHUNKS, shape.paddedChunks - index * SEGMENT_CHUNKS);
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(2 * HASH_BYTES);
  both.set(left, 0);
  both.set(right, HASH_BYTES);
  return keccak256(both);
}

/** The hashes of `count` chunks, one after the other; the last one of `data` is filled with zeros, as are those after it. */
function leavesOf(data: Uint8Array, count: number): Uint8Array {
  const leaves = new Uint8Array(count * HASH_BYTES);
  for (let index = 0; index < count; index++) {
    const chunk = data.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
    leaves.set(leafOf(chunk), index * HASH_BYTES);
  }
  return leaves;
}

function leafOf(chunk: Uint8Array): Uint8Array {
  if (chunk.length === CHUNK_BYTES) return keccak256(chunk);
  if (chunk.length === 0) return ZERO_LEAF;
  const filled = new Uint8Array(CHUNK_BYTES);
  filled.set(chunk);
  return keccak256(filled);
}

/**
 * The root over leaves that lie one after the other, which are overwritten. The left side of every tree holds the largest
 * power of two of leaves that is smaller than all of them; level by level this means that one left over moves up alone.
 */
function foldLeaves(leaves: Uint8Array): Uint8Array {
  let count = leaves.length / HASH_BYTES;
  while (count > 1) {
    const pairs = Math.floor(count / 2);
    for (let pair = 0; pair < pairs; pair++) {
      const at = 2 * pair * HASH_BYTES;
      leaves.set(keccak256(leaves.subarray(at, at + 2 * HASH_BYTES)), pair * HASH_BYTES);
    }
    if (count % 2 === 1) leaves.copyWithin(pairs * HASH_BYTES, (count - 1) * HASH_BYTES, count * HASH_BYTES);
    count = pairs + (count % 2);
  }
  return leaves.slice(0, HASH_BYTES);
}

/** The root of segment `index` of a file of this shape. `data` are the file's bytes in it, or those filled with zeros. */
export function segmentRoot(shape: FileShape, index: number, data: Uint8Array): Hex {
  return toHex(foldLeaves(leavesOf(data, chunksInTree(shape, index))));
}

interface Subtree {
  readonly height: number;
  readonly root: Uint8Array;
}

function asNode({ height, root }: Subtree): SubmissionNode {
  return { height, root: toHex(root) };
}

/** The complete subtrees of a row of leaves, as the bits of their count, largest first. */
function subtreesOf(leaves: Uint8Array): Subtree[] {
  const subtrees: Subtree[] = [];
  let at = 0;
  while (at < leaves.length) {
    const left = (leaves.length - at) / HASH_BYTES;
    const height = Math.floor(Math.log2(left));
    const end = at + 2 ** height * HASH_BYTES;
    subtrees.push({ height, root: foldLeaves(leaves.slice(at, end)) });
    at = end;
  }
  return subtrees;
}

function foldSubtrees(subtrees: readonly Subtree[]): Uint8Array {
  return subtrees.map(({ root }) => root).reduceRight((right, left) => join(left, right));
}

/** The tree of one file: its root, what the Flow contract is told, and the proof of every segment. Holds 64 bytes a segment. */
export class StorageTree {
  readonly shape: FileShape;
  readonly root: Hex;
  /** The file as complete subtrees, largest first. */
  readonly nodes: readonly SubmissionNode[];
  /** The segment roots, then each level above them, up to the root. */
  readonly #levels: readonly (readonly Uint8Array[])[];

  /** Made by {@link TreeBuilder}. */
  constructor(shape: FileShape, nodes: readonly SubmissionNode[], segmentRoots: readonly Uint8Array[]) {
    this.shape = shape;
    this.nodes = nodes;
    const levels = [segmentRoots];
    for (let below = segmentRoots; below.length > 1; below = levels.at(-1) ?? []) {
      const above: Uint8Array[] = [];
      for (let index = 0; index < below.length; index += 2) {
        const [left, right] = [below[index], below[index + 1]] as [Uint8Array, Uint8Array | undefined];
        above.push(right === undefined ? left : join(left, right));
      }
      levels.push(above);
    }
    this.#levels = levels;
    this.root = this.#hash(levels.length - 1, 0);
  }

  #hash(level: number, index: number): Hex {
    const hash = this.#levels[level]?.[index];
    if (hash === undefined) throw new RangeError(`no node ${index} on level ${level}`);
    return toHex(hash);
  }

  /** The root of a segment, to see whether bytes read again are still the same. */
  segmentRoot(index: number): Hex {
    return this.#hash(0, index);
  }

  /** @throws {RangeError} when there is no such segment. */
  proofOf(segment: number): SegmentProof {
    const own = this.#hash(0, segment);
    if (this.#levels.length === 1) return { lemma: [own], path: [] };
    const siblings: Hex[] = [];
    const path: boolean[] = [];
    let index = segment;
    for (const [level, { length }] of this.#levels.entries()) {
      const sibling = index ^ 1;
      if (sibling < length) {
        siblings.push(this.#hash(level, sibling));
        path.push(index % 2 === 0);
      }
      index >>= 1;
    }
    return { lemma: [own, ...siblings, this.root], path };
  }
}

/** Builds the tree of a file whose size is known from its segments, one after the other. */
export class TreeBuilder {
  readonly shape: FileShape;
  readonly #segmentRoots: Uint8Array[] = [];
  /** Of falling height: two of one height become one of the next. */
  readonly #subtrees: Subtree[] = [];

  /** @throws {EmptyObjectError} */
  constructor(size: number) {
    this.shape = shapeOf(size);
  }

  /** Adds the bytes of the next segment: 256 KiB, or what is left of the file. */
  append(data: Uint8Array): void {
    const index = this.#segmentRoots.length;
    const expected = segmentSize(this.shape, index);
    if (data.length !== expected) throw new RangeError(`segment ${index} has ${data.length} bytes, not ${expected}`);
    this.#add(data);
  }

  finish(): StorageTree {
    while (this.#segmentRoots.length < this.shape.paddedSegments) this.#add(new Uint8Array(0));
    return new StorageTree(this.shape, this.#subtrees.map(asNode), this.#segmentRoots);
  }

  #add(data: Uint8Array): void {
    const leaves = leavesOf(data, chunksInTree(this.shape, this.#segmentRoots.length));
    const subtrees = subtreesOf(leaves);
    this.#segmentRoots.push(foldSubtrees(subtrees));
    for (const subtree of subtrees) this.#merge(subtree);
  }

  #merge(subtree: Subtree): void {
    let merged = subtree;
    for (let last = this.#subtrees.at(-1); last?.height === merged.height; last = this.#subtrees.at(-1)) {
      this.#subtrees.pop();
      merged = { height: last.height + 1, root: join(last.root, merged.root) };
    }
    this.#subtrees.push(merged);
  }
}

/** @throws {EmptyObjectError} */
export function storageTree(bytes: Uint8Array): StorageTree {
  const builder = new TreeBuilder(bytes.length);
  for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) builder.append(bytes.subarray(at, at + SEGMENT_BYTES));
  return builder.finish();
}

/**
 * Computes the 0G storage root of `bytes`.
 *
 * The root does not commit to the length: bytes that differ in zeros at their end share it when they are padded alike.
 * @throws {EmptyObjectError}
 */
export function storageRoot(bytes: Uint8Array): Hex {
  return storageTree(bytes).root;
}

/** The root of the file that these subtrees make up, as the Flow contract knows it. */
export function rootOfNodes(nodes: readonly SubmissionNode[]): Hex {
  return toHex(foldSubtrees(nodes.map(({ root, height }) => ({ height, root: Buffer.from(root.slice(2), "hex") }))));
}
