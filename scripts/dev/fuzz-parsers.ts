/**
 * Tries every parser of bytes that others wrote with many spoiled inputs, other ones each time:
 * `npm run fuzz:parsers -- [--runs <n>] [--seed <n>] [part of a parser's name …]`.
 */

import { randomInt } from "node:crypto";
import { inspect, parseArgs } from "node:util";

import { fuzz } from "../../test/unit/property/support/fuzz.ts";
import { PARSERS } from "../../test/unit/property/support/parsers.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "20000" }, seed: { type: "string" } },
});
const runs = Number(values.runs);
const seed = Number(values.seed ?? randomInt(2 ** 31 - 1));
const chosen = PARSERS.filter(
  ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
);
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed) || chosen.length === 0) {
  console.error(`Give --runs and --seed as whole numbers, and parts of: ${PARSERS.map(({ name }) => name).join("; ")}`);
  process.exit(2);
}

console.log(`seed ${seed}, ${runs} inputs for each of ${chosen.length} parsers`);
for (const parser of chosen) {
  const began = performance.now();
  try {
    await fuzz(parser, { runs, seed });
    console.log(`ok  ${parser.name}  ${Math.round(performance.now() - began)} ms`);
  } catch (error) {
    process.exitCode = 1;
    console.error(`FAILED  ${parser.name}\n${inspect(error)}`);
  }
}
console.log(`repeat with: npm run fuzz:parsers -- --seed ${seed} --runs ${runs}`);
