/** From a deployment to a source submission: the compiler's input comes from Hardhat's build records. */

import { setTimeout as sleep } from "node:timers/promises";

import { Interface, type InterfaceAbi } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { setting } from "../../lib/env.ts";
import { AbortedError, ZgError } from "../../lib/errors.ts";
import { chainscan, type SourceSubmission } from "../../lib/explorer/chainscan.ts";
import { NoExplorerError } from "../../lib/explorer/errors.ts";
import { verifySource } from "../../lib/explorer/verify-source.ts";
import type { Address, Hex } from "../../lib/hex.ts";
import { explorerLink, type Network } from "../../lib/networks.ts";
import type { TaskIo } from "./action.ts";
import { compilerInput } from "./artifacts.ts";

/** A contract of this project, as it was deployed. */
export interface DeployedContract {
  readonly address: Address;
  readonly contractName: string;
  readonly constructorArguments: readonly unknown[];
}

/** What became of `--verify`. A failure is reported beside the deployment, which stands. */
export type SourceOutcome =
  | { readonly status: "verified" | "already verified"; readonly link: string }
  | {
      readonly status: "failed";
      readonly link: string;
      readonly error: Readonly<Pick<ZgError, "code" | "message" | "remedy" | "details">>;
      readonly exit: ZgError["exit"];
    };

/** A word of a command line, quoted when a shell would take it apart. */
function shellWord(value: unknown): string {
  const text = String(value);
  return /^[\w.:/@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The command that does the same: Hardhat's own task, or ours where a shell cannot say what the constructor was given. */
export function verifyCommand(network: Network, { address, constructorArguments }: DeployedContract): string {
  if (constructorArguments.some(Array.isArray)) return `npx hardhat inft deploy --verify --network ${network.name}`;
  const words = [
    "npx hardhat verify etherscan",
    "--network",
    network.name,
    address,
    ...constructorArguments.map(shellWord),
  ];
  return words.join(" ");
}

/** Reads what the explorer needs from the build that `contractName` comes from. The contracts have been built. */
export async function sourceOf(hre: HardhatRuntimeEnvironment, deployed: DeployedContract): Promise<SourceSubmission> {
  const { address, contractName, constructorArguments } = deployed;
  const artifact = await hre.artifacts.readArtifact(contractName);
  const compiler = await compilerInput(hre, contractName, artifact.inputSourceName);
  if (compiler === undefined) {
    throw new Error(`${contractName} has an artefact without the build it comes from; run: npx hardhat build --force`);
  }
  return {
    address,
    contractName: `${compiler.sourceName}:${contractName}`,
    compilerVersion: compiler.solcLongVersion,
    compilerInput: compiler.input,
    constructorArguments: new Interface(artifact.abi as InterfaceAbi).encodeDeploy(constructorArguments) as Hex,
  };
}

/**
 * Asserts that the source can be published on `network`; call it before anything is spent.
 * @throws {NoExplorerError} otherwise.
 */
export function assertVerifiable(network: Network): void {
  if (network.explorerApi === undefined) throw new NoExplorerError(network.name);
}

/**
 * Verifies the source of a deployed contract on the network's explorer. A failure is an outcome, not an exception,
 * because the deployment it follows has succeeded.
 * @throws {NoExplorerError} when the network has none.
 * @throws {AbortedError} when the user interrupts the wait.
 */
export async function verifyDeployed(
  hre: HardhatRuntimeEnvironment,
  network: Network,
  deployed: DeployedContract,
  io: Pick<TaskIo, "log" | "signal">,
): Promise<SourceOutcome> {
  const { explorerApi, chainId } = network;
  if (explorerApi === undefined) throw new NoExplorerError(network.name);
  const link = `${explorerLink(network, "address", deployed.address) ?? explorerApi}#code`;
  const apiKey = setting("EXPLORER_API_KEY")?.value ?? "";
  const explorer = chainscan({ apiUrl: explorerApi, chainId, apiKey, fetch, signal: io.signal });
  try {
    const status = await verifySource(explorer, await sourceOf(hre, deployed), {
      log: io.log,
      now: Date.now,
      retry: verifyCommand(network, deployed),
      sleep: async (ms) => {
        await sleep(ms, undefined, { signal: io.signal }).catch(() => {
          throw new AbortedError("Verifying the source");
        });
      },
    });
    return { status, link };
  } catch (error) {
    if (!(error instanceof ZgError) || error instanceof AbortedError) throw error;
    const { code, message, remedy, details, exit } = error;
    return { status: "failed", link, error: { code, message, remedy, details }, exit };
  }
}

/** The outcome for people. */
export function outcomeLines(outcome: SourceOutcome): string[] {
  if (outcome.status !== "failed") return [`source ${outcome.status}: ${outcome.link}`];
  return [`source not verified: ${outcome.error.code}  ${outcome.error.message}`, `  fix: ${outcome.error.remedy}`];
}
