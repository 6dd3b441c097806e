/**
 * The client's side of the storage cases, in a process of its own so that client and nodes do not share one event loop:
 * `storage-client.ts <JSON arguments>`. Prints one JSON object on stdout.
 */

import { JsonRpcProvider, Wallet } from "ethers";

import type { Hex } from "../../../lib/hex.ts";
import { networkNamed } from "../../../lib/networks.ts";
import type { StorageWriteContext } from "../../../lib/storage/client.ts";
import { FileSource, treeOf } from "../../../lib/storage/source.ts";
import { storageClient } from "../../../lib/storage/storage-client.ts";

export type StorageJob = "root" | "upload" | "download";

export interface StorageArguments {
  readonly job: StorageJob;
  readonly by: "ours" | "official";
  readonly url: string;
  readonly indexer: string;
  readonly privateKey: string;
  /** To read for a root or an upload, to write for a download. */
  readonly file: string;
  /** What to download. */
  readonly root?: Hex;
}

export interface StorageAnswer {
  readonly root: string;
  readonly ms: number;
  /** By how much the memory grew over what it was before, at most. Bytes. */
  readonly growth: number;
}

type Work = (given: StorageArguments) => Promise<string>;

function connect({ url, privateKey }: StorageArguments): Wallet {
  return new Wallet(privateKey, new JsonRpcProvider(url, undefined, { cacheTimeout: -1, staticNetwork: true }));
}

function context(given: StorageArguments): StorageWriteContext {
  const signer = connect(given);
  const { provider } = signer;
  if (provider === null) throw new Error("no provider");
  return { network: networkNamed("localhost"), provider, signer, indexers: [given.indexer] };
}

const OURS: Readonly<Record<StorageJob, Work>> = {
  root: async ({ file }) => withSource(file, async (source) => (await treeOf(source)).root),
  upload: async (given) =>
    withSource(given.file, async (source) => {
      const { root } = await storageClient(context(given)).put(source, { waitFor: "finalised" });
      return root;
    }),
  download: async (given) => {
    const { root } = await storageClient(context(given)).getFile(given.root ?? "0x", given.file);
    return root;
  },
};

async function withSource<T>(file: string, work: (source: FileSource) => Promise<T>): Promise<T> {
  const source = await FileSource.open(file);
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}

/** The official SDK as its users call it, with its defaults. It checks no proof, so that whoever wants to be sure recomputes. */
const OFFICIAL: Readonly<Record<StorageJob, Work>> = {
  root: async ({ file }) => officialRoot(file),
  upload: async (given) => {
    const { Indexer, ZgFile } = await import("@0gfoundation/0g-ts-sdk");
    const file = await ZgFile.fromFilePath(given.file);
    try {
      // Its declarations name the CommonJS build of the same ethers.
      const signer = connect(given) as never;
      const [stored, error] = await new Indexer(given.indexer).upload(file, given.url, signer);
      if (error !== null) throw error;
      return "rootHash" in stored ? stored.rootHash : "";
    } finally {
      await file.close();
    }
  },
  download: async (given) => {
    const { Indexer } = await import("@0gfoundation/0g-ts-sdk");
    const error = await new Indexer(given.indexer).download(given.root ?? "0x", given.file, true);
    if (error !== null) throw error;
    return officialRoot(given.file);
  },
};

async function officialRoot(name: string): Promise<string> {
  const { ZgFile } = await import("@0gfoundation/0g-ts-sdk");
  const file = await ZgFile.fromFilePath(name);
  try {
    const [tree, error] = await file.merkleTree();
    if (tree === null) throw error ?? new Error("no tree");
    return tree.rootHash() ?? "";
  } finally {
    await file.close();
  }
}

const SAMPLE_EVERY_MS = 10;

async function measured(work: () => Promise<string>): Promise<StorageAnswer> {
  const idle = process.memoryUsage.rss();
  let peak = idle;
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, SAMPLE_EVERY_MS);
  const started = performance.now();
  const root = await work();
  const ms = performance.now() - started;
  clearInterval(sampling);
  return { root, ms, growth: Math.max(peak, process.memoryUsage.rss()) - idle };
}

const given = JSON.parse(process.argv[2] ?? "null") as StorageArguments;
const silent = () => undefined;
Object.assign(console, { log: silent, warn: silent, error: silent }); // the SDK prints whatever it does
if (given.by === "official") await import("@0gfoundation/0g-ts-sdk");
const answer = await measured(async () => (given.by === "ours" ? OURS : OFFICIAL)[given.job](given));
process.stdout.write(`${JSON.stringify(answer)}\n`);
process.exit(0);
