/** Whether a segment is the one that a proof places in a file. */

import { fromHex, toHex, type Hex } from "../hex.ts";
import { keccak256 } from "./keccak.ts";
import { CHUNK_BYTES, segmentRoot, segmentSize, type FileShape, type SegmentProof } from "./merkle.ts";

export interface ProvenSegment {
  readonly index: number;
  /** The file's bytes in this segment, the last chunk filled with zeros. */
  readonly data: Uint8Array;
  readonly proof: SegmentProof;
}

/**
 * Checks a segment against the root of its file: length, hash, place and every hash on the way up. Answers what is wrong,
 * or undefined. The place is derived from the file's size, which the root itself does not commit to.
 */
export function problemOfSegment(
  root: Hex,
  shape: FileShape,
  { index, data, proof }: ProvenSegment,
): string | undefined {
  if (!Number.isInteger(index) || index < 0 || index >= shape.segments) {
    return `segment ${index} of a file of ${shape.segments}`;
  }
  const size = segmentSize(shape, index);
  const expected = Math.ceil(size / CHUNK_BYTES) * CHUNK_BYTES;
  if (data.length !== expected) return `${data.length} bytes where the segment has ${expected}`;
  if (data.subarray(size).some((byte) => byte !== 0)) return `data after the end of the file`;

  const { lemma, path } = proof;
  const sides = sidesOf(index, shape.paddedSegments);
  if (path.length !== sides.length || path.some((left, at) => left !== sides[at])) return "a proof of another place";
  if (lemma.length !== (path.length === 0 ? 1 : path.length + 2)) return `a proof of ${lemma.length} hashes`;
  if (lemma.at(-1) !== root) return "a proof for another root";
  const own = segmentRoot(shape, index, data);
  if (lemma[0] !== own) return `bytes whose root is ${own} with a proof of ${lemma[0]}`;
  return toHex(climb(fromHex(own), lemma.slice(1, -1), sides)) === root ? undefined : "a proof that leads elsewhere";
}

/** From below to above, whether leaf `index` of `count` is on the left side. */
function sidesOf(index: number, count: number): boolean[] {
  const sides: boolean[] = [];
  for (let at = index, length = count; length > 1; at >>= 1, length = Math.ceil(length / 2)) {
    if ((at ^ 1) < length) sides.push(at % 2 === 0);
  }
  return sides;
}

function climb(leaf: Uint8Array, siblings: readonly Hex[], sides: readonly boolean[]): Uint8Array {
  return siblings.reduce((own, sibling, at) => {
    const other = fromHex(sibling);
    return keccak256(sides[at] === true ? Buffer.concat([own, other]) : Buffer.concat([other, own]));
  }, leaf);
}
