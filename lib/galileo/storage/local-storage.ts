/** 0G Storage on this computer: an indexer and nodes that follow the chain of this process. */

import path from "node:path";

import { UsageError } from "../../errors.ts";
import type { Address, Hex } from "../../hex.ts";
import { pause } from "../../pause.ts";
import type { Eip1193 } from "../rpc.ts";
import type { LocalStorageEntry, LocalStorageNodeEntry } from "./entry.ts";
import { temper, type IndexerMisbehaviour, type NodeMisbehaviour } from "./misbehaviour.ts";
import type { FileState, StorageNode } from "./node.ts";
import type { Shard } from "./shard.ts";
import { storageFolder, type StorageFolder } from "./storage-folder.ts";
import { storageServer } from "./storage-server.ts";
import type { Submissions } from "./submissions.ts";

export interface LocalStorageOptions {
  readonly rpc: Eip1193;
  readonly chainId: number;
  readonly flow: Address;
  /** A power of two; each holds its share of every file. Default 1. */
  readonly nodes?: number;
  /** First of consecutive ports on 127.0.0.1, the indexer's, then the nodes'; 0 takes free ones. Default 0. */
  readonly port?: number;
  /** Where segments are kept. Absent: in a temporary folder, until {@link LocalStorage.stop}. */
  readonly folder?: string;
  /** Keep the process running for as long as the servers are open. Default false. */
  readonly keepAlive?: boolean;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}

/** One storage node. Its files are those that were submitted on chain, and are forgotten when the chain is taken back. */
export interface LocalStorageNode extends LocalStorageNodeEntry {
  /** Makes it lie, fail or dawdle from the next request on; `undefined` makes it honest again. */
  misbehave(how: NodeMisbehaviour | undefined): void;
  /** How often each method was asked for. */
  requests(): Readonly<Record<string, number>>;
  /** What it holds of a root's first submission that it has whole, else of its first. */
  file(root: Hex): Promise<FileState | undefined>;
  /** Refuses connections. What it stored stays. */
  stop(): Promise<void>;
  /** Begins anew at the same URL, with what is on disk. */
  start(): Promise<void>;
}

export interface LocalStorage extends LocalStorageEntry {
  readonly nodes: readonly LocalStorageNode[];
  /** @throws {RangeError} when there is none of that number. */
  node(index: number): LocalStorageNode;
  /** Makes the indexer lie or fail; nodes have their own `misbehave`. */
  misbehave(how: IndexerMisbehaviour | undefined): void;
  /** How often each method of the indexer was asked for. */
  requests(): Readonly<Record<string, number>>;
  /** Where segments are kept; undefined until there is one. */
  folder(): string | undefined;
  /** Resolves when every node holds its share of a file. @throws {AbortedError} when the signal fires first. */
  whenFinal(root: Hex, signal?: AbortSignal): Promise<void>;
  /** Stops serving, and removes the temporary folder. */
  stop(): Promise<void>;
}

const POLL_MS = 10;

/**
 * Starts an indexer and its nodes. They listen; what serves them is loaded when one is first asked, so that who stores
 * nothing pays for sockets only.
 * @throws {UsageError} when the number of nodes is no power of two.
 * @throws {PortTakenError}
 */
export async function startLocalStorage(options: LocalStorageOptions): Promise<LocalStorage> {
  const { flow, nodes: numShard = 1, port = 0 } = options;
  assertPowerOfTwo(numShard);
  const folder = storageFolder(options.folder);
  const closing = new AbortController();
  const open = { ...options, folder, closing: closing.signal, submissions: followOnce(options) };
  const nodes = Array.from({ length: numShard }, (_, shardId) => localNode(open, { shardId, numShard }));
  const indexer = localIndexer(open, nodes);
  const stop = async () => {
    closing.abort();
    await Promise.all([indexer.stop(), ...nodes.map(async (node) => node.stop())]);
    await folder.close();
  };
  const listening = await Promise.allSettled(
    [indexer, ...nodes].map(async (server, index) => server.listenAt(port === 0 ? 0 : port + index)),
  );
  for (const outcome of listening) {
    if (outcome.status === "fulfilled") continue;
    await stop();
    throw outcome.reason;
  }
  return {
    indexer: indexer.url(),
    nodes,
    flow,
    node(index) {
      const node = nodes[index];
      if (node === undefined) throw new RangeError(`there are ${nodes.length} storage nodes, not ${index + 1}`);
      return node;
    },
    misbehave: indexer.misbehave,
    requests: indexer.requests,
    folder: folder.made,
    async whenFinal(root, signal) {
      for (const node of nodes) {
        while ((await node.file(root))?.finalized !== true) await pause(POLL_MS, signal, `Waiting for ${root}`);
      }
    },
    stop,
  };
}

interface Opened extends Omit<LocalStorageOptions, "folder"> {
  readonly folder: StorageFolder;
  readonly closing: AbortSignal;
  readonly submissions: () => Promise<Submissions>;
}

/** All nodes follow the chain through one log: they are one process's. */
function followOnce({ rpc, flow }: LocalStorageOptions): () => Promise<Submissions> {
  let following: Promise<Submissions> | undefined;
  const follow = async () => {
    const { Submissions } = await import("./submissions.ts");
    return new Submissions(rpc, flow, await firstOwnBlock(rpc));
  };
  return async () => (following ??= follow());
}

/** Of the chain itself, or after the block a fork was made at: what was stored before is on the forked chain's nodes. */
async function firstOwnBlock(rpc: Eip1193): Promise<number> {
  const { forkedNetwork } = (await rpc.request({ method: "hardhat_metadata" })) as {
    forkedNetwork?: { forkBlockNumber: number };
  };
  return forkedNetwork === undefined ? 0 : forkedNetwork.forkBlockNumber + 1;
}

function localNode(opened: Opened, shard: Shard) {
  const mood = temper<NodeMisbehaviour>();
  let opening: Promise<StorageNode> | undefined;
  const node = async () => (opening ??= openNode(opened, shard));
  const server = storageServer(opened, {
    what: `storage node ${shard.shardId}`,
    temper: mood,
    methods: async () => {
      const { nodeMethods } = await import("./node-methods.ts");
      const { chainId, flow } = opened;
      return nodeMethods({ node: await node(), chainId, flow, temper: mood });
    },
  });
  return {
    ...shard,
    ...server,
    get url() {
      return server.url();
    },
    misbehave: (how: NodeMisbehaviour | undefined) => mood.set(how),
    file: async (root: Hex) => (await node()).fileByRoot(root),
    /** As another server would ask, over HTTP, and with its patience. */
    async ask(root: Hex) {
      const kind = mood.peek()?.kind;
      if (!server.isOpen() || kind === "dead" || kind === "hang") return undefined;
      const info = await (await server.methods()).zgs_getFileInfo?.([root, true]);
      return (info ?? undefined) as { finalized: boolean } | undefined;
    },
    async stop() {
      await server.stop();
      await (await opening)?.close();
      opening = undefined;
    },
  };
}

async function openNode({ rpc, folder, submissions }: Opened, shard: Shard): Promise<StorageNode> {
  const [{ StorageNode }, { SegmentFiles }] = await Promise.all([import("./node.ts"), import("./segment-files.ts")]);
  const genesis = (await rpc.request({ method: "eth_getBlockByNumber", params: ["0x0", false] })) as { hash: Hex };
  // A folder may outlive its chain, whose files are not the next one's.
  const name = path.join(genesis.hash, `shard-${shard.shardId}-of-${shard.numShard}`);
  return StorageNode.open({ shard, submissions: await submissions(), files: new SegmentFiles(folder, name) });
}

function localIndexer(opened: Opened, nodes: readonly ReturnType<typeof localNode>[]) {
  const mood = temper<IndexerMisbehaviour>();
  const server = storageServer(opened, {
    what: "storage indexer",
    temper: mood,
    methods: async () => {
      const { indexerMethods } = await import("./indexer-methods.ts");
      const { clock = () => Date.now() } = opened;
      return indexerMethods({ nodes, temper: mood, clock });
    },
  });
  return { ...server, misbehave: (how: IndexerMisbehaviour | undefined) => mood.set(how) };
}

function assertPowerOfTwo(nodes: number): void {
  if (Number.isInteger(nodes) && nodes > 0 && (nodes & (nodes - 1)) === 0) return;
  throw new UsageError({
    message: `${nodes} storage nodes cannot share files: their number must be a power of two`,
    remedy: "Use 1, 2, 4 or 8.",
    details: { nodes },
  });
}
