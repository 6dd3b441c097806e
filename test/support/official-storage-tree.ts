/** What 0G's own package works out about bytes, in this process: it neither prints nor keeps anything for that. */

import type { SegmentProof, SubmissionNode } from "../../lib/storage/merkle.ts";

export interface OfficialTree {
  readonly root: string;
  readonly nodes: readonly SubmissionNode[];
  /** Of every segment of the padded file. */
  readonly proofs: readonly SegmentProof[];
  /** That hold data. */
  readonly segments: number;
  readonly paddedSize: number;
}

export async function officialTree(bytes: Uint8Array): Promise<OfficialTree> {
  const { MemData } = await import("@0gfoundation/0g-ts-sdk");
  const file = new MemData(bytes);
  const [tree, error] = await file.merkleTree();
  if (tree === null) throw error ?? new Error("no tree");
  const [submission, failure] = await file.createSubmission("0x");
  if (submission === null) throw failure ?? new Error("no submission");
  return {
    root: tree.rootHash() ?? "",
    nodes: submission.data.nodes.map(({ root, height }) => ({ root, height: Number(height) })) as SubmissionNode[],
    proofs: Array.from({ length: file.numSegmentsPadded() }, (_, index) => {
      const { lemma, path } = tree.proofAt(index);
      return { lemma, path } as SegmentProof;
    }),
    segments: file.numSegments(),
    paddedSize: file.paddedSize(),
  };
}
