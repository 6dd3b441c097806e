/** What a node accepts as a segment of a file: bytes whose proof leads to the root that was paid for. */

import { keccak256 } from "./keccak.ts";
import { CHUNK_BYTES, chunksIn, paddedChunksIn, SEGMENT_CHUNKS, type FileShape } from "./shape.ts";

const HASH_BYTES = 32;

/** The siblings from a segment's root up to the file's. Whether each stands left or right follows from the position. */
export type Siblings = readonly Uint8Array[];

/** Why a segment was refused, or undefined. `field` is the parameter at fault, as 0G's nodes name it. */
export interface Objection {
  readonly field: "index" | "data" | "proof";
  readonly reason: string;
}

export interface ClaimedSegment {
  readonly index: number;
  readonly data: Uint8Array;
  /** The segment's root, its siblings, the file's root. Only the segment's root when the file has no other. */
  readonly lemma: readonly Uint8Array[];
  /** Whether the running node is the left one, from the bottom up. */
  readonly path: readonly boolean[];
}

/** Checks a segment against the root and shape of its file. Every hash is computed anew. */
export function objectionTo(segment: ClaimedSegment, root: Uint8Array, shape: FileShape): Objection | undefined {
  const { index, data, lemma, path } = segment;
  if (index >= shape.segments) return { field: "index", reason: "index out of bound" };
  if (data.length !== chunksIn(shape, index) * CHUNK_BYTES) return { field: "data", reason: "invalid data length" };
  if (lemma.length !== (path.length === 0 ? 1 : path.length + 2)) return { field: "proof", reason: "invalid proof" };

  const route = routeTo(index, shape.paddedSegments);
  const siblings = lemma.slice(1, -1);
  const own = segmentRoot(data, paddedChunksIn(shape, index));
  const proven =
    path.length === route.length &&
    path.every((isLeft, level) => isLeft === route[level]?.isLeft) &&
    equal(lemma[0], own) &&
    equal(lemma.at(-1), root) &&
    equal(climb(own, siblings, path), root);
  if (!proven) return { field: "proof", reason: "validation failed" };

  const honest = route.every(
    ({ first, count }, level) => first < shape.segments || equal(siblings[level], paddingRoot(shape, first, count)),
  );
  return honest ? undefined : { field: "proof", reason: "invalid proof node value in the padding range" };
}

/** How many siblings the proof of a segment has. */
export function proofDepth(index: number, shape: FileShape): number {
  return routeTo(index, shape.paddedSegments).length;
}

/** A proof in 0G's form. */
export function lemmaAndPath(
  index: number,
  shape: FileShape,
  { own, siblings, root }: { readonly own: Uint8Array; readonly siblings: Siblings; readonly root: Uint8Array },
): Pick<ClaimedSegment, "lemma" | "path"> {
  const path = routeTo(index, shape.paddedSegments).map(({ isLeft }) => isLeft);
  return { lemma: path.length === 0 ? [root] : [own, ...siblings, root], path };
}

/** Root over the chunks of `data` and chunks of zeros after them, `leaves` in all. */
export function segmentRoot(data: Uint8Array, leaves: number): Uint8Array {
  const hashes: Uint8Array[] = [];
  for (let offset = 0; offset < data.length; offset += CHUNK_BYTES) {
    hashes.push(keccak256(data.subarray(offset, offset + CHUNK_BYTES)));
  }
  while (hashes.length < leaves) hashes.push(zeroRoot(0));
  return treeRoot(hashes);
}

/** The left side of a tree holds the largest power of two of leaves that is smaller than all of them. */
export function treeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return only;
  const left = leftLeaves(leaves.length);
  return join(treeRoot(leaves.slice(0, left)), treeRoot(leaves.slice(left)));
}

const pair = new Uint8Array(2 * HASH_BYTES);

export function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  pair.set(left, 0);
  pair.set(right, HASH_BYTES);
  return keccak256(pair);
}

const zeroRoots: Uint8Array[] = [keccak256(new Uint8Array(CHUNK_BYTES))];

/** Root over 2 ** `height` chunks of zeros. */
export function zeroRoot(height: number): Uint8Array {
  const known = zeroRoots[height];
  if (known !== undefined) return known;
  const half = zeroRoot(height - 1);
  return (zeroRoots[height] = join(half, half));
}

export function equal(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0;
}

function leftLeaves(leaves: number): number {
  return 2 ** Math.floor(Math.log2(leaves - 1));
}

interface Turn {
  readonly isLeft: boolean;
  /** The leaves under the sibling. */
  readonly first: number;
  readonly count: number;
}

/** From the leaf up. */
function routeTo(position: number, leaves: number): Turn[] {
  const route: Turn[] = [];
  let [first, count] = [0, leaves];
  while (count > 1) {
    const left = leftLeaves(count);
    const isLeft = position < first + left;
    if (isLeft) {
      route.unshift({ isLeft, first: first + left, count: count - left });
      count = left;
    } else {
      route.unshift({ isLeft, first, count: left });
      first += left;
      count -= left;
    }
  }
  return route;
}

function climb(from: Uint8Array, siblings: Siblings, path: readonly boolean[]): Uint8Array {
  return siblings.reduce(
    (node, sibling, level) => (path[level] === true ? join(node, sibling) : join(sibling, node)),
    from,
  );
}

/** Root over segments that hold padding only. */
function paddingRoot(shape: FileShape, first: number, count: number): Uint8Array {
  const roots = Array.from({ length: count }, (_, offset) => {
    const leaves = paddedChunksIn(shape, first + offset);
    return leaves === SEGMENT_CHUNKS ? zeroRoot(Math.log2(SEGMENT_CHUNKS)) : segmentRoot(new Uint8Array(0), leaves);
  });
  return treeRoot(roots);
}
