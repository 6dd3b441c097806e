/**
 * Runs the contracts' tests on instrumented contracts: `npm run coverage`. Prints a table, leaves coverage/lcov.info and
 * coverage/html, and exits with 1 when less than 98 % of the lines or of the statements ran.
 */

import { cpSync, rmSync } from "node:fs";
import path from "node:path";

import { readCoverageTable, shortfalls } from "./coverage/report.ts";
import {
  CONTRACTS,
  INSTRUMENTED,
  MOCHA_TESTS,
  ROOT,
  SOLIDITY_TESTS,
  WITHOUT_MEASUREMENTS,
  withProjectCopy,
} from "./project-copy.ts";
import { table } from "../../tasks/support/table.ts";

const REQUIRED_PERCENT = 98;

const { code, output } = await withProjectCopy("inft-coverage", async (copy) => {
  const finished = await copy.hardhat([
    ...[...INSTRUMENTED, "--coverage"],
    ...["test", ...WITHOUT_MEASUREMENTS, ...MOCHA_TESTS, ...SOLIDITY_TESTS],
  ]);
  if (finished.code === 0) {
    rmSync(path.join(ROOT, "coverage"), { recursive: true, force: true });
    cpSync(path.join(copy.root, "coverage"), path.join(ROOT, "coverage"), { recursive: true });
  }
  return finished;
});
if (code !== 0) {
  process.stderr.write(`${output}\nA test failed; nothing was measured.\n`);
  process.exit(1);
}

const report = readCoverageTable(output);
const rows = [...report.files, report.total].map((row) => [
  row.file,
  row.linesPercent.toFixed(2),
  row.statementsPercent.toFixed(2),
  row.uncovered,
]);
const head = ["contract", "lines %", "statements %", "lines that never ran"];
for (const line of table([head, ...rows], ["left", "right", "right"])) console.log(line);

const reasons = shortfalls(report, CONTRACTS, REQUIRED_PERCENT);
for (const reason of reasons) console.error(reason);
process.exitCode = reasons.length === 0 ? 0 : 1;
