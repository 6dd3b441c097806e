/** Turns an empty simulated chain into the embedded Galileo: contracts, their owner, registered and endorsed providers. */

import { developmentAccount } from "../chain/development-keys.ts";
import { INTERFACES } from "../chain/contracts.ts";
import type { IInferenceServing } from "../../types/ethers-contracts/index.ts";
import type { Address, Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import { endorsementDraft } from "../operator/endorse.ts";
import { serviceDraft } from "../operator/service.ts";
import { ROLES } from "../chain/development-roles.ts";
import { handOverBeacons, placePredeploys } from "./place.ts";
import { SETTINGS } from "./predeploys.ts";
import { quantity, balanceOf, sendRaw, setBalance, type Eip1193 } from "./rpc.ts";
import { placeStorage } from "./storage/place.ts";

/** Places 0G's contracts, runs their own initialisers, registers and recommends the services in the ledger. */
export async function bootContracts(rpc: Eip1193, network: Network): Promise<void> {
  await setClock(rpc, Date.now());
  await placePredeploys(rpc);
  const owner = developmentAccount(ROLES.owner).address;
  const { ledgerManager, inferenceServing, fineTuningServing } = network.contracts;
  const { lockTime, penaltyPercentage, services } = SETTINGS;
  const [ledger, inference, fineTuning] = [
    INTERFACES.ledgerManager(),
    INTERFACES.inferenceServing(),
    INTERFACES.fineTuningServing(),
  ];
  const send = async (what: string, to: Address, data: string) =>
    sendRaw(rpc, { what, from: owner, to, data: data as Hex });

  await send("initialise LedgerManager", ledgerManager, ledger.encodeFunctionData("initialize", [owner]));
  await send(
    "initialise InferenceServing",
    inferenceServing,
    inference.encodeFunctionData("initialize", [lockTime, ledgerManager, owner]),
  );
  await send(
    "initialise FineTuningServing",
    fineTuningServing,
    fineTuning.encodeFunctionData("initialize", [lockTime, ledgerManager, owner, penaltyPercentage]),
  );
  for (const [{ serviceType, version }, address] of [
    [services.inference, inferenceServing],
    [services.fineTuning, fineTuningServing],
  ] as const) {
    const description = `${serviceType} serving service ${version}`;
    await send(
      `register ${serviceType}-${version}`,
      ledgerManager,
      ledger.encodeFunctionData("registerService", [serviceType, version, address, description]),
    );
    await send(
      `recommend ${serviceType}-${version}`,
      ledgerManager,
      ledger.encodeFunctionData("setRecommendedService", [serviceType, version]),
    );
  }
  await handOverBeacons(rpc, owner);
  await placeStorage(rpc, owner);
}

/**
 * Sets the chain's clock to `nowMs`. Hardhat starts it at the time the process began, which may be long ago: an answer would
 * then be of a later time than the block that mints it.
 */
async function setClock(rpc: Eip1193, nowMs: number): Promise<void> {
  const { timestamp } = (await rpc.request({ method: "eth_getBlockByNumber", params: ["latest", false] })) as {
    timestamp: Hex;
  };
  const behind = BigInt(Math.floor(nowMs / 1000)) - BigInt(timestamp);
  if (behind > 0n) await rpc.request({ method: "evm_increaseTime", params: [quantity(behind)] });
}

/** Registers `provider`'s service with the stake the contract asks for, or updates it when it has one. */
export async function registerService(
  rpc: Eip1193,
  network: Network,
  provider: Address,
  params: IInferenceServing.ServiceParamsStruct,
): Promise<void> {
  const serving = INTERFACES.inferenceServing();
  const to = network.contracts.inferenceServing;
  const read = async (name: "serviceExists" | "MIN_PROVIDER_STAKE", args: readonly unknown[]) => {
    const data = serving.encodeFunctionData(name, args);
    return BigInt((await rpc.request({ method: "eth_call", params: [{ to, data }, "latest"] })) as Hex);
  };
  const exists = (await read("serviceExists", [provider])) === 1n;
  const value = exists ? 0n : await read("MIN_PROVIDER_STAKE", []);
  await sendRaw(rpc, { ...serviceDraft(network, provider, params, value), to, from: provider });
}

/** Gives `address` at least `neuron`. */
export async function fundUpTo(rpc: Eip1193, address: Address, neuron: bigint): Promise<void> {
  if ((await balanceOf(rpc, address)) < neuron) await setBalance(rpc, address, neuron);
}

/** Endorses the service of `provider`, or takes that back, as the contract's owner. */
export async function setEndorsement(
  rpc: Eip1193,
  network: Network,
  owner: Address,
  provider: Address,
  endorsed: boolean,
): Promise<void> {
  const { inferenceServing: to } = network.contracts;
  await sendRaw(rpc, { ...endorsementDraft(network, provider, endorsed), to, from: owner });
}
