/** Where run-time files live: `.0g/<network>/`, ignored by git, readable by the owner only. */

import path from "node:path";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { setting } from "../../lib/env.ts";
import { isEphemeral, type Network } from "../../lib/networks.ts";
import { makePrivate, sweepTemporaries } from "../../lib/private-folder.ts";

function home(hre: HardhatRuntimeEnvironment): string {
  return path.resolve(hre.config.paths.root, setting("ZG_HOME")?.value ?? ".");
}

export interface Folders {
  readonly base: string;
  readonly runs: string;
  readonly receipts: string;
  readonly objects: string;
  /** Answers that were paid for and could not be proved. */
  readonly answers: string;
  /** Answers of runs that failed a check. */
  readonly quarantine: string;
  /** API keys, and the registry of those that were made. */
  readonly keys: string;
  /** What was sealed for mints that have not come to their end. */
  readonly mints: string;
  /** What uploads to 0G Storage sent, so that an interrupted one is found. */
  readonly uploads: string;
  /** Whose turn it is to sign with a key, among processes. */
  readonly nonces: string;
  /** Images and the like that no other place was named for. */
  readonly outputs: string;
  /** Ciphertexts that an attestor made here. */
  readonly attestor: string;
  /** The store of jobs, and the key of the job server. */
  readonly jobs: string;
  /** Batches: what became of each item, and their results. */
  readonly batches: string;
}

/** Once per process: what it leaves itself another one removes. */
const swept = new Set<string>();

/**
 * Undefined where the chain ends with the process and nothing is kept.
 * @throws {FolderNotPrivateError}
 */
export function runtimeFolders(hre: HardhatRuntimeEnvironment, network: Network): Folders | undefined {
  if (isEphemeral(network)) return undefined;
  const all = path.join(home(hre), ".0g");
  const base = path.join(all, network.name);
  makePrivate(all);
  makePrivate(base);
  if (!swept.has(base)) {
    swept.add(base);
    sweepTemporaries(base);
  }
  return {
    base,
    runs: path.join(base, "runs"),
    receipts: path.join(base, "receipts"),
    objects: path.join(base, "objects"),
    answers: path.join(base, "answers"),
    quarantine: path.join(base, "quarantine"),
    keys: path.join(base, "keys"),
    mints: path.join(base, "mints"),
    uploads: path.join(base, "uploads"),
    nonces: path.join(base, "nonces"),
    outputs: path.join(base, "outputs"),
    attestor: path.join(base, "attestor"),
    jobs: path.join(base, "jobs"),
    batches: path.join(base, "batches"),
  };
}

export function deploymentsFolder(hre: HardhatRuntimeEnvironment): string {
  return path.join(home(hre), "deployments");
}
