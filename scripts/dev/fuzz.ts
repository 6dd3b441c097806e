/**
 * Runs the contracts' Solidity tests deep: `npm run fuzz`. Every run draws its own seed and prints it; what it finds comes
 * back with `-- --seed <it>`.
 *
 *   -- --runs <n>     inputs of each fuzz test, 2000 otherwise; a tenth as many sequences of each invariant
 *   -- --depth <n>    calls in a sequence, 256 otherwise
 *   -- --seed <hex>   32 bytes
 *   -- <file> …       only these tests
 */

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import path from "node:path";
import { parseArgs } from "node:util";

import { INSTRUMENTED, ROOT, SOLIDITY_TESTS } from "./project-copy.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "2000" },
    depth: { type: "string", default: "256" },
    seed: { type: "string", default: `0x${randomBytes(32).toString("hex")}` },
  },
});
for (const name of ["runs", "depth"] as const) {
  if (!/^[1-9]\d*$/.test(values[name])) fail(`--${name} is ${values[name]}, which is no count.`);
}
if (!/^0x[0-9a-f]{64}$/i.test(values.seed)) fail(`--seed is ${values.seed}, which is not 32 bytes in hexadecimal.`);

console.log(`${values.runs} runs, sequences of ${values.depth} calls, seed ${values.seed}`);
const files = positionals.length === 0 ? SOLIDITY_TESTS : positionals;
// The tests deploy by artifact, and running some files builds only those: everything must be up to date first.
await mustPass(["build"]);
await mustPass(["test", "solidity", "--no-compile", ...files]);

async function mustPass(args: readonly string[]): Promise<void> {
  const child = spawn(
    process.execPath,
    [path.join(ROOT, "node_modules/hardhat/dist/src/cli.js"), ...INSTRUMENTED, ...args],
    {
      cwd: ROOT,
      stdio: "inherit",
      env: { ...process.env, FUZZ_RUNS: values.runs, FUZZ_DEPTH: values.depth, FUZZ_SEED: values.seed },
    },
  );
  const stop = () => child.kill("SIGTERM");
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  const [code] = (await once(child, "exit")) as [number | null];
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop);
  if (code !== 0) process.exit(code ?? 1);
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
