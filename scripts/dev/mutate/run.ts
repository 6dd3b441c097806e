/** Runs the tests against one mutant after the other, the likely killers first. */

import { readFileSync } from "node:fs";
import path from "node:path";

import {
  INSTRUMENTED,
  MOCHA_TESTS,
  ROOT,
  SOLIDITY_TESTS,
  WITHOUT_MEASUREMENTS,
  type ProjectCopy,
} from "../project-copy.ts";
import type { Guard } from "./guards.ts";
import { coinbaseOf } from "./instrument.ts";

export interface Outcome {
  readonly guard: Guard;
  /** The first test that failed; undefined for a survivor. */
  readonly killedBy: string | undefined;
  readonly seconds: number;
}

/** A run that takes this long loops: the test would fail by its own time-out. */
const TIMEOUT_MS = 600_000;
/** Enough for Solidity tests to hit what they aim at; a survivor would take minutes at full depth. */
const SHALLOW = { FUZZ_RUNS: "64", FUZZ_DEPTH: "64" } as const;
/** Groups of mocha files: loading a file costs a second, a whole run several. */
const LIKELY = 3;

/**
 * Tests every mutant in the copy, which holds all of them compiled. `jobs` at once; `done` hears of each as it ends.
 * @throws {Error} when the tests fail with no mutant active: every mutant would seem killed.
 */
export async function runMutants(
  copy: ProjectCopy,
  guards: readonly Guard[],
  jobs: number,
  done: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const broken = await firstFailure(copy, undefined, [MOCHA_TESTS, SOLIDITY_TESTS]);
  if (broken !== undefined) throw new Error(`Without any mutant this fails already: ${broken}`);

  const texts = new Map(MOCHA_TESTS.map((file) => [file, readFileSync(path.join(ROOT, file), "utf8")]));
  const outcomes: Outcome[] = [];
  const waiting = [...guards];
  const work = async () => {
    for (let guard = waiting.shift(); guard !== undefined; guard = waiting.shift()) {
      const begun = performance.now();
      const ordered = byLikelihood(guard, texts);
      const groups = [ordered.slice(0, LIKELY), ordered.slice(LIKELY), SOLIDITY_TESTS];
      const killedBy = await firstFailure(copy, guard.id, groups);
      const outcome = { guard, killedBy, seconds: (performance.now() - begun) / 1000 };
      outcomes.push(outcome);
      done(outcome);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return outcomes.sort((a, b) => a.guard.id - b.guard.id);
}

/** Tests that name the errors a guard raises come first, then those that name its contract. */
function byLikelihood(guard: Guard, texts: ReadonlyMap<string, string>): string[] {
  const words = [...guard.errors, path.basename(guard.file, ".sol")];
  const score = (text: string) =>
    words.reduce(
      (sum, word, index) => sum + (index < guard.errors.length ? 100 : 1) * (text.split(word).length - 1),
      0,
    );
  return [...texts]
    .map(([file, text]) => ({ file, score: score(text) }))
    .sort((a, b) => b.score - a.score)
    .map(({ file }) => file);
}

/** The title of the first failing test, group by group; undefined when all pass. */
async function firstFailure(
  copy: ProjectCopy,
  mutant: number | undefined,
  groups: readonly (readonly string[])[],
): Promise<string | undefined> {
  for (const files of groups) {
    if (files.length === 0) continue;
    const runner = files[0]?.endsWith(".sol") === true ? ["solidity"] : ["mocha", "--bail"];
    const { code, output } = await copy.hardhat(
      [...INSTRUMENTED, "test", ...runner, "--no-compile", ...WITHOUT_MEASUREMENTS, ...files],
      {
        env: mutant === undefined ? {} : { ...SHALLOW, MUTANT_COINBASE: coinbaseOf(mutant) },
        timeoutMs: TIMEOUT_MS,
      },
    );
    if (code === null) return `nothing: stopped after ${TIMEOUT_MS / 1000} s`;
    if (code !== 0) return failureIn(output);
  }
  return undefined;
}

/** A run that failed before any test ran did not test the mutant: that is no kill. */
function failureIn(output: string): string {
  const title = /^ +1\) (.+)$/m.exec(output)?.[1];
  if (title !== undefined) return title;
  // A promise that a test had not come to wait for yet ends the run without a title.
  const rejection = /^Unhandled promise rejection:\s+(.+)$/m.exec(output)?.[1];
  if (rejection !== undefined && /^ +✔ /m.test(output)) return rejection;
  throw new Error(`Hardhat failed, but no test did:\n${output.slice(-4000)}`);
}
