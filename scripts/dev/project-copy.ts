/**
 * A copy of the project in a temporary folder, for builds that must not touch its artifacts: instrumented or mutated
 * sources would otherwise leave other bytecode behind under the same names.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Built, downloaded or private: nothing a test of the sources needs. Keys in .env stay where they are. */
const LEFT_BEHIND = /^(node_modules|artifacts|cache|coverage|types|\.git|\.0g|\.env(?!\.example).*|.*-results\.json)$/;

export interface ProjectCopy {
  readonly root: string;
  /** Runs Hardhat in the copy and keeps what it prints. Killed after `timeoutMs`, and when the copy is removed. */
  hardhat(args: readonly string[], options?: HardhatOptions): Promise<Finished>;
}

export interface HardhatOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface Finished {
  /** The exit code; null when it was killed. */
  readonly code: number | null;
  readonly output: string;
}

/** Makes a copy, hands it to `use`, and removes it whatever happens, an interrupt included. */
export async function withProjectCopy<T>(name: string, use: (copy: ProjectCopy) => Promise<T>): Promise<T> {
  const root = mkdtempSync(path.join(tmpdir(), `${name}-`));
  const children = new Set<ChildProcess>();
  const clean = () => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(root, { recursive: true, force: true, maxRetries: 3 });
  };
  const interrupted = () => {
    clean();
    process.exit(130);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupted);
  try {
    for (const entry of readdirSync(ROOT).filter((candidate) => !LEFT_BEHIND.test(candidate))) {
      cpSync(path.join(ROOT, entry), path.join(root, entry), { recursive: true });
    }
    symlinkSync(path.join(ROOT, "node_modules"), path.join(root, "node_modules"), "junction");
    return await use({ root, hardhat: (args, options) => runHardhat(root, children, args, options) });
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupted);
    clean();
  }
}

async function runHardhat(
  root: string,
  children: Set<ChildProcess>,
  args: readonly string[],
  { env = {}, timeoutMs }: HardhatOptions = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [path.join(ROOT, "node_modules/hardhat/dist/src/cli.js"), ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env, NO_COLOR: "1", FORCE_COLOR: "0" },
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: "SIGKILL" as const }),
  });
  children.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const [code] = (await once(child, "close")) as [number | null];
  children.delete(child);
  return { code, output };
}

/** The files under `folder` of the project that `matches` accepts, in order, relative to the root. */
export function filesUnder(folder: string, matches: RegExp): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((file) => path.join(folder, file).replaceAll(path.sep, "/"))
    .filter((file) => matches.test(file))
    .sort();
}

/** Our contracts: what is neither a test double nor an interface, ours or another's. */
export const CONTRACTS = filesUnder("contracts", /\.sol$/).filter(
  (file) => !/^contracts\/(mocks|interfaces|external)\//.test(file),
);

/** Options of Hardhat, before the task, for code that was added to. Tests of what that changes are left out by their name. */
export const INSTRUMENTED = ["--config", "scripts/dev/instrumented.config.ts"] as const;
export const WITHOUT_MEASUREMENTS = ["--grep-exclude", String.raw`\b(gas|kB)\b`] as const;

/** Tests of our contracts, from mocha and from Solidity. Helpers hold no test, and loading them does nothing. */
export const MOCHA_TESTS = filesUnder("test/contracts", /\.ts$/).filter((file) => !file.includes("/support/"));
export const SOLIDITY_TESTS = filesUnder("test/contracts", /\.t\.sol$/);
