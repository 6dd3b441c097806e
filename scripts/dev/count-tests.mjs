// Reads the output of `hardhat test` and prints "<passed> <failed>": node scripts/dev/count-tests.mjs <log file>
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const COLOURS = /\u001b\[[0-9;]*m/g;

/**
 * Counts what ran. Mocha's own block is believed for mocha, because Hardhat's closing summary counts skipped tests,
 * and tests that a failed hook kept from running, as passing; the summary is believed for Solidity tests.
 * @param {string} output
 * @returns {{ passed: number, failed: number }}
 */
export function countTests(output) {
  const lines = output.replace(COLOURS, "").split(/\r?\n/);
  const mocha = lines.slice(Math.max(lines.lastIndexOf("Running Mocha tests"), 0));
  const solidity = (word) => number(last(lines, new RegExp(`^\\d+ ${word} \\(.*?(\\d+) solidity`)));
  return {
    passed: number(last(mocha, /^ {2}(\d+) passing \(\d+\w+\)$/)) + solidity("passing"),
    failed: number(last(mocha, /^ {2}(\d+) failing$/)) + solidity("failing"),
  };
}

function last(lines, pattern) {
  return lines.findLast((line) => pattern.test(line))?.match(pattern)?.[1];
}

function number(text) {
  return text === undefined ? 0 : Number(text);
}

const [, script, file] = process.argv;
if (script === fileURLToPath(import.meta.url)) {
  const { passed, failed } = countTests(readFileSync(file, "utf8"));
  console.log(`${passed} ${failed}`);
}
