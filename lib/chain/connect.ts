import type { Block, Provider } from "ethers";

import { EXIT, ZgError } from "../errors.ts";
import type { Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import type { ReadContext } from "./context.ts";
import { rawRpc } from "./fees.ts";
import { chainCall, RpcUnreachableError } from "./revert.ts";

/** The node serves another chain than the network's name promises. */
export class WrongChainError extends ZgError {
  /** @param host of several that were given. */
  constructor(network: Network, actual: bigint, host?: string) {
    super({
      code: "ZG_WRONG_CHAIN",
      exit: EXIT.precondition,
      message: `Network ${network.name} is chain ${network.chainId}, but its RPC node ${host === undefined ? "" : `${host} `}serves chain ${actual}`,
      remedy: "Correct the RPC address (see .env.example), or pick the network that matches it.",
      details: { network: network.name, expected: network.chainId, actual, ...(host === undefined ? {} : { host }) },
    });
  }
}

/**
 * Asserts that `provider` serves the network's chain. Reads `eth_chainId`.
 * @throws {WrongChainError} otherwise.
 */
export async function assertChain(network: Network, provider: Provider): Promise<void> {
  const { chainId } = await chainCall(`Reading the chain id of ${network.name}`, provider.getNetwork());
  if (chainId !== BigInt(network.chainId)) throw new WrongChainError(network, chainId);
}

/** Hash of block 0: tells two chains with one chain id apart, such as an embedded and the public Galileo. */
export async function genesisHash(provider: Provider): Promise<Hex> {
  const block = await chainCall("Reading block 0", provider.getBlock(0));
  if (block?.hash == null) throw new Error("the node has no block 0");
  return block.hash as Hex;
}

/**
 * Reads the latest block.
 * @throws {RpcUnreachableError} also when the node has none: a missing block says nothing about time.
 */
export async function latestBlock({ provider }: Pick<ReadContext, "provider">): Promise<Block> {
  const what = "Reading the latest block";
  const block = await chainCall(what, provider.getBlock("latest"));
  if (block === null) throw new RpcUnreachableError(what, new Error("the node has no latest block"));
  return block;
}

/** Answered by Hardhat's simulated chains alone: names the one at hand, however often its blocks are taken back. */
const SIMULATION = "hardhat_metadata";

const identities = new WeakMap<Provider, Promise<string>>();
let nameless = 0;

/**
 * Names a chain apart from all others that this process may know, also from those that simulate the same one. Asks the
 * node once for each provider object.
 */
export async function chainIdentity({ network, provider }: Pick<ReadContext, "network" | "provider">): Promise<string> {
  if (network.mode === "live") return String(network.chainId); // its nodes are checked to be of one chain
  let identity = identities.get(provider);
  if (identity === undefined) {
    identity = identify(provider);
    identities.set(provider, identity);
    identity.catch(() => identities.delete(provider)); // an outage now says nothing about later
  }
  return identity;
}

async function identify(provider: Provider): Promise<string> {
  const metadata = await rawRpc(provider, SIMULATION, []).catch(() => undefined);
  const { instanceId } = (metadata ?? {}) as { instanceId?: unknown };
  if (typeof instanceId === "string") return instanceId;
  const block = await chainCall("Reading block 0", provider.getBlock(0));
  return block?.hash ?? `nameless-${(nameless += 1)}`;
}
