/**
 * A batch of a thousand prompts beside what its provider does alone, what keeping it costs, and how soon ten thousand items
 * are taken up again. Chain and provider have a process of their own, and so has the client; the provider waits 50 ms before
 * every answer and limits nobody.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

import type { BatchAnswer, BatchArguments } from "./batch-client.ts";
import type { Case, Result } from "./case.ts";
import { median, runCommand } from "./measure.ts";

const ITEMS = 1_000;
const CONCURRENCY = 16;
const DELAY_MS = 50;
const RESUMED = 10_000;
const RESUMES = 3;

type Upstream = Pick<BatchArguments, "url" | "provider" | "privateKey">;

async function withUpstream<T>(root: string, use: (upstream: Upstream) => Promise<T>): Promise<T> {
  const script = path.join(root, "scripts/dev/bench/batch-upstream.ts");
  const args = ["--import", "tsx", script, String(DELAY_MS)];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["pipe", "pipe", "pipe"] });
  const ended = once(child, "exit");
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  try {
    const first = await Promise.race([
      once(createInterface({ input: child.stdout }), "line").then(([line]) => String(line)),
      ended.then(() => Promise.reject(new Error(`the provider of case batch did not start\n${stderr.slice(-2000)}`))),
    ]);
    return await use(JSON.parse(first) as Upstream);
  } finally {
    child.stdin.end();
    await ended;
  }
}

async function client(root: string, given: BatchArguments): Promise<BatchAnswer> {
  const script = path.join(root, "scripts/dev/bench/batch-client.ts");
  const run = await runCommand([process.execPath, "--import", "tsx", script, JSON.stringify(given)], { cwd: root });
  if (run.code !== 0) throw new Error(`the client of case batch ended with ${run.code}\n${run.stderr.slice(-2000)}`);
  return JSON.parse(run.stdout) as BatchAnswer;
}

/** The whole command, from its start to its plan: what it would go on with. */
async function resume(root: string, home: string, url: string, { file, id }: BatchArguments["nearlyDone"]) {
  const cli = path.join(root, "node_modules/hardhat/dist/src/cli.js");
  const words = ["--network", "localhost", "flow", "batch", file, "--id", id, "--dry-run", "--json"];
  const env = { LOCALHOST_RPC_URL: url, ZG_HOME: home, HARDHAT_DISABLE_TELEMETRY: "true", CI: "true" };
  const run = await runCommand([process.execPath, cli, ...words], { cwd: root, env });
  if (run.code !== 0) throw new Error(`flow batch ended with ${run.code}\n${run.stdout}${run.stderr.slice(-2000)}`);
  return run.wallMs;
}

export function batchCases(root: string): Case[] {
  return [
    {
      id: "batch",
      title: `a batch of ${ITEMS} prompts, and ${RESUMED} items taken up again`,
      run: async () => {
        const home = mkdtempSync(path.join(tmpdir(), "0g-bench-home-"));
        const store = path.join(home, ".0g", "localhost", "batches", "big.db");
        const nearlyDone = { file: path.join(home, "big.jsonl"), store, id: "big", items: RESUMED };
        try {
          return await withUpstream(root, async (upstream) => {
            const given = { ...upstream, items: ITEMS, concurrency: CONCURRENCY, nearlyDone };
            const { alone, batch, batchMs, journalMs, commits } = await client(root, given);
            const resumes: number[] = [];
            for (let i = 0; i < RESUMES; i++) resumes.push(await resume(root, home, upstream.url, nearlyDone));
            const provider = median(alone);
            const share = `${CONCURRENCY} at a time, asked, proved, sealed and minted`;
            const results: Result[] = [
              { name: "provider alone", measured: provider, unit: "req/s", note: "a bare client, before and after" },
              { name: "batch", measured: batch, unit: "req/s", note: share },
              { name: "batch ÷ provider alone", measured: (100 * batch) / provider, unit: "%", least: 60 },
              {
                name: "time a batch spends on its store",
                measured: (100 * journalMs) / batchMs,
                unit: "%",
                most: 2,
                note: `${commits} commits`,
              },
              { name: `resume of ${RESUMED} items`, measured: median(resumes), unit: "ms", most: 5_000 },
            ];
            return results;
          });
        } finally {
          rmSync(home, { recursive: true, force: true });
        }
      },
    },
  ];
}
