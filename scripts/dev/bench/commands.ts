/** Cases that run the project's commands as a user does. */

import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Case, Result } from "./case.ts";
import { median, runCommand, type CommandRun } from "./measure.ts";

const RUNS = 3;
const MB = 1024 * 1024;
const FLOW = ["npx", "hardhat", "flow", "run", "--prompt", "What is 2+2?", "--json"] as const;
const QUIET = { HARDHAT_DISABLE_TELEMETRY: "true", CI: "true" };

function assertSucceeded(run: CommandRun, command: readonly string[]): void {
  if (run.code !== 0) {
    throw new Error(
      `${command.join(" ")} ended with ${run.code}\n${run.stdout.slice(-2000)}\n${run.stderr.slice(-2000)}`,
    );
  }
}

async function repeated(root: string, command: readonly [string, ...string[]], times: number): Promise<CommandRun[]> {
  const runs: CommandRun[] = [];
  for (let i = 0; i < times; i++) {
    const run = await runCommand(command, { cwd: root, env: QUIET });
    assertSucceeded(run, command);
    runs.push(run);
  }
  return runs;
}

function wall(name: string, runs: readonly CommandRun[], most: number): Result {
  return { name, measured: median(runs.map(({ wallMs }) => wallMs)), unit: "ms", most };
}

function peak(name: string, runs: readonly CommandRun[], most: number): Result {
  const peaks = runs.flatMap(({ peakBytes }) => (peakBytes === undefined ? [] : [peakBytes / MB]));
  if (peaks.length === 0) return { name, unit: "MB", most, note: "memory is sampled from /proc, which is not here" };
  return { name, measured: median(peaks), unit: "MB", most, note: "sum over the process tree, npx included" };
}

/** Compiled output, caches and run-time files; git's own folder; what is linked instead of copied. */
const NOT_COPIED = new Set([".git", ".0g", "artifacts", "cache", "coverage", "node_modules", "types"]);

/**
 * A copy of the project as it is right after `npm ci`: sources and node_modules (linked, because they are only read), no
 * artefacts, no caches. The caches of the TypeScript loader live in TMPDIR, so that is fresh, too.
 */
function freshCopy(root: string): { folder: string; tmp: string; remove(): void } {
  const base = mkdtempSync(path.join(tmpdir(), "bench-cold-"));
  const folder = path.join(base, "project");
  const tmp = mkdtempSync(path.join(base, "tmp-"));
  for (const name of readdirSync(root)) {
    if (!NOT_COPIED.has(name)) cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  return {
    folder,
    tmp,
    remove: () => {
      rmSync(base, { recursive: true, force: true });
    },
  };
}

export function commandCases(root: string): Case[] {
  return [
    {
      id: "flow",
      title: "npx hardhat flow run, compiled",
      run: async () => {
        await repeated(root, ["npx", "hardhat", "build", "--quiet"], 1);
        const runs = await repeated(root, FLOW, RUNS);
        return [wall("flow run", runs, 8_000), peak("flow run, peak memory", runs, 600)];
      },
    },
    {
      id: "help",
      title: "npx hardhat --help",
      run: async () => {
        const runs = await repeated(root, ["npx", "hardhat", "--help"], RUNS);
        return [wall("--help", runs, 1_000)];
      },
    },
    {
      id: "cold",
      title: "npx hardhat flow run in a fresh copy without artefacts and caches",
      run: async () => {
        const copy = freshCopy(root);
        try {
          const run = await runCommand(FLOW, { cwd: copy.folder, env: { ...QUIET, TMPDIR: copy.tmp } });
          assertSucceeded(run, FLOW);
          return [wall("flow run, cold", [run], 60_000), peak("flow run, cold, peak memory", [run], 2_048)];
        } finally {
          copy.remove();
        }
      },
    },
    {
      id: "check",
      title: "npm run check",
      slow: true,
      run: async () => [wall("npm run check", await repeated(root, ["npm", "run", "--silent", "check"], 1), 240_000)],
    },
  ];
}
