/** Runs the project's commands as a user does: as child processes, with nothing in the environment that is not given. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { VARIABLES } from "../../lib/env.ts";

export const PROJECT_ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HARDHAT = fileURLToPath(new URL("../../node_modules/hardhat/dist/src/cli.js", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A bare machine's environment. Our variables are set to nothing, which counts as unset and wins over a `.env` file. */
function bareEnvironment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  const ours = Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, ""]));
  return { PATH, HOME, TMPDIR, CI: "true", ...ours, ...extra };
}

/** Starts `hardhat <args>`. The Node of the running test is used, so no wrapper process stays behind when it is killed. */
export function startHardhat(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = PROJECT_ROOT,
): ChildProcess {
  return spawn(process.execPath, [HARDHAT, ...args], {
    cwd,
    env: bareEnvironment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs `hardhat <args>` to its end. */
export async function hardhat(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = PROJECT_ROOT,
): Promise<Finished> {
  const child = startHardhat(args, env, cwd);
  const output = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (output.stdout += chunk));
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (output.stderr += chunk));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...output };
}

export type JsonAnswer =
  | { ok: true; data: Record<string, unknown> }
  | { ok: false; error: { code: string; message: string; remedy: string; details: Record<string, unknown> } };

/** Runs `hardhat <args> --json` and parses stdout, which must be exactly one JSON object. */
export async function hardhatJson(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = PROJECT_ROOT,
): Promise<Finished & { answer: JsonAnswer }> {
  const finished = await hardhat([...args, "--json"], env, cwd);
  let answer: JsonAnswer;
  try {
    answer = JSON.parse(finished.stdout) as JsonAnswer;
  } catch (cause) {
    throw new Error(`stdout is not one JSON object:\n${finished.stdout}\nstderr:\n${finished.stderr}`, { cause });
  }
  return { ...finished, answer };
}
