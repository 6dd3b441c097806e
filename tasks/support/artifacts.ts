import { readFile } from "node:fs/promises";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { Hex } from "../../lib/hex.ts";
import type { ContractArtifact } from "../../lib/inft/deploy.ts";
import type { TaskIo } from "./action.ts";

/**
 * Builds the contracts if anything changed since the last build, then reads one artefact and what the compiler was given
 * for it. Prints nothing on stdout: that is the result's.
 */
export async function builtArtifact(
  hre: HardhatRuntimeEnvironment,
  contractName: string,
  io: Pick<TaskIo, "log">,
): Promise<ContractArtifact> {
  if (!(await hre.artifacts.artifactExists(contractName))) io.log("compiling the contracts, once");
  await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
  const { abi, bytecode, inputSourceName } = await hre.artifacts.readArtifact(contractName);
  const artifact = { abi, bytecode: bytecode as Hex };
  const buildInfoId = await hre.artifacts.getBuildInfoId(contractName);
  const file = buildInfoId === undefined ? undefined : await hre.artifacts.getBuildInfoPath(buildInfoId);
  if (file === undefined || inputSourceName === undefined) return artifact;
  const { input, solcLongVersion } = JSON.parse(await readFile(file, "utf8")) as {
    input: Record<string, unknown>;
    solcLongVersion: string;
  };
  return { ...artifact, compiler: { solcLongVersion, sourceName: inputSourceName, input } };
}
