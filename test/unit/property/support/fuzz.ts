/** Runs one parser on many spoiled inputs. */

import { inspect } from "node:util";

import fc from "fast-check";

import { ZgError } from "../../../../lib/errors.ts";
import { plan, spoiled } from "./mutations.ts";

/** Something that reads bytes of others. */
export interface Parser {
  /** Whose bytes, and what they are. */
  readonly name: string;
  /** Good ones, of which one at least is taken. */
  readonly seeds: () => readonly (Uint8Array | string)[] | Promise<readonly (Uint8Array | string)[]>;
  /** What it answers must be a value; what it throws, one of our errors or one that it documents. */
  readonly parse: (bytes: Uint8Array) => unknown;
  /** Errors without a class of ours that it documents. */
  readonly documented?: (error: unknown) => boolean;
  /** How many of a hundred inputs are tried: fewer where each takes a file or a signature. */
  readonly share?: number;
}

export interface FuzzOptions {
  readonly runs: number;
  readonly seed: number;
}

/** @throws what fast-check throws: the seed, and the smallest input that it finds. */
export async function fuzz(parser: Parser, { runs, seed }: FuzzOptions): Promise<void> {
  const seeds = (await parser.seeds()).map((each) => (typeof each === "string" ? Buffer.from(each) : each));
  if (!(await anyParses(parser, seeds))) throw new Error(`${parser.name} takes none of its seeds: they prove nothing`);
  await fc.assert(
    fc.asyncProperty(plan, async (made) => {
      const bytes = spoiled(seeds, made);
      try {
        await parser.parse(bytes);
      } catch (error) {
        if (error instanceof ZgError || parser.documented?.(error) === true) return;
        const input = Buffer.from(bytes).toString("latin1").slice(0, 400);
        throw new Error(`${parser.name} threw ${inspect(error)}\nfor ${JSON.stringify(input)}`, { cause: error });
      }
    }),
    { numRuns: Math.max(1, Math.ceil((runs * (parser.share ?? 100)) / 100)), seed, endOnFailure: runs > 1000 },
  );
}

async function anyParses({ parse }: Parser, seeds: readonly Uint8Array[]): Promise<boolean> {
  const outcomes = await Promise.allSettled(seeds.map(async (good) => parse(new Uint8Array(good))));
  return outcomes.some(({ status }) => status === "fulfilled");
}
