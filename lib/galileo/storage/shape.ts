/** How 0G Storage cuts a file of so many bytes. Source: 0g-storage-node, node/rpc/src/types.rs and node/shared_types. */

import { CHUNK_BYTES, paddedChunks } from "../../storage/merkle.ts";

export { CHUNK_BYTES };
export const SEGMENT_CHUNKS = 1024;

export interface FileShape {
  /** Bytes. */
  readonly size: number;
  /** Those that hold data. The last one is filled with zeros. */
  readonly chunks: number;
  /** Those the tree is over. */
  readonly paddedChunks: number;
  /** Those that hold data, and are uploaded. */
  readonly segments: number;
  /** Those the tree is over. */
  readonly paddedSegments: number;
}

/** @param size in bytes, at least 1. */
export function fileShape(size: number): FileShape {
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

/** Chunks of a segment that are uploaded. */
export function chunksIn({ chunks }: FileShape, segment: number): number {
  return Math.min(SEGMENT_CHUNKS, chunks - segment * SEGMENT_CHUNKS);
}

/** Chunks of a segment that its root is over. */
export function paddedChunksIn({ paddedChunks }: FileShape, segment: number): number {
  return Math.min(SEGMENT_CHUNKS, paddedChunks - segment * SEGMENT_CHUNKS);
}

export interface Shard {
  readonly shardId: number;
  /** A power of two. */
  readonly numShard: number;
}

/** Whether a segment of a file falls to a shard. Where the file begins in the Flow decides. */
export function isOwn({ shardId, numShard }: Shard, startEntry: number, segment: number): boolean {
  return (Math.floor(startEntry / SEGMENT_CHUNKS) + segment) % numShard === shardId;
}
