import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { Hex } from "../../lib/hex.ts";
import type { TaskIo } from "./action.ts";

export interface ContractArtifact {
  readonly contractName: string;
  readonly abi: readonly unknown[];
  readonly bytecode: Hex;
}

/**
 * Builds the contracts if anything changed since the last build, then reads one artefact. Prints nothing on stdout:
 * that is the result's.
 */
export async function builtArtifact(
  hre: HardhatRuntimeEnvironment,
  contractName: string,
  io: Pick<TaskIo, "log">,
): Promise<ContractArtifact> {
  if (!(await hre.artifacts.artifactExists(contractName))) io.log("compiling the contracts, once");
  await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
  const { abi, bytecode } = await hre.artifacts.readArtifact(contractName);
  return { contractName, abi, bytecode: bytecode as Hex };
}
