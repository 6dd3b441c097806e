/** The official command line tool as a child process, with a home folder that ends with the test. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import path from "node:path";

import type { Hex } from "../../lib/hex.ts";
import type { Finished } from "./cli.ts";

const CLI = fileURLToPath(
  new URL("../../node_modules/@0gfoundation/0g-compute-ts-sdk/cli.commonjs/cli/index.js", import.meta.url),
);
/** With a gas price the tool does not wait a second before every transaction. Wei. */
export const GAS_PRICE = ["--gas-price", "3000000000"] as const;

/** Puts address and key where the tool looks for them: it takes the key from nowhere else. */
export async function configureOfficialCli(home: string, config: { rpc: string; privateKey: Hex }): Promise<void> {
  const folder = path.join(home, ".0g-compute-cli");
  await mkdir(folder, { recursive: true });
  const { rpc: rpcEndpoint, privateKey } = config;
  await writeFile(path.join(folder, "config.json"), JSON.stringify({ rpcEndpoint, privateKey }), { mode: 0o600 });
}

/** Runs `0g-compute-cli <args>` to its end. */
export async function officialCli(home: string, args: readonly string[]): Promise<Finished> {
  const env = {
    PATH: process.env["PATH"],
    HOME: home,
    NO_COLOR: "1",
    NO_UPDATE_NOTIFIER: "1",
    // It looks for a newer release before everything else; nobody listens there.
    npm_config_registry: "http://127.0.0.1:1/",
  };
  const child = spawn(process.execPath, [CLI, ...args], { cwd: home, env, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output.stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (output.stderr += chunk));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...output };
}
