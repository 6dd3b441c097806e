/** Wall time and memory of a command with all its child processes. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";

export interface CommandRun {
  readonly code: number | null;
  readonly wallMs: number;
  /** Largest sum of the resident memory of the process tree, sampled; undefined where there is no /proc. */
  readonly peakBytes: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const SAMPLE_EVERY_MS = 20;
const PAGE_BYTES = 4096;

/** Resident bytes of `root` and everything below it. Processes that end while being read count as nothing. */
function treeBytes(root: number): number | undefined {
  const parents = new Map<number, number>();
  const resident = new Map<number, number>();
  try {
    for (const entry of readdirSync("/proc")) {
      if (!/^\d+$/.test(entry)) continue;
      const stat = readOrEmpty(`/proc/${entry}/stat`);
      // The second field is the name in parentheses and may hold blanks.
      const [, ppid, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      parents.set(Number(entry), Number(ppid));
      resident.set(Number(entry), Number(rest[19] ?? 0) * PAGE_BYTES);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined; // not Linux
    throw error;
  }
  const belongs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at))
      if (at === root) return true;
    return false;
  };
  return [...resident].reduce((sum, [pid, bytes]) => (belongs(pid) ? sum + bytes : sum), 0);
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}

/** Resident bytes of one process; undefined where there is no /proc. */
export function residentBytes(pid: number): number | undefined {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  return stat === "" ? undefined : Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[21] ?? 0) * PAGE_BYTES;
}

/** Runs a command to its end and measures it. */
export async function runCommand(
  [command, ...args]: readonly [string, ...string[]],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<CommandRun> {
  const started = performance.now();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output.stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (output.stderr += chunk));
  let peakBytes: number | undefined;
  const sampling = setInterval(() => {
    const bytes = child.pid === undefined ? undefined : treeBytes(child.pid);
    if (bytes !== undefined) peakBytes = Math.max(peakBytes ?? 0, bytes);
  }, SAMPLE_EVERY_MS);
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return { code, wallMs: performance.now() - started, peakBytes, ...output };
  } finally {
    clearInterval(sampling);
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error("no values");
  return (low + high) / 2;
}
