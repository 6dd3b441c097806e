/** Places 0G Storage's contracts on an empty simulated chain and runs their own initialisers. */

import { keccak256 } from "ethers";

import type { Address, Hex } from "../../hex.ts";
import { creationCode } from "../bytecode.ts";
import { PredeployHashError } from "../errors.ts";
import { sendRaw, type Eip1193 } from "../rpc.ts";
import { FLOW, MARKET } from "./flow.ts";
import {
  STORAGE_FLOW,
  STORAGE_MARKET,
  STORAGE_PREDEPLOYS,
  STORAGE_REWARD,
  STORAGE_SETTINGS,
  type StoragePredeploy,
} from "./predeploys.ts";

/**
 * Places Flow and market, and makes `owner` their administrator, as whoever initialises them becomes.
 * @throws {PredeployPackageMissingError} {@link PredeploySourceError} {@link PredeployHashError}
 */
export async function placeStorage(rpc: Eip1193, owner: Address): Promise<void> {
  await Promise.all(STORAGE_PREDEPLOYS.map(async (predeploy) => place(rpc, predeploy)));
  await rpc.request({ method: "hardhat_setCode", params: [STORAGE_REWARD.address, STORAGE_REWARD.code] });
  const { blocksPerEpoch, pricePerSector } = STORAGE_SETTINGS;
  const [flow, market] = [STORAGE_FLOW.address, STORAGE_MARKET.address];
  await sendRaw(rpc, {
    what: "initialise the storage market",
    from: owner,
    to: market,
    data: MARKET.encodeFunctionData("initialize", [pricePerSector, flow, STORAGE_REWARD.address]) as Hex,
  });
  await sendRaw(rpc, {
    what: "initialise the Flow",
    from: owner,
    to: flow,
    data: FLOW.encodeFunctionData("initialize", [market, blocksPerEpoch]) as Hex,
  });
}

/** A call without a receiver runs the constructor and returns the code it would deploy, immutables filled in. */
async function place(rpc: Eip1193, predeploy: StoragePredeploy): Promise<void> {
  const { name, address, source, constructorArguments, placedCodeHash } = predeploy;
  const data = `${await creationCode(source)}${constructorArguments}`;
  const code = (await rpc.request({ method: "eth_call", params: [{ data }, "latest"] })) as Hex;
  const actual = keccak256(code) as Hex;
  if (actual !== placedCodeHash) throw new PredeployHashError({ name, address, expected: placedCodeHash, actual });
  await rpc.request({ method: "hardhat_setCode", params: [address, code] });
}
