/** The `zgs_` methods of a storage node. Source: 0g-storage-node, node/rpc/src/zgs. */

import { z } from "zod";

import { fromHex, toHex, type Address, type Hex } from "../../hex.ts";
import { CHUNK_BYTES, SEGMENT_CHUNKS } from "../../storage/merkle.ts";
import { CODES } from "../json-rpc.ts";
import type { NodeMisbehaviour, Temper } from "./misbehaviour.ts";
import { best, type FileState, type OfferedSegment, type StorageNode } from "./node.ts";
import { internalError, invalidParams, RpcRefusal } from "./refusal.ts";
import { flowTree, sectorProof, type SectorProof } from "./sector-proof.ts";
import type { Method } from "./storage-app.ts";
import type { Submission } from "./submissions.ts";

export interface NodeMethodParts {
  readonly node: StorageNode;
  readonly chainId: number;
  readonly flow: Address;
  readonly temper: Temper<NodeMisbehaviour>;
}

const hash = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/)
  .transform((text) => text.toLowerCase() as Hex);
const count = z.int().nonnegative();
const segmentWithProof = z
  .object({
    root: hash,
    data: z.string(),
    index: count,
    fileSize: count,
    proof: z.object({ lemma: z.array(hash), path: z.array(z.boolean()) }),
  })
  .transform(({ root, data, index, fileSize, proof }): OfferedSegment => ({
    root,
    index,
    fileSize,
    data: Buffer.from(data, "base64"),
    lemma: proof.lemma.map(fromHex),
    path: proof.path,
  }));

/** One parameter, by its place and the name 0G's nodes give it. @throws {RpcRefusal} */
function parameter<T>(params: readonly unknown[], place: number, name: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(params[place]);
  if (!parsed.success) throw invalidParams(name, parsed.error.issues[0]?.message ?? "malformed");
  return parsed.data;
}

export function nodeMethods(parts: NodeMethodParts): Readonly<Record<string, Method>> {
  const files = new Files(parts);
  const { shard } = parts.node;

  const upload = async (segments: readonly OfferedSegment[], seq?: number) => {
    await files.keep(segments, seq);
    return null;
  };
  const download = async (file: FileState | undefined, params: readonly unknown[]) => {
    const start = parameter(params, 1, "start_index", count);
    const end = parameter(params, 2, "end_index", count);
    if (start >= end) throw invalidParams("end_index", "invalid chunk index");
    if (end - start > SEGMENT_CHUNKS) throw invalidParams("end_index", `exceeds maximum chunks ${SEGMENT_CHUNKS}`);
    const data = file === undefined ? undefined : await files.chunks(file, start, end);
    return data === undefined ? null : base64(data);
  };
  const withProof = async (file: FileState | undefined, params: readonly unknown[]) => {
    const index = parameter(params, 1, "index", count);
    const found = file === undefined ? undefined : await files.segment(file, index);
    if (found === undefined) return null;
    const { root, fileSize, data } = found;
    return { root, data: base64(data), index, proof: proofInJson(found), fileSize };
  };
  const rootIn = (params: readonly unknown[]) => parameter(params, 0, "data_root", hash);
  const seqIn = (params: readonly unknown[], place = 0) => parameter(params, place, "tx_seq", count);
  const segmentIn = (params: readonly unknown[]) => parameter(params, 0, "segment", segmentWithProof);
  const segmentsIn = (params: readonly unknown[]) => parameter(params, 0, "segments", z.array(segmentWithProof));

  return {
    zgs_getStatus: async () => files.status(parts),
    zgs_getShardConfig: async () => ({ shardId: shard.shardId, numShard: shard.numShard }),
    zgs_getFileInfo: async (params) => files.info(await files.byRoot(rootIn(params))),
    zgs_getFileInfoByTxSeq: async (params) => files.info(await files.bySeq(seqIn(params))),
    zgs_checkFileFinalized: async ([which]) => {
      const file = typeof which === "number" ? await files.bySeq(seqIn([which])) : await files.byRoot(rootIn([which]));
      return file === undefined ? null : file.finalized;
    },
    zgs_uploadSegment: async (params) => upload([segmentIn(params)]),
    zgs_uploadSegments: async (params) => upload(segmentsIn(params)),
    zgs_uploadSegmentByTxSeq: async (params) => upload([segmentIn(params)], seqIn(params, 1)),
    zgs_uploadSegmentsByTxSeq: async (params) => upload(segmentsIn(params), seqIn(params, 1)),
    zgs_downloadSegment: async (params) => download(await files.byRoot(rootIn(params)), params),
    zgs_downloadSegmentByTxSeq: async (params) => download(await files.bySeq(seqIn(params)), params),
    zgs_downloadSegmentWithProof: async (params) => withProof(await files.byRoot(rootIn(params)), params),
    zgs_downloadSegmentWithProofByTxSeq: async (params) => withProof(await files.bySeq(seqIn(params)), params),
    zgs_getSectorProof: async (params) =>
      files.sectorProof(parameter(params, 0, "sector_index", count), parameter(params, 1, "flow_root", hash.nullish())),
    zgs_getFlowContext: async () => files.flowContext(),
  };
}

/** The node's files as it speaks of them: as they are, unless it was told to misbehave. */
class Files {
  readonly #node: StorageNode;
  readonly #temper: Temper<NodeMisbehaviour>;

  constructor({ node, temper }: NodeMethodParts) {
    this.#node = node;
    this.#temper = temper;
  }

  async status({ chainId, flow }: NodeMethodParts): Promise<unknown> {
    const { all, tip } = await this.#node.submissions();
    return {
      connectedPeers: 0,
      logSyncHeight: tip?.number ?? 0,
      logSyncBlock: tip?.hash ?? null,
      nextTxSeq: (all.at(-1)?.seq ?? -1) + 1,
      networkIdentity: { chainId, flowAddress: flow, p2pProtocolVersion: { major: 0, minor: 0, build: 0 } },
    };
  }

  async bySeq(seq: number): Promise<FileState | undefined> {
    return (await this.#seen()).filter((submission) => submission.seq === seq).map((found) => this.#state(found))[0];
  }

  async byRoot(root: Hex): Promise<FileState | undefined> {
    const all = (await this.#seen()).filter((submission) => submission.root === root);
    return best(all.map((submission) => this.#state(submission)));
  }

  info(file: FileState | undefined): unknown {
    if (file === undefined) return null;
    const { submission, finalized, uploadedSegments } = file;
    const lie = this.#temper.next("wrong-root") !== undefined;
    const { root, size, seq, startEntry, nodes } = submission;
    return {
      tx: {
        streamIds: [],
        data: [],
        dataMerkleRoot: lie ? otherRoot(root) : root,
        merkleNodes: nodes.map((node) => [node.height + 1, node.root]),
        startEntryIndex: startEntry,
        size: lie ? size + CHUNK_BYTES : size,
        seq,
      },
      finalized,
      isCached: false,
      uploadedSegNum: uploadedSegments,
      pruned: false,
    };
  }

  async keep(segments: readonly OfferedSegment[], seq?: number): Promise<void> {
    if (this.#temper.next("busy") !== undefined) throw new RpcRefusal(CODES.internal, "too many data writing: 16");
    const isFull = this.#temper.next("no-space") !== undefined;
    const named = seq === undefined ? undefined : await this.bySeq(seq);
    for (const segment of segments) {
      const file = seq === undefined ? await this.byRoot(segment.root) : named;
      // 0G's nodes keep a small file in memory until it is submitted; these hold nothing that nobody paid for.
      if (file === undefined) throw invalidParams("root", "no submission of this root is known");
      if (isFull) throw internalError("No space left on device (os error 28)");
      await this.#node.keep(segment, file.submission);
      if (this.#diesNow()) return;
    }
  }

  async chunks({ submission }: FileState, start: number, end: number): Promise<Uint8Array | undefined> {
    const data = await this.#node.chunks(submission, start, end);
    return data === undefined ? undefined : this.#spoilt(data);
  }

  async segment({ submission }: FileState, index: number): Promise<OfferedSegment | undefined> {
    const found = await this.#node.segment(submission, index);
    return found === undefined ? undefined : { ...found, data: this.#spoilt(found.data) };
  }

  async sectorProof(sector: number, root: Hex | null | undefined): Promise<unknown> {
    const { all } = await this.#node.submissions();
    return proofInJson(await sectorProof(this.#node, flowTree(all, root ?? undefined), sector));
  }

  /** Root and length of the Flow. */
  async flowContext(): Promise<[Hex, number]> {
    const { all } = await this.#node.submissions();
    const tree = flowTree(all);
    return [toHex(tree.root), tree.length];
  }

  /** After one segment more. */
  #diesNow(): boolean {
    const how = this.#temper.peek();
    if (how?.kind !== "dies-after") return false;
    const dies = how.segments <= 1;
    this.#temper.set(dies ? { kind: "dead" } : { ...how, segments: how.segments - 1 });
    return dies;
  }

  #state(submission: Submission): FileState {
    const state = this.#node.state(submission);
    const temper = this.#temper.peek()?.kind;
    if (temper === "never-final") return { ...state, finalized: false };
    return temper === "final-too-early" ? { ...state, finalized: true } : state;
  }

  async #seen(): Promise<readonly Submission[]> {
    const { all, tip } = await this.#node.submissions();
    const temper = this.#temper.peek();
    if (temper?.kind === "denies") return [];
    if (temper?.kind !== "behind") return all;
    return all.filter(({ blockNumber }) => blockNumber <= (tip?.number ?? 0) - temper.blocks);
  }

  #spoilt(data: Uint8Array): Uint8Array {
    if (this.#temper.next("short-segment") !== undefined) return data.subarray(0, Math.ceil(data.length / 2));
    if (this.#temper.next("corrupt-segment") === undefined) return data;
    const spoilt = Uint8Array.from(data);
    spoilt[0] = (spoilt[0] ?? 0) ^ 1;
    return spoilt;
  }
}

function proofInJson({ lemma, path }: SectorProof) {
  return { lemma: lemma.map(toHex), path };
}

function base64(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
}

function otherRoot(root: Hex): Hex {
  return `0x${root.slice(2).split("").reverse().join("")}`;
}
