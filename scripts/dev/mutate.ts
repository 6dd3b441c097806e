/**
 * Removes every guard of the contracts in turn and runs their tests: `npm run mutate`. A removal that no test notices is
 * a survivor; any survivor makes it exit with 1. Writes mutate-results.json.
 *
 *   -- --list            shows the guards and runs nothing
 *   -- --only <text>     only guards whose file, or `file:line`, contains this; may be repeated
 *   -- --jobs <n>        how many at once; as many as there are processors otherwise
 */

import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { table } from "../../tasks/support/table.ts";
import { readTrees } from "./mutate/ast.ts";
import { findGuards, type Guard } from "./mutate/guards.ts";
import { instrument } from "./mutate/instrument.ts";
import { runMutants, type Outcome } from "./mutate/run.ts";
import { INSTRUMENTED, ROOT, withProjectCopy } from "./project-copy.ts";

const { values } = parseArgs({
  options: {
    list: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
    jobs: { type: "string", default: String(availableParallelism()) },
  },
});
const jobs = Number(values.jobs);
if (!Number.isInteger(jobs) || jobs < 1) fail(`--jobs is ${values.jobs}, which is no number of runs.`);

const place = ({ file, line }: Guard) => `${file}:${line}`;
const cut = (text: string, width: number) => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);

const all = findGuards(readTrees());
const chosen = all.filter(
  (guard) => values.only.length === 0 || values.only.some((text) => place(guard).includes(text)),
);
if (chosen.length === 0) fail(`There is no guard in ${values.only.join(", ")}.`);

if (values.list) {
  for (const line of table(chosen.map((guard) => [place(guard), guard.what, cut(guard.text, 90)]))) console.log(line);
  process.exit(0);
}

const begun = performance.now();
let count = 0;
const outcomes = await withProjectCopy("inft-mutate", async (copy) => {
  instrument(copy.root, all);
  const built = await copy.hardhat([...INSTRUMENTED, "build"]);
  if (built.code !== 0) {
    console.error(built.output);
    return undefined;
  }
  console.error(`Compiled ${all.length} mutants at once.`);
  return await runMutants(copy, chosen, jobs, ({ guard, killedBy, seconds }) => {
    count += 1;
    const result = killedBy === undefined ? "SURVIVED" : `killed by «${cut(killedBy, 70)}»`;
    console.error(`${count}/${chosen.length}  ${place(guard)}  ${result}  ${seconds.toFixed(1)} s`);
  });
});
if (outcomes === undefined) fail("The mutants do not compile.");

const survivors = outcomes.filter(({ killedBy }) => killedBy === undefined);
const files = [...new Set(chosen.map(({ file }) => file))];
const of = (file: string, from: readonly Outcome[]) => String(from.filter(({ guard }) => guard.file === file).length);
const rows = files.map((file) => [file, of(file, outcomes), of(file, survivors)]);
for (const line of table([["contract", "guards", "survivors"], ...rows], ["left", "right", "right"])) console.log(line);
for (const { guard } of survivors) console.log(`survived: ${place(guard)}  ${guard.what}  ${guard.text}`);
console.log(
  `${outcomes.length} guards removed, ${survivors.length} survived, in ${Math.round((performance.now() - begun) / 1000)} s.`,
);

const printable = outcomes.map(({ guard: { edits: _edits, ...guard }, killedBy, seconds }) => ({
  ...guard,
  killedBy: killedBy ?? null,
  seconds: Number(seconds.toFixed(1)),
}));
writeFileSync(path.join(ROOT, "mutate-results.json"), `${JSON.stringify(printable, null, 2)}\n`);
process.exit(survivors.length === 0 ? 0 : 1);

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
