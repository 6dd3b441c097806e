/**
 * What a node takes as a segment of a file: bytes whose proof leads to the root that was paid for.
 * Source: 0g-storage-node, node/rpc/src/types.rs.
 */

import { fromHex, type Hex } from "../../hex.ts";
import { keccak256 } from "../../storage/keccak.ts";
import { CHUNK_BYTES, SEGMENT_CHUNKS, segmentRoot, type FileShape } from "../../storage/merkle.ts";

const HASH_BYTES = 32;

export interface ClaimedSegment {
  readonly index: number;
  readonly data: Uint8Array;
  /** The segment's root, its siblings from the bottom up, the file's root; only the root when the file has no other. */
  readonly lemma: readonly Uint8Array[];
  /** Whether the running node is the left one, from the bottom up. */
  readonly path: readonly boolean[];
}

/** Why a segment was refused. `field` is the parameter at fault, as 0G's nodes name it. */
export interface Objection {
  readonly field: "index" | "data" | "proof";
  readonly reason: string;
}

/** Checks a segment against the root and shape of its file. Every hash is computed anew. */
export function objectionTo(segment: ClaimedSegment, root: Uint8Array, shape: FileShape): Objection | undefined {
  const { index, data, lemma, path } = segment;
  if (index >= shape.segments) return { field: "index", reason: "index out of bound" };
  if (data.length !== chunksIn(shape, index) * CHUNK_BYTES) return { field: "data", reason: "invalid data length" };
  if (lemma.length !== (path.length === 0 ? 1 : path.length + 2)) return { field: "proof", reason: "invalid proof" };

  const route = routeTo(index, shape.paddedSegments);
  const siblings = lemma.slice(1, -1);
  const own = fromHex(segmentRoot(shape, index, data));
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

/** Chunks of a segment that hold data: those that are uploaded. */
export function chunksIn({ chunks }: FileShape, index: number): number {
  return Math.min(SEGMENT_CHUNKS, chunks - index * SEGMENT_CHUNKS);
}

/** How many hashes are kept with a segment: its own root and the siblings above. */
export function hashesOf(index: number, shape: FileShape): number {
  return 1 + routeTo(index, shape.paddedSegments).length;
}

/** The proof of a segment, in 0G's form, from the hashes that were kept with it. */
export function proofOf(
  index: number,
  hashes: readonly Uint8Array[],
  root: Hex,
  shape: FileShape,
): Pick<ClaimedSegment, "lemma" | "path"> {
  const path = routeTo(index, shape.paddedSegments).map(({ isLeft }) => isLeft);
  return { path, lemma: path.length === 0 ? hashes : [...hashes, fromHex(root)] };
}

export function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  const pair = new Uint8Array(2 * HASH_BYTES);
  pair.set(left, 0);
  pair.set(right, HASH_BYTES);
  return keccak256(pair);
}

function equal(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0;
}

interface Turn {
  readonly isLeft: boolean;
  /** The segments under the sibling. */
  readonly first: number;
  readonly count: number;
}

/**
 * The way from a segment up to the root. The left side of a tree holds the largest power of two of leaves that is smaller
 * than all of them.
 */
function routeTo(index: number, segments: number): Turn[] {
  const route: Turn[] = [];
  let [first, count] = [0, segments];
  while (count > 1) {
    const left = 2 ** Math.floor(Math.log2(count - 1));
    const isLeft = index < first + left;
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

function climb(from: Uint8Array, siblings: readonly Uint8Array[], path: readonly boolean[]): Uint8Array {
  return siblings.reduce(
    (node, sibling, level) => (path[level] === true ? join(node, sibling) : join(sibling, node)),
    from,
  );
}

/** Root over segments that hold padding only. */
function paddingRoot(shape: FileShape, first: number, count: number): Uint8Array {
  if (count === 1) return fromHex(segmentRoot(shape, first, new Uint8Array(0)));
  const left = 2 ** Math.floor(Math.log2(count - 1));
  return join(paddingRoot(shape, first, left), paddingRoot(shape, first + left, count - left));
}
