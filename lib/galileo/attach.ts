/** Gives a Hardhat connection its Galileo: boots the embedded one, or equips a fork. */

import { BrowserProvider, Network as EthersNetwork } from "ethers";
import type { NetworkConnection } from "hardhat/types/network";

import { WrongChainError } from "../chain/connect.ts";
import { INTERFACES } from "../chain/contracts.ts";
import { developmentAccount } from "../chain/development-keys.ts";
import { FUNDED_ACCOUNTS } from "../chain/development-mnemonic.ts";
import type { Address, Hex } from "../hex.ts";
import { networkNamed, type Network } from "../networks.ts";
import { ROLES } from "../chain/development-roles.ts";
import { startLocalAttestor } from "./attestor.ts";
import { bootContracts } from "./boot.ts";
import { bootOptions } from "./boot-options.ts";
import { ForkWithoutContractsError } from "./errors.ts";
import { Galileo } from "./galileo.ts";
import { attestorPort, localServices, otherServices, storagePort } from "./local-services.ts";
import { startLocalProvider } from "./provider/local-provider.ts";
import { codeAt, readAddress, type Eip1193 } from "./rpc.ts";
import { startLocalStorage } from "./storage/local-storage.ts";

/**
 * Boots the embedded Galileo on an empty chain.
 * @throws {PredeployPackageMissingError} {@link PredeployHashError} {@link PortTakenError}
 */
export async function attachEmbedded(connection: NetworkConnection<string>): Promise<Galileo> {
  const network = networkNamed("default");
  const rpc: Eip1193 = connection.provider;
  return equip(network, rpc, developmentAccount(ROLES.owner).address, "local", async () => bootContracts(rpc, network));
}

/**
 * Brings three local providers to a fork: registered with their stake, endorsed in the name of the contract's owner.
 * @throws {WrongChainError} when the fork's upstream is another chain.
 * @throws {ForkWithoutContractsError} when the forked block is older than 0G's contracts.
 */
export async function attachFork(connection: NetworkConnection<string>, network: Network): Promise<Galileo> {
  const rpc: Eip1193 = connection.provider;
  await assertForkedChain(rpc, network);
  await clearDelegations(rpc);
  const owner = await readAddress(
    rpc,
    network.contracts.inferenceServing,
    INTERFACES.inferenceServing().encodeFunctionData("owner") as Hex,
  );
  return equip(network, rpc, owner, "fork");
}

async function equip(
  network: Network,
  rpc: Eip1193,
  owner: Address,
  mode: "local" | "fork",
  placeContracts?: () => Promise<void>,
): Promise<Galileo> {
  const options = bootOptions.getStore() ?? {};
  const provider = new BrowserProvider(rpc, EthersNetwork.from(network.chainId), {
    staticNetwork: true,
    // ethers' answer cache serves stale nonces on a chain that mines at once.
    cacheTimeout: -1,
  });
  const log = options.log ?? (() => undefined);
  const attestor = await startLocalAttestor({ network, provider, port: attestorPort(options), log });
  const storage = await startLocalStorage({
    rpc,
    chainId: network.chainId,
    flow: network.contracts.storageFlow,
    port: storagePort(options),
    ...(options.storageNodes === undefined ? {} : { nodes: options.storageNodes }),
  }).catch(async (error: unknown) => {
    await attestor.stop();
    throw error;
  });
  const parts = { network, rpc, provider, startProvider: startLocalProvider, attestor, storage, log };
  const galileo = new Galileo(parts, owner);
  try {
    const others = mode === "local" ? otherServices(options) : [];
    await galileo.registerProviders([...localServices(mode, options), ...others], placeContracts);
    return galileo;
  } catch (error) {
    await galileo.close();
    throw error;
  }
}

interface Metadata {
  readonly chainId: number;
  readonly forkedNetwork?: { readonly chainId: number; readonly forkBlockNumber: number };
}

/** A fork answers with the chain id of its configuration, so the upstream's is asked for separately. */
async function assertForkedChain(rpc: Eip1193, network: Network): Promise<void> {
  const { forkedNetwork } = (await rpc.request({ method: "hardhat_metadata" })) as Metadata;
  if (forkedNetwork === undefined) throw new Error("the connection is not a fork");
  if (forkedNetwork.chainId !== network.chainId) throw new WrongChainError(network, BigInt(forkedNetwork.chainId));
  const address = network.contracts.ledgerManager;
  if ((await codeAt(rpc, address)) === "0x") {
    throw new ForkWithoutContractsError({ network: network.name, address, blockNumber: forkedNetwork.forkBlockNumber });
  }
}

/** On public chains the published accounts carry EIP-7702 delegations to thieves' contracts; here they must be plain. */
async function clearDelegations(rpc: Eip1193): Promise<void> {
  const accounts = Array.from({ length: FUNDED_ACCOUNTS }, (_, index) => developmentAccount(index).address);
  await Promise.all(
    accounts.map(async (address) => {
      if ((await codeAt(rpc, address)) === "0x") return;
      await rpc.request({ method: "hardhat_setCode", params: [address, "0x"] });
    }),
  );
}
