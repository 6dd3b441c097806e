// Runs the tests of the named tiers, mocha and Solidity alike: node scripts/dev/test.mjs unit integration [--grep x …]
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** docs/testing.md says what each tier needs and proves. */
const TIERS = {
  unit: ["test/unit"],
  integration: ["test/integration", "test/examples"],
  e2e: ["test/e2e"],
  fork: ["test/fork"],
  contracts: ["test/contracts"],
  live: ["test/live"],
};

const names = process.argv.slice(2).filter((argument) => argument in TIERS);
const flags = process.argv.slice(2).filter((argument) => !(argument in TIERS));
if (names.length === 0) fail(`Name at least one tier: ${Object.keys(TIERS).join(", ")}.`);

const files = names
  .flatMap((name) => TIERS[name])
  .filter((folder) => existsSync(path.join(ROOT, folder)))
  .flatMap((folder) => readdirSync(path.join(ROOT, folder), { recursive: true }).map((name) => path.join(folder, name)))
  .filter((file) => /\.(ts|t\.sol)$/.test(file))
  .sort();
// A tier without tests proves nothing; passing it would be a lie.
if (files.length === 0) fail(`There are no tests in ${names.flatMap((name) => TIERS[name]).join(", ")}.`);

const child = spawn(
  process.execPath,
  [path.join(ROOT, "node_modules/hardhat/dist/src/cli.js"), "test", ...flags, ...files],
  // Tests that spend real coins run only when asked for by name; a key in .env alone must not start them.
  { cwd: ROOT, stdio: "inherit", env: { ...process.env, ...(names.includes("live") ? { ZG_TEST_LIVE: "1" } : {}) } },
);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => process.exit(code ?? 1));

function fail(message) {
  console.error(message);
  process.exit(2);
}
