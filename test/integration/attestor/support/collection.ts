import { ContractFactory, JsonRpcProvider, Wallet, ZeroAddress } from "ethers";
import hre from "hardhat";

import { developmentAccount } from "../../../../lib/chain/development-keys.ts";
import { checksum, type Address } from "../../../../lib/hex.ts";
import { networkNamed } from "../../../../lib/networks.ts";

export interface CollectionOptions {
  readonly threshold: number;
  readonly attestors: readonly { readonly address: Address; readonly url: string }[];
  /** Seconds. */
  readonly rotationDelay?: number;
  /** Constructor argument; default: an endless validity. Unix seconds. */
  readonly validUntil?: bigint;
}

/** Deploys a collection and its verifier, owned by development account 0, on a served network. */
export async function deployCollection(url: string, options: CollectionOptions) {
  const provider = new JsonRpcProvider(url, undefined, { cacheTimeout: -1 });
  try {
    const owner = new Wallet(developmentAccount(0).privateKey, provider);
    const deploy = async (name: string, args: readonly unknown[]): Promise<Address> => {
      const { abi, bytecode } = await hre.artifacts.readArtifact(name);
      const contract = await new ContractFactory(abi, bytecode, owner).deploy(...args);
      await contract.waitForDeployment();
      return checksum(await contract.getAddress());
    };
    const { threshold, rotationDelay = 0, validUntil = 2n ** 40n } = options;
    const attestors = options.attestors.map(({ address, url: endpoint }) => [address, validUntil, endpoint]);
    const verifier = await deploy("TransferVerifier", [owner.address, threshold, rotationDelay, attestors]);
    const { inferenceServing } = networkNamed("localhost").contracts;
    const inft = await deploy("INFT", ["Agents", "AGENT", inferenceServing, verifier, ZeroAddress, 0n]);
    return { verifier, inft };
  } finally {
    provider.destroy();
  }
}
