/**
 * 0G's own storage SDK, in this process and unmodified, on a chain and an indexer of this machine. It prints what it does
 * and sleeps a second twice in every upload: while it works, nothing is printed and its second takes a hundredth.
 */

import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import type { Hex } from "../../lib/hex.ts";
import { temporaryFolder } from "./temporary.ts";

export interface OfficialUpload {
  readonly rootHash: string;
  /** Empty when the file was there already. */
  readonly txHash: string;
  readonly txSeq: number;
}

export interface OfficialStorage {
  /** @throws {Error} also where the SDK returns one. */
  upload(bytes: Uint8Array, options?: object): Promise<OfficialUpload>;
  /** By way of a file. @throws {Error} also where the SDK returns one. */
  download(root: string): Promise<Uint8Array>;
  /** In memory. @throws {Error} also where the SDK returns one. */
  downloadToBlob(root: string, options?: object): Promise<Uint8Array>;
}

const SECOND = 1_000;

export async function officialStorage(on: {
  readonly rpc: string;
  readonly indexer: string;
  readonly privateKey: Hex;
}): Promise<OfficialStorage> {
  const [{ Indexer, ZgFile }, { JsonRpcProvider, Wallet }] = await Promise.all([
    import("@0gfoundation/0g-ts-sdk"),
    import("ethers"),
  ]);
  const indexer = new Indexer(on.indexer);

  return {
    upload: async (bytes, options) =>
      quickly(async () => {
        // ethers' answer cache serves stale nonces on a chain that mines at once.
        const provider = new JsonRpcProvider(on.rpc, undefined, { cacheTimeout: -1 });
        const folder = await temporaryFolder();
        const name = path.join(folder.path, "upload");
        await writeFile(name, bytes);
        const file = await ZgFile.fromFilePath(name);
        try {
          const signer = new Wallet(on.privateKey, provider);
          // The SDK's declarations name the CommonJS build of the same ethers.
          const [stored, error] = await indexer.upload(file, on.rpc, signer as never, options);
          if (error !== null) throw error;
          return stored as OfficialUpload;
        } finally {
          await file.close();
          await folder.remove();
          provider.destroy();
        }
      }),

    download: async (root) =>
      quickly(async () => {
        const folder = await temporaryFolder();
        try {
          const file = path.join(folder.path, "download");
          const error = await indexer.download(root, file, true);
          if (error !== null) throw error;
          return await readFile(file);
        } finally {
          await folder.remove();
        }
      }),

    downloadToBlob: async (root, options) =>
      quickly(async () => {
        const [blob, error] = await indexer.downloadToBlob(root, options);
        if (error !== null) throw error;
        return new Uint8Array(await blob.arrayBuffer());
      }),
  };
}

async function quickly<T>(work: () => Promise<T>): Promise<T> {
  const { setTimeout: timer } = globalThis;
  const printing = ["log", "error", "warn"] as const;
  const printers = printing.map((level) => console[level]);
  const short = (act: () => void, ms?: number) => timer(act, ms === SECOND ? SECOND / 100 : ms);
  globalThis.setTimeout = Object.assign<typeof short, typeof timer>(short, timer);
  for (const level of printing) console[level] = () => undefined;
  try {
    return await work();
  } finally {
    globalThis.setTimeout = timer;
    for (const [place, level] of printing.entries()) console[level] = printers[place] ?? console[level];
  }
}
