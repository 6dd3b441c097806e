/**
 * The project's configuration for code that measures itself (coverage, mutants, long fuzzing): the same chain, without
 * the size limits that the added code would break.
 */

import type { HardhatUserConfig } from "hardhat/config";

import base from "../../hardhat.config.ts";

/** Which guard is switched off, see mutate/instrument.ts: contracts read it as the address of the block's author. */
const coinbase = process.env["MUTANT_COINBASE"];
/** Inputs of a fuzz test. A sequence of calls costs as much as many of them, so there are a tenth as many. */
const fuzzRuns = process.env["FUZZ_RUNS"];
const fuzzDepth = process.env["FUZZ_DEPTH"];
const seed = process.env["FUZZ_SEED"];

const solidity = base.test?.solidity as Exclude<NonNullable<typeof base.test>["solidity"], { profiles: unknown }>;

export default {
  ...base,
  networks: {
    ...base.networks,
    default: {
      ...(base.networks?.["default"] as Extract<
        NonNullable<HardhatUserConfig["networks"]>[string],
        { type: "edr-simulated" }
      >),
      allowUnlimitedContractSize: true,
      ...(coinbase === undefined ? {} : { coinbase }),
    },
  },
  test: {
    ...base.test,
    solidity: {
      ...solidity,
      ...(coinbase === undefined ? {} : { coinbase }),
      fuzz: {
        ...solidity?.fuzz,
        ...(fuzzRuns === undefined ? {} : { runs: Number(fuzzRuns) }),
        ...(seed === undefined ? {} : { seed }),
      },
      invariant: {
        ...solidity?.invariant,
        ...(fuzzRuns === undefined ? {} : { runs: Math.ceil(Number(fuzzRuns) / 10) }),
        ...(fuzzDepth === undefined ? {} : { depth: Number(fuzzDepth) }),
      },
    },
  },
} satisfies HardhatUserConfig;
