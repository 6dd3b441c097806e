/**
 * Thousands of inferences among faults of provider and chain, verified and minted in batches: `npm run soak`. Prints a line
 * for each round, writes soak-results.json. Exits with 1 when memory or open handles grow, or the books do not balance.
 *
 *   -- --inferences <n>   2000 otherwise
 *   -- --seed <n>         of the faults; the same seed draws the same ones
 */

import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { growth, leaks, MOST_GROWTH } from "./soak/gauge.ts";
import { hostSoakWorld } from "./soak/remote.ts";
import { soak, type Round } from "./soak/soak.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ROUND = 50;
/** Fewer rounds have no quarters to compare. */
const LEAST_ROUNDS = 4;

const { values } = parseArgs({
  options: {
    inferences: { type: "string", default: "2000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
  },
});
for (const name of ["inferences", "seed"] as const) {
  if (!/^\d{1,9}$/.test(values[name])) fail(`--${name} is ${values[name]}, which is no count.`);
}
const [inferences, seed] = [Number(values.inferences), Number(values.seed)];
if (inferences < ROUND * LEAST_ROUNDS)
  fail(`--inferences is ${inferences}; memory is compared from ${ROUND * LEAST_ROUNDS} on.`);
if (global.gc === undefined) fail("Start it with npm run soak, which lets it collect garbage.");

console.log(`${inferences} inferences, seed ${seed}\n`);
console.log("round  minted  not proved  lost  commands   heap MB    RSS MB  handles  sockets");
const world = await hostSoakWorld();
const { rounds, minted, quarantined, paid, violations } = await soak(world, {
  ...{ inferences, round: ROUND, seed },
  onRound: (round, number) => console.log(line(round, number)),
});
await world.close();

const grown = growth(rounds.map(({ reading }) => reading));
const found = [...violations, ...leaks(grown)];
console.log(`\n${minted} minted, ${quarantined} not proved, ${paid} answers paid for`);
console.log("the last quarter of the rounds, compared with the second one:");
for (const [name, most] of Object.entries(MOST_GROWTH)) {
  console.log(`  ${name.padEnd(8)}  ${String(grown[name as keyof typeof grown]).padStart(10)}  at most ${most}`);
}
for (const violation of found) console.error(violation);
if (found.length === 0) console.log("the books balance to the neuron");
const results = { inferences, seed, minted, quarantined, paid, growth: grown, violations: found, rounds };
writeFileSync(path.join(ROOT, "soak-results.json"), `${JSON.stringify(results, null, 2)}\n`);
process.exit(found.length === 0 ? 0 : 1);

function line({ counts, lost, commands, reading }: Round, number: number): string {
  const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1).padStart(8);
  return [
    String(number).padStart(5),
    String(counts.minted).padStart(6),
    String(counts.quarantined + counts.unproved).padStart(10),
    String(lost).padStart(4),
    String(commands).padStart(8),
    megabytes(reading.heap),
    megabytes(reading.rss),
    String(reading.handles).padStart(7),
    String(reading.sockets).padStart(7),
  ].join("  ");
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
