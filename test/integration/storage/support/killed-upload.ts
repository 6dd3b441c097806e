/** An upload in a process of its own, which is killed where a test wants it: no code of its own runs after that. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { JsonRpcProvider, Wallet } from "ethers";

import type { Hex } from "../../../../lib/hex.ts";
import { networkNamed } from "../../../../lib/networks.ts";
import { FileSource } from "../../../../lib/storage/source.ts";
import { storageClient } from "../../../../lib/storage/storage-client.ts";

export interface UploadJob {
  readonly rpc: string;
  readonly indexer: string;
  readonly privateKey: Hex;
  readonly file: string;
  readonly uploads: string;
  /** Where it dies: with the transaction signed, in a block, or with so many bytes at the nodes. */
  readonly dies: "signed" | "submitted" | { readonly bytes: number };
}

/** Runs it, and answers the signal that ended it. */
export async function uploadInProcess(job: UploadJob): Promise<string | null> {
  const file = fileURLToPath(import.meta.url);
  const args = ["--import", import.meta.resolve("tsx"), file, JSON.stringify(job)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  const [, signal] = (await once(child, "close")) as [number | null, string | null];
  return signal;
}

async function work({ rpc, indexer, privateKey, file, uploads, dies }: UploadJob): Promise<void> {
  const die = () => process.kill(process.pid, "SIGKILL");
  const provider = new JsonRpcProvider(rpc, undefined, { cacheTimeout: -1, staticNetwork: true });
  const source = await FileSource.open(file);
  const client = storageClient({
    ...{ network: networkNamed("localhost"), provider, indexers: [indexer], uploads },
    signer: new Wallet(privateKey, provider),
    limits: { concurrency: 1, segmentsPerRequest: 1 },
    onSigned: () => {
      if (dies === "signed") die();
    },
  });
  await client.put(source, {
    onProgress: ({ state, done }) => {
      if (dies === "submitted" && state === "submitted") die();
      if (typeof dies === "object" && done >= dies.bytes) die();
    },
  });
}

// Test runners load this file, too; then it is only a module.
if (process.argv[1] === fileURLToPath(import.meta.url)) await work(JSON.parse(process.argv[2] ?? "") as UploadJob);
