/**
 * Kills runs and batches at every point at which they can be killed, and looks at what becomes of them: `npm run chaos`. Prints a table,
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
import { killAt, record, type Outcome, type Recording } from "./chaos/matrix.ts";
import { TRIALS } from "./chaos/trials.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const { values } = parseArgs({
  options: { list: { type: "boolean" }, only: { type: "string", default: "" }, jobs: { type: "string", default: "2" } },
});
if (!/^[1-9]\d?$/.test(values.jobs)) fail(`--jobs is ${values.jobs}, which is no count.`);

const recordings: Recording[] = [];
for (const trial of TRIALS) recordings.push(await record(trial));

interface Kill {
  readonly recording: Recording;
  readonly points: readonly [string, string?];
  readonly name: string;
}

/** Each point alone; and each with another where what resumes would have gone next but three: mostly in another step. */
const kills = recordings.flatMap((recording): Kill[] => {
  const { points, trial } = recording;
  const killed = (...at: [string, string?]): Kill => ({
    recording,
    points: at,
    name: `${trial.name}  ${at.join("  then  ")}`,
  });
  const doubles = points.flatMap((point, at) => {
    const second = points[at + 4];
    return second === undefined ? [] : [killed(point, second)];
  });
  return [...points.map((point) => killed(point)), ...doubles];
});
const wanted = kills.filter(({ name }) => name.includes(values.only));
if (wanted.length === 0) fail(`No point has ${JSON.stringify(values.only)} in its name; -- --list shows them.`);
if (values.list === true) {
  for (const { name } of wanted) console.log(name);
  process.exit(0);
}

const width = Math.max(...wanted.map(({ name }) => name.length));
print(`${"killed at".padEnd(width)}  paid  unknown`);
const outcomes = await inParallel(
  wanted,
  async ({ recording, points: [first, second], name }) => {
    const outcome = await killAt(recording, first, second);
    print(line(name, outcome));
    return { trial: recording.trial.name, ...outcome };
  },
  Number(values.jobs),
);
const tallies = Object.fromEntries(recordings.map(({ trial, tally }) => [trial.name, tally]));
writeFileSync(path.join(ROOT, "chaos-results.json"), `${JSON.stringify({ tallies, outcomes }, null, 2)}\n`);
const bad = outcomes.filter(({ violations }) => violations.length > 0).length;
console.log(`\n${outcomes.length} kills, ${bad} of which ended wrongly`);
process.exit(bad === 0 ? 0 : 1);

function line(name: string, { paid, unknown, violations }: Outcome): string {
  const figures = `${name.padEnd(width)}  ${String(paid).padStart(4)}  ${String(unknown).padStart(7)}`;
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
