/**
 * The tree over all sectors of the Flow, as its contract keeps it, computed anew from what was submitted.
 * Source: 0g-storage-contracts, contracts/dataFlow/FlowTreeLib.sol.
 */

import { keccak256 } from "../../storage/keccak.ts";
import { CHUNK_BYTES } from "../../storage/merkle.ts";
import { fromHex } from "../../hex.ts";
import { join } from "./proof.ts";
import type { Submission } from "./submissions.ts";

/** A complete subtree that was submitted. */
export interface FlowNode {
  readonly submission: Submission;
  /** Its first sector. */
  readonly start: number;
  readonly height: number;
  readonly root: Uint8Array;
}

export class FlowTree {
  /** Sectors, padding included. */
  readonly length: number;
  readonly #height: number;
  /** In the order of the sectors. */
  readonly #nodes: readonly FlowNode[];

  /** @param submissions all there were, from the first. */
  constructor(submissions: readonly Submission[]) {
    this.#nodes = submissions.flatMap(nodesOf);
    const last = this.#nodes.at(-1);
    this.length = last === undefined ? 1 : last.start + 2 ** last.height;
    this.#height = Math.ceil(Math.log2(this.length));
  }

  get root(): Uint8Array {
    return this.#hash(this.#height, 0);
  }

  /** The submitted subtree that a sector lies in. */
  nodeAt(sector: number): FlowNode | undefined {
    const found = this.#nodes[this.#firstNotBefore(sector)];
    return found !== undefined && found.start <= sector ? found : undefined;
  }

  /** The siblings from a submitted subtree up to the root. */
  siblingsAbove({ start, height }: FlowNode): Uint8Array[] {
    return Array.from({ length: this.#height - height }, (_, above) => {
      const level = height + above;
      const index = start / 2 ** height;
      const own = Math.floor(index / 2 ** above);
      return this.#hash(level, own % 2 === 0 ? own + 1 : own - 1);
    });
  }

  /** Of 2 ** `level` sectors, none of which is inside a larger subtree that was submitted. */
  #hash(level: number, index: number): Uint8Array {
    const [first, size] = [index * 2 ** level, 2 ** level];
    const next = this.#nodes[this.#firstNotBefore(first)];
    if (next?.start === first && next.height === level) return next.root;
    if (level === 0) return first === 0 ? FIRST_SECTOR : zeroRoot(0);
    if (first > 0 && (next === undefined || next.start >= first + size)) return zeroRoot(level);
    return join(this.#hash(level - 1, 2 * index), this.#hash(level - 1, 2 * index + 1));
  }

  /** The place of the first subtree that does not end before `sector`. */
  #firstNotBefore(sector: number): number {
    let [low, high] = [0, this.#nodes.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const node = this.#nodes[middle];
      if (node !== undefined && node.start + 2 ** node.height <= sector) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What the contract begins with. */
const FIRST_SECTOR = new Uint8Array(32);

const zeroRoots: Uint8Array[] = [keccak256(new Uint8Array(CHUNK_BYTES))];

/** Root over 2 ** `height` sectors of zeros. */
function zeroRoot(height: number): Uint8Array {
  const known = zeroRoots[height];
  if (known !== undefined) return known;
  const half = zeroRoot(height - 1);
  return (zeroRoots[height] = join(half, half));
}

function nodesOf(submission: Submission): FlowNode[] {
  let start = submission.startEntry;
  return submission.nodes.map(({ root, height }) => {
    const node = { submission, start, height, root: fromHex(root) };
    start += 2 ** height;
    return node;
  });
}
