import { readFile } from "node:fs/promises";
import path from "node:path";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { exclusively } from "../../lib/exclusively.ts";
import type { Hex } from "../../lib/hex.ts";
import type { RuntimeArtifact } from "../../lib/inft/code.ts";
import type { ContractArtifact } from "../../lib/inft/deploy.ts";
import type { TaskIo } from "./action.ts";

/** The files of all contracts that commands deploy or compare: a third of the work of compiling everything. */
const SOURCES = [
  "contracts/inft/INFT.sol",
  "contracts/inft/ReturnedProofs.sol",
  "contracts/inft/TokenDocuments.sol",
  "contracts/inft/dialects/INFTDialects.sol",
  "contracts/verifier/TransferVerifier.sol",
];

const builds = new WeakMap<HardhatRuntimeEnvironment, Promise<void>>();

/** Builds once in a command, however many artefacts it reads. */
async function buildOnce(hre: HardhatRuntimeEnvironment): Promise<void> {
  const building = builds.get(hre) ?? build(hre);
  builds.set(hre, building);
  await building;
}

/** Two builds of one project at once break: they rename the same temporary file of Hardhat's cache. */
async function build(hre: HardhatRuntimeEnvironment): Promise<void> {
  const lock = path.join(hre.config.paths.cache, "build.lock");
  await exclusively(lock)("building the contracts", async () => quietBuild(hre));
}

/**
 * Runs Hardhat's build with its output on stderr. Even when quiet it prints on stdout, which is the result's, and a
 * process of its own would cost every command a second.
 */
async function quietBuild(hre: HardhatRuntimeEnvironment): Promise<void> {
  const { log } = console;
  console.log = console.error;
  try {
    await hre.tasks.getTask("build").run({ quiet: true, files: SOURCES });
  } finally {
    console.log = log;
  }
}

/**
 * Builds the contracts if anything changed since the last build, then reads one artefact. Prints nothing on stdout: that is the result's.
 */
export async function builtArtifact(
  hre: HardhatRuntimeEnvironment,
  contractName: string,
  io: Pick<TaskIo, "log">,
): Promise<ContractArtifact & RuntimeArtifact> {
  if (!(await hre.artifacts.artifactExists(contractName))) io.log("compiling the contracts, once");
  await buildOnce(hre);
  // The look above made Hardhat remember which artefacts there were before the build.
  await hre.artifacts.clearCache();
  return readArtifact(hre, contractName);
}

/** Reads one artefact of contracts that have been built, and what the compiler was given for it. */
export async function readArtifact(
  hre: HardhatRuntimeEnvironment,
  contractName: string,
): Promise<ContractArtifact & RuntimeArtifact> {
  const read = await hre.artifacts.readArtifact(contractName);
  const { abi, bytecode, deployedBytecode, immutableReferences = {}, inputSourceName } = read;
  const code = { bytecode: bytecode as Hex, deployedBytecode: deployedBytecode as Hex };
  const artifact = { abi, ...code, immutableReferences };
  const compiler = await compilerInput(hre, contractName, inputSourceName);
  return compiler === undefined ? artifact : { ...artifact, compiler };
}

/** What the compiler was given for a contract that has been built; undefined when its build is not recorded. */
export async function compilerInput(
  hre: HardhatRuntimeEnvironment,
  contractName: string,
  sourceName: string | undefined,
): Promise<ContractArtifact["compiler"]> {
  const buildInfoId = await hre.artifacts.getBuildInfoId(contractName);
  const file = buildInfoId === undefined ? undefined : await hre.artifacts.getBuildInfoPath(buildInfoId);
  if (file === undefined || sourceName === undefined) return undefined;
  const { input, solcLongVersion } = JSON.parse(await readFile(file, "utf8")) as {
    input: Record<string, unknown>;
    solcLongVersion: string;
  };
  return { solcLongVersion, sourceName, input };
}
