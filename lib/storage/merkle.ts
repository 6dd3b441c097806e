/** The root by which 0G Storage knows bytes (storage sheet, section 2, "Merkle"). */

import { keccak_256 } from "@noble/hashes/sha3.js";

import { toHex, type Hex } from "../hex.ts";
import { EmptyObjectError } from "./errors.ts";

export const CHUNK_BYTES = 256;

const ZERO_LEAF = keccak_256(new Uint8Array(CHUNK_BYTES));

/** How many chunks a file of `chunks` is padded to: the next power of two, or a multiple of its sixteenth. */
export function paddedChunks(chunks: number): number {
  let power = 1;
  while (power < chunks) power *= 2;
  const step = power < 16 ? 1 : power / 16;
  return Math.ceil(chunks / step) * step;
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(64);
  both.set(left, 0);
  both.set(right, 32);
  return keccak_256(both);
}

/** A leaf is the hash of one chunk, the last one filled with zeros. */
function leaves(bytes: Uint8Array): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    chunk.set(bytes.subarray(offset, offset + CHUNK_BYTES));
    hashes.push(keccak_256(chunk));
  }
  return hashes;
}

/**
 * Computes the 0G storage root of `bytes`.
 *
 * The left side of every tree holds the largest power of two of leaves that is smaller than all of them. Since a segment
 * is 1024 leaves, a power of two too, 0G's tree over segment roots is this one tree over all leaves.
 *
 * The root does not commit to the length: bytes that differ in zeros at the end of the last chunk share it.
 * @throws {EmptyObjectError}
 */
export function storageRoot(bytes: Uint8Array): Hex {
  if (bytes.length === 0) throw new EmptyObjectError();
  const hashes = leaves(bytes);
  for (let padding = paddedChunks(hashes.length) - hashes.length; padding > 0; padding--) hashes.push(ZERO_LEAF);

  // Complete trees of falling size, as the bits of the count; two of one size become one of the next.
  const trees: { size: number; root: Uint8Array }[] = [];
  for (const hash of hashes) {
    let tree = { size: 1, root: hash };
    for (let last = trees.at(-1); last?.size === tree.size; last = trees.at(-1)) {
      trees.pop();
      tree = { size: tree.size * 2, root: join(last.root, tree.root) };
    }
    trees.push(tree);
  }
  return toHex(trees.map((tree) => tree.root).reduceRight((right, left) => join(left, right)));
}
