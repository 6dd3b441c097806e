/** Proves one sector of the Flow, from its bytes up to the root that the contract keeps. */

import { toHex, type Hex } from "../../hex.ts";
import { keccak256 } from "../../storage/keccak.ts";
import { CHUNK_BYTES, SEGMENT_CHUNKS, shapeOf } from "../../storage/merkle.ts";
import { FlowTree } from "./flow-tree.ts";
import type { OfferedSegment, StorageNode } from "./node.ts";
import { join } from "./proof.ts";
import { internalError, invalidParams } from "./refusal.ts";
import type { Submission } from "./submissions.ts";

export interface SectorProof {
  /** The sector's hash, its siblings from the bottom up, the root. */
  readonly lemma: readonly Uint8Array[];
  readonly path: readonly boolean[];
}

/**
 * The tree of the Flow as it is, or as it was when `root` was its root.
 * @throws {RpcRefusal} for a root it never had, and on a fork, where what was submitted before is not known.
 */
export function flowTree(submissions: readonly Submission[], root?: Hex): FlowTree {
  if ((submissions[0]?.seq ?? 0) !== 0) throw internalError("what was submitted before the fork is not known here");
  if (root === undefined) return new FlowTree(submissions);
  for (let count = submissions.length; count > 0; count--) {
    const tree = new FlowTree(submissions.slice(0, count));
    if (toHex(tree.root) === root) return tree;
  }
  throw invalidParams("flow_root", "the Flow never had this root");
}

/** @throws {RpcRefusal} when the node does not hold the sector. */
export async function sectorProof(node: StorageNode, tree: FlowTree, sector: number): Promise<SectorProof> {
  const subtree = tree.nodeAt(sector);
  const chunk = sector - (subtree?.submission.startEntry ?? 0);
  const index = Math.floor(chunk / SEGMENT_CHUNKS);
  const holdsData = subtree !== undefined && index < shapeOf(subtree.submission.size).segments;
  const segment = holdsData ? await node.segment(subtree.submission, index) : undefined;
  if (!holdsData || segment === undefined) throw internalError(`sector ${sector} is not held here`);

  const inSegment = Math.min(subtree.height, Math.log2(SEGMENT_CHUNKS));
  const first = subtree.start - subtree.submission.startEntry - index * SEGMENT_CHUNKS;
  const row = chunkHashes(segment, Math.max(0, first), 2 ** inSegment);
  const offset = sector - subtree.start;
  const siblings = [
    ...siblingsIn(row, offset % 2 ** inSegment),
    ...segment.lemma.slice(1, 1 + subtree.height - inSegment),
    ...tree.siblingsAbove(subtree),
  ];
  const path = siblings.map((_, level) => Math.floor(sector / 2 ** level) % 2 === 0);
  return { lemma: [row[offset % 2 ** inSegment] ?? tree.root, ...siblings, tree.root], path };
}

/** Hashes of `count` chunks of a segment from the `first` on; after its data come chunks of zeros. */
function chunkHashes({ data }: OfferedSegment, first: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, place) => {
    const chunk = new Uint8Array(CHUNK_BYTES);
    chunk.set(data.subarray((first + place) * CHUNK_BYTES, (first + place + 1) * CHUNK_BYTES));
    return keccak256(chunk);
  });
}

/** The siblings of one of a power of two of leaves. */
function siblingsIn(leaves: readonly Uint8Array[], place: number): Uint8Array[] {
  const siblings: Uint8Array[] = [];
  for (let row = leaves, at = place; row.length > 1; at = Math.floor(at / 2)) {
    const sibling = row[at % 2 === 0 ? at + 1 : at - 1];
    if (sibling !== undefined) siblings.push(sibling);
    row = parentsOf(row);
  }
  return siblings;
}

function parentsOf(row: readonly Uint8Array[]): Uint8Array[] {
  return row.flatMap((left, place) => {
    const right = row[place + 1];
    return place % 2 === 0 && right !== undefined ? [join(left, right)] : [];
  });
}
