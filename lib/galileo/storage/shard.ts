import { SEGMENT_CHUNKS } from "../../storage/merkle.ts";

/** The share of every file that a node holds. */
export interface Shard {
  readonly shardId: number;
  /** A power of two. */
  readonly numShard: number;
}

/** Whether a segment of a file falls to a shard. Where the file begins in the Flow decides. */
export function isOwn({ shardId, numShard }: Shard, startEntry: number, segment: number): boolean {
  return (Math.floor(startEntry / SEGMENT_CHUNKS) + segment) % numShard === shardId;
}

/** How many of the first `segments` of a file fall to a shard. */
export function ownSegments(shard: Shard, startEntry: number, segments: number): number {
  const { shardId, numShard } = shard;
  const first = (numShard + shardId - (Math.floor(startEntry / SEGMENT_CHUNKS) % numShard)) % numShard;
  return Math.max(0, Math.ceil((segments - first) / numShard));
}
