/** The two kinds of service a ledger pays for, and the contracts behind them. */

import type { ContractRunner } from "ethers";

import type { IFineTuningServing, IInferenceServing } from "../../types/ethers-contracts/index.ts";
import type { ReadContext } from "../chain/context.ts";
import { fineTuningServing, inferenceServing, ledgerManager } from "../chain/contracts.ts";
import { chainCall } from "../chain/revert.ts";
import { UsageError } from "../errors.ts";
import type { Address } from "../hex.ts";
import type { Network } from "../networks.ts";
import { ServiceKindUnknownError } from "./errors.ts";

export type ServiceKind = "inference" | "fine-tuning";

export const SERVICE_KINDS = ["inference", "fine-tuning"] as const satisfies readonly ServiceKind[];

/**
 * Parses the value of `--service`.
 * @throws {UsageError}
 */
export function parseServiceKind(text: string): ServiceKind {
  const kind = SERVICE_KINDS.find((known) => known === text);
  if (kind === undefined) {
    throw new UsageError({
      message: `${JSON.stringify(text)} is not a kind of service`,
      remedy: `Use one of: ${SERVICE_KINDS.join(", ")}.`,
      details: { service: text },
    });
  }
  return kind;
}

/** The proxy of a kind's serving contract. */
export function servingAddress(network: Network, service: ServiceKind): Address {
  return service === "inference" ? network.contracts.inferenceServing : network.contracts.fineTuningServing;
}

/** What both serving contracts share, with the same meaning. */
export type Serving = Pick<IInferenceServing & IFineTuningServing, "lockTime" | "accountExists">;

export function serving(network: Network, runner: ContractRunner, service: ServiceKind): Serving {
  return service === "inference" ? inferenceServing(network, runner) : fineTuningServing(network, runner);
}

/**
 * Reads the name under which the ledger knows a serving contract, such as `inference-v1.0`. Versions differ between
 * networks, and the short name is refused by `transferFund`, so the ledger is asked.
 * @throws {ServiceKindUnknownError} when the contract is not registered in the ledger.
 */
export async function serviceName({ network, provider }: ReadContext, service: ServiceKind): Promise<string> {
  const info = await chainCall(
    `Asking the ledger for the name of ${service}`,
    ledgerManager(network, provider).getServiceInfo(servingAddress(network, service)),
  );
  // An unregistered address gives an empty record, not a revert.
  if (info.fullName === "") throw new ServiceKindUnknownError({ service });
  return info.fullName;
}
