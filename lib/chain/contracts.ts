/** 0G's contracts with their TypeChain types, at the addresses of the network. */

import { Contract, Interface, type ContractRunner } from "ethers";

import type { IFineTuningServing, IInferenceServing, ILedgerManager } from "../../types/ethers-contracts/index.ts";
import type { Network } from "../networks.ts";
import { FINE_TUNING_SERVING_ABI } from "./abi/fine-tuning-serving.ts";
import { INFERENCE_SERVING_ABI } from "./abi/inference-serving.ts";
import { LEDGER_MANAGER_ABI } from "./abi/ledger-manager.ts";

function lazy<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** Parsed once, on first use: help and `--version` never pay for it. */
export const INTERFACES = {
  ledgerManager: lazy(() => new Interface(LEDGER_MANAGER_ABI)),
  inferenceServing: lazy(() => new Interface(INFERENCE_SERVING_ABI)),
  fineTuningServing: lazy(() => new Interface(FINE_TUNING_SERVING_ABI)),
} as const;

export function ledgerManager(network: Network, runner: ContractRunner): ILedgerManager {
  return new Contract(network.contracts.ledgerManager, INTERFACES.ledgerManager(), runner) as unknown as ILedgerManager;
}

export function inferenceServing(network: Network, runner: ContractRunner): IInferenceServing {
  return new Contract(
    network.contracts.inferenceServing,
    INTERFACES.inferenceServing(),
    runner,
  ) as unknown as IInferenceServing;
}

export function fineTuningServing(network: Network, runner: ContractRunner): IFineTuningServing {
  return new Contract(
    network.contracts.fineTuningServing,
    INTERFACES.fineTuningServing(),
    runner,
  ) as unknown as IFineTuningServing;
}
