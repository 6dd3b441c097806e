/**
 * 0G Storage's contracts as the embedded Galileo places them. Data only.
 *
 * 0G publishes no record of how it deployed them on Galileo, so they cannot be created by the replayed deployer, as those
 * of 0G Compute are: the constructors run in a call, and what they return is set at the address.
 */

import type { Address, Hex } from "../../hex.ts";
import { NETWORKS } from "../../networks.ts";
import type { CodeSource } from "../predeploys.ts";

export interface StoragePredeploy {
  readonly name: string;
  readonly address: Address;
  readonly source: CodeSource;
  /** ABI-encoded, without 0x. */
  readonly constructorArguments: string;
  readonly placedCodeHash: Hex;
}

const factory = (domain: string, contract: string) =>
  ({
    package: "@0gfoundation/0g-ts-sdk",
    kind: "typechain-factory",
    file: `lib.commonjs/contracts/${domain}/factories/${contract}__factory.js`,
  }) as const;

export const STORAGE_FLOW: StoragePredeploy = {
  name: "Flow",
  address: NETWORKS.default.contracts.storageFlow,
  source: factory("flow", "FixedPriceFlow"),
  // deployDelay: blocks before the first submission is taken.
  constructorArguments: "0".repeat(64),
  placedCodeHash: "0x3f8f3e81bec628a98941be4442a7c27515a2bc4231b00b2596f6240862a23af7",
};

export const STORAGE_MARKET: StoragePredeploy = {
  name: "FixedPrice market",
  // 0G documents no address of it, and clients ask the Flow. This one: keccak256("embedded Galileo: storage market").
  address: "0x238efdBAE3b7D4D00Cc53d97250E4d654d937707",
  source: factory("market", "FixedPrice"),
  constructorArguments: "",
  placedCodeHash: "0x4d20ef0a160d208300f5f95d05718f35e609fc0d18af8a371e7629c6452aeb3f",
};

export const STORAGE_PREDEPLOYS = [STORAGE_FLOW, STORAGE_MARKET] as const;

/**
 * Where 0G documents its reward contract, whose code is in no package. The market pays every fee to it and asks only
 * that it has code, so a single STOP stands there, and keeps what it is paid.
 */
export const STORAGE_REWARD: { readonly address: Address; readonly code: Hex } = {
  address: "0xA97B57b4BdFEA2D0a25e535bd849ad4e6C440A69",
  code: "0x00",
};

/** Why what stands here is not what stands on Galileo, whose code 0G has not published. */
export const STORAGE_DIFFERENCE =
  "0G's published contract, placed without the beacon proxy that 0G's deployment script puts before it; " +
  "0G has no record of the code on Galileo";

export const STORAGE_SETTINGS = {
  /**
   * A submission closes every epoch that has passed since the last, at 31 000 gas each, so that 2000 would take more than
   * a block. One epoch of a billion blocks is 0G's own setting for development, and outlasts any `hardhat_mine`.
   */
  blocksPerEpoch: 1_000_000_000n,
  /**
   * Neuron a sector of 256 bytes, by the formula of 0G's deployment script and its figures for the turbo network of the
   * testnet: lifetime 12 months, unit price 33. A GiB is 0.129 0G. Source: 0g-storage-contracts, src/networks.
   */
  pricePerSector: (12n * 33n * 10n ** 18n) / 2n ** 30n / 12n,
} as const;
