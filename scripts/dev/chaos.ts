/**
 * Kills runs at every point at which they can be killed, and looks at what becomes of them: `npm run chaos`. Prints a table,
 * writes chaos-results.json. Exits with 1 when anything is done or paid for twice, or not at all.
 *
 *   -- --list           only print the points
 *   -- --only <text>    only points whose name contains it
 *   -- --jobs <n>       how many runs at once, 2 otherwise
 */

import { writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { inParallel } from "../../lib/parallel.ts";
import { killAt, record, type Outcome } from "./chaos/matrix.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const { values } = parseArgs({
  options: { list: { type: "boolean" }, only: { type: "string", default: "" }, jobs: { type: "string", default: "2" } },
});
if (!/^[1-9]\d?$/.test(values.jobs)) fail(`--jobs is ${values.jobs}, which is no count.`);

const recording = await record();
const { points } = recording;
const singles = points.map((point) => [point] as const);
/** The run that resumes is killed where the first one would have gone next but three: mostly in another step. */
const doubles = points.flatMap((point, at) => {
  const second = points[at + 4];
  return second === undefined ? [] : [[point, second] as const];
});
const wanted = [...singles, ...doubles].filter((kills) => kills.join(" ").includes(values.only));
if (wanted.length === 0) fail(`No point has ${JSON.stringify(values.only)} in its name; -- --list shows them.`);
if (values.list === true) {
  for (const kills of wanted) console.log(kills.join("  then  "));
  process.exit(0);
}

const width = Math.max(...wanted.map((kills) => kills.join("  then  ").length));
print(`${"killed at".padEnd(width)}  paid  unknown`);
const outcomes = await inParallel(
  wanted,
  async ([first, second]) => {
    const outcome = await killAt(recording, first, second);
    print(line(outcome));
    return outcome;
  },
  Number(values.jobs),
);
writeFileSync(
  path.join(ROOT, "chaos-results.json"),
  `${JSON.stringify({ tally: recording.tally, outcomes }, null, 2)}\n`,
);
const bad = outcomes.filter(({ violations }) => violations.length > 0).length;
console.log(`\n${outcomes.length} kills, ${bad} of which ended wrongly`);
process.exit(bad === 0 ? 0 : 1);

function line({ points: kills, paid, unknown, violations }: Outcome): string {
  const figures = `${kills.join("  then  ").padEnd(width)}  ${String(paid).padStart(4)}  ${String(unknown).padStart(7)}`;
  return [figures, ...violations.map((violation) => `    ${violation}`)].join("\n");
}

/** Past `process.stdout`, which belongs to the commands that resume in this process. */
function print(text: string): void {
  writeSync(process.stdout.fd, `${text}\n`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
