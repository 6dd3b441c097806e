/** Storage cases against one embedded storage: our client beside the official SDK with its defaults. */

import { randomFillSync } from "node:crypto";
import { mkdtempSync, openSync, closeSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import hre from "hardhat";

import { serveGalileo } from "../../../lib/galileo/serve.ts";
import type { Hex } from "../../../lib/hex.ts";
import type { Case, Result } from "./case.ts";
import { runCommand } from "./measure.ts";
import type { StorageAnswer, StorageArguments, StorageJob } from "./storage-client.ts";

const MB = 2 ** 20;
const TRANSFERRED = 64;
const LARGE = 256;

/** A storage that is served, a folder, and both clients. */
interface Bench {
  readonly ours: (job: StorageJob, file: string, root?: string) => Promise<StorageAnswer>;
  readonly official: (job: StorageJob, file: string, root?: string) => Promise<StorageAnswer>;
  /** A file of so many MB whose content nobody stored before. */
  readonly fileOf: (megabytes: number) => string;
  readonly path: (name: string) => string;
}

async function withBench<T>(root: string, work: (bench: Bench) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "bench-storage-"));
  const served = await serveGalileo(hre, { port: 0 });
  let files = 0;
  try {
    const { signer } = await served.galileo.fundedUser();
    const run = (by: StorageArguments["by"]) => async (job: StorageJob, file: string, wanted?: string) => {
      const place = { url: served.url, indexer: served.storage.indexer, privateKey: signer.privateKey };
      const given: StorageArguments = {
        job,
        by,
        ...place,
        file,
        ...(wanted === undefined ? {} : { root: wanted as Hex }),
      };
      const script = path.join(root, "scripts/dev/bench/storage-client.ts");
      const child = await runCommand([process.execPath, "--import", "tsx", script, JSON.stringify(given)], {
        cwd: root,
      });
      if (child.code !== 0) throw new Error(`${by} ${job} ended with ${child.code}\n${child.stderr.slice(-2000)}`);
      return JSON.parse(child.stdout) as StorageAnswer;
    };
    return await work({
      ours: run("ours"),
      official: run("official"),
      fileOf: (megabytes) => randomFile(path.join(folder, `file-${files++}`), megabytes),
      path: (name) => path.join(folder, name),
    });
  } finally {
    await served.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function randomFile(file: string, megabytes: number): string {
  const descriptor = openSync(file, "w");
  const block = Buffer.alloc(MB);
  for (let written = 0; written < megabytes; written++) writeSync(descriptor, randomFillSync(block));
  closeSync(descriptor);
  return file;
}

function timed(name: string, { ms }: StorageAnswer, megabytes: number): Result {
  return { name, measured: ms, unit: "ms", note: `${((megabytes / ms) * 1000).toFixed(1)} MB/s` };
}

function assertSame(one: StorageAnswer, other: StorageAnswer): void {
  if (one.root !== other.root) throw new Error(`the roots differ: ${one.root} and ${other.root}`);
}

export function storageCases(root: string): Case[] {
  return [
    {
      id: "storage",
      title: `storing, fetching and hashing ${TRANSFERRED} and ${LARGE} MB, against one embedded storage`,
      run: async () =>
        withBench(root, async ({ ours, official, fileOf, path: place }) => {
          const theirUpload = await official("upload", fileOf(TRANSFERRED));
          const ourUpload = await ours("upload", fileOf(TRANSFERRED));
          const theirDownload = await official("download", place("theirs"), ourUpload.root);
          const ourDownload = await ours("download", place("ours"), ourUpload.root);
          assertSame(theirDownload, ourDownload);
          const large = fileOf(LARGE);
          const theirRoot = await official("root", large);
          const ourRoot = await ours("root", large);
          assertSame(theirRoot, ourRoot);
          const largeUpload = await ours("upload", large);
          const largeDownload = await ours("download", place("large"), largeUpload.root);
          return [
            timed(`upload ${TRANSFERRED} MB`, ourUpload, TRANSFERRED),
            timed(`official SDK, upload ${TRANSFERRED} MB`, theirUpload, TRANSFERRED),
            { name: "upload, throughput ÷ SDK's", measured: theirUpload.ms / ourUpload.ms, unit: "×", least: 2 },
            timed(`download ${TRANSFERRED} MB, verified`, ourDownload, TRANSFERRED),
            timed(`official SDK, download ${TRANSFERRED} MB + root`, theirDownload, TRANSFERRED),
            { name: "download, throughput ÷ SDK's", measured: theirDownload.ms / ourDownload.ms, unit: "×", least: 1 },
            timed(`root of ${LARGE} MB`, ourRoot, LARGE),
            timed(`official SDK, root of ${LARGE} MB`, theirRoot, LARGE),
            { name: "root, speed ÷ SDK's", measured: theirRoot.ms / ourRoot.ms, unit: "×", least: 1 },
            growth(`upload ${LARGE} MB, growth of memory`, largeUpload),
            growth(`download ${LARGE} MB, growth of memory`, largeDownload),
          ];
        }),
    },
  ];
}

function growth(name: string, answer: StorageAnswer): Result {
  return { name, measured: answer.growth / MB, unit: "MB", most: 150, note: `${(answer.ms / 1000).toFixed(1)} s` };
}
