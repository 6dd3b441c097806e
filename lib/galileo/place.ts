/** Creates 0G's contracts at their real addresses on an empty simulated chain. */

import { AbiCoder, Interface, keccak256 } from "ethers";

import { checksum, type Hex } from "../hex.ts";
import { creationCode } from "./bytecode.ts";
import { PredeployHashError } from "./errors.ts";
import { precompileStandIn } from "./precompiles.ts";
import { GALILEO_DEPLOYER, PRECOMPILES, PREDEPLOYS, UPGRADES, type Predeploy } from "./predeploys.ts";
import { codeAt, impersonatingWith, quantity, sendRaw, type Eip1193 } from "./rpc.ts";

/** OpenZeppelin 4.8.3's UpgradeableBeacon, as far as placing needs it. */
export const BEACON = new Interface([
  "function upgradeTo(address implementation)",
  "function transferOwnership(address newOwner)",
  "function implementation() view returns (address)",
]);

const DEPLOYER_FUNDS = 1_000n * 10n ** 18n;

/**
 * Replays the deployer's creating and upgrading transactions at the nonces they had on Galileo, places the stand-ins
 * for the precompiles, and checks the hash of everything placed.
 * @throws {PredeployPackageMissingError} {@link PredeploySourceError} {@link PredeployHashError}
 */
export async function placePredeploys(rpc: Eip1193): Promise<void> {
  const creations = await Promise.all(
    PREDEPLOYS.map(async (predeploy) => ({
      nonce: predeploy.nonce,
      transaction: { what: `create ${predeploy.name}`, from: GALILEO_DEPLOYER, data: await initCode(predeploy) },
    })),
  );
  const upgrades = UPGRADES.map(({ nonce, beacon, implementation }) => ({
    nonce,
    transaction: {
      what: `upgrade the beacon ${beacon}`,
      from: GALILEO_DEPLOYER,
      to: beacon,
      data: BEACON.encodeFunctionData("upgradeTo", [implementation]) as Hex,
    },
  }));
  const replay = [...creations, ...upgrades].sort((one, other) => one.nonce - other.nonce);
  await impersonatingWith(rpc, GALILEO_DEPLOYER, DEPLOYER_FUNDS, async () => {
    let next = 0;
    for (const { nonce, transaction } of replay) {
      if (nonce !== next) {
        await rpc.request({ method: "hardhat_setNonce", params: [GALILEO_DEPLOYER, quantity(nonce)] });
      }
      await sendRaw(rpc, transaction);
      next = nonce + 1;
    }
  });
  for (const { address } of PRECOMPILES) {
    await rpc.request({ method: "hardhat_setCode", params: [address, precompileStandIn()] });
  }
  await Promise.all(PREDEPLOYS.map(async (predeploy) => checkPlaced(rpc, predeploy)));
}

/** Hands every beacon to `owner`, so that a test can upgrade what it tests. On Galileo they are 0G's. */
export async function handOverBeacons(rpc: Eip1193, owner: string): Promise<void> {
  const data = BEACON.encodeFunctionData("transferOwnership", [owner]) as Hex;
  await impersonatingWith(rpc, GALILEO_DEPLOYER, DEPLOYER_FUNDS, async () => {
    for (const { kind, name, address } of PREDEPLOYS) {
      if (kind !== "beacon") continue;
      await sendRaw(rpc, { what: `hand over the ${name}`, from: GALILEO_DEPLOYER, to: address, data });
    }
  });
}

async function initCode({ kind, source, pointsAt }: Predeploy): Promise<Hex> {
  const code = await creationCode(source);
  if (kind === "implementation") return code;
  const coder = AbiCoder.defaultAbiCoder();
  // Proxies get empty data, as upstream's do: `initialize` is a transaction of its own.
  const args =
    kind === "beacon" ? coder.encode(["address"], [pointsAt]) : coder.encode(["address", "bytes"], [pointsAt, "0x"]);
  return `${code}${args.slice(2)}` as Hex;
}

async function checkPlaced(rpc: Eip1193, { name, address, placedCodeHash }: Predeploy): Promise<void> {
  const actual = keccak256(await codeAt(rpc, address)) as Hex;
  if (actual !== placedCodeHash) {
    throw new PredeployHashError({ name, address: checksum(address), expected: placedCodeHash, actual });
  }
}
