/** Where run-time files live: `.0g/<network>/`, ignored by git, readable by the owner only. */

import path from "node:path";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { Network } from "../../lib/networks.ts";

export interface Folders {
  readonly runs: string;
  readonly receipts: string;
  readonly objects: string;
}

/** Undefined on the in-process network, where nothing is kept. */
export function runtimeFolders(hre: HardhatRuntimeEnvironment, network: Network): Folders | undefined {
  if (network.name === "default") return undefined;
  const base = path.join(hre.config.paths.root, ".0g", network.name);
  return {
    runs: path.join(base, "runs"),
    receipts: path.join(base, "receipts"),
    objects: path.join(base, "objects"),
  };
}

export function deploymentsFolder(hre: HardhatRuntimeEnvironment): string {
  return path.join(hre.config.paths.root, "deployments");
}
