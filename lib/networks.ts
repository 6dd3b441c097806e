import { UsageError } from "./errors.ts";
import type { Address } from "./hex.ts";

/** How real an artefact is. Every receipt, record and JSON answer carries it. */
export type Mode = "live" | "fork" | "local" | "replay";

/** Addresses of 0G's contracts: always the proxy one calls. Source: 0g-serving-contract, deployments; 0G docs (Flow). */
export interface ZgContracts {
  readonly ledgerManager: Address;
  readonly inferenceServing: Address;
  readonly fineTuningServing: Address;
  readonly storageFlow: Address;
}

export interface NetworkDefinition {
  readonly chainId: number;
  readonly mode: Exclude<Mode, "replay">;
  /** The live network whose contracts stand here. */
  readonly upstream: "galileo" | "aristotle";
  readonly title: string;
  readonly contracts: ZgContracts;
  readonly explorer?: string;
  readonly explorerApi?: string;
  readonly storageIndexer?: string;
  /**
   * Blocks to see on top of a transaction's before its receipt is believed; 0 where one node makes all blocks. 0G's
   * validators vote on each block before the next (CometBFT), so that one suffices to notice a node that was ahead of them.
   */
  readonly confirmations: number;
  /** Validators refuse a smaller tip, even when `eth_maxPriorityFeePerGas` suggests one. */
  readonly priorityFeeFloor: bigint;
  /** Names for providers whose addresses are known beforehand: those of the embedded network and of forks. */
  readonly aliases?: Readonly<Record<string, Address>>;
  readonly faucet?: { readonly url: string; readonly neuronPerDay: bigint };
  /** Only the published development keys may sign here (true), or must not (false): chain 16602 is public. */
  readonly developmentKeysOnly: boolean;
}

const GALILEO_CONTRACTS = {
  ledgerManager: "0xE70830508dAc0A97e6c087c75f402f9Be669E406",
  inferenceServing: "0xa79F4c8311FF93C06b8CfB403690cc987c93F91E",
  fineTuningServing: "0xC6C075D8039763C8f1EbE580be5ADdf2fd6941bA",
  storageFlow: "0x22E03a6A89B950F1c82ec5e74F8eCa321a105296",
} as const satisfies ZgContracts;

const ARISTOTLE_CONTRACTS = {
  ledgerManager: "0x2dE54c845Cd948B72D2e32e39586fe89607074E3",
  inferenceServing: "0x47340d900bdFec2BD393c626E12ea0656F938d84",
  fineTuningServing: "0x4e3474095518883744ddf135b7E0A23301c7F9c0",
  storageFlow: "0x62D4144dB0F0a6fBBaeb6296c785C71B3D57C526",
} as const satisfies ZgContracts;

/** Published development accounts, see `ROLES`: 10 to 12 on the embedded network, 13 to 15 on a fork. */
const EMBEDDED_PROVIDERS = {
  "provider-0": "0xBcd4042DE499D14e55001CcbB24a551F3b954096",
  "provider-1": "0x71bE63f3384f5fb98995898A86B02Fb2426c5788",
  "provider-2": "0xFABB0ac9d68B0B445fB7357272Ff202C5651694a",
} as const;
const FORK_PROVIDERS = {
  "provider-0": "0x1CBd3b2770909D4e10f157cABC84C7264073C9Ec",
  "provider-1": "0xdF3e18d64BC6A983f673Ab319CCaE4f1a57C7097",
  "provider-2": "0xcd3B766CCDd6AE721141F452C550Ca635964ce71",
} as const;

const GALILEO = {
  chainId: 16602,
  upstream: "galileo",
  contracts: GALILEO_CONTRACTS,
  priorityFeeFloor: 2_000_000_000n,
} as const;

const ARISTOTLE = {
  chainId: 16661,
  upstream: "aristotle",
  contracts: ARISTOTLE_CONTRACTS,
  priorityFeeFloor: 2_000_000_000n,
} as const;

/** Every network, keyed by the name given to `--network`. The chain id is asserted on connect, never used to pick. */
export const NETWORKS = {
  default: {
    ...GALILEO,
    mode: "local",
    confirmations: 0,
    title: "embedded Galileo, in this process",
    developmentKeysOnly: true,
    aliases: EMBEDDED_PROVIDERS,
  },
  localhost: {
    ...GALILEO,
    mode: "local",
    confirmations: 0,
    title: "embedded Galileo, served by `galileo up`",
    developmentKeysOnly: true,
    aliases: EMBEDDED_PROVIDERS,
  },
  galileo: {
    ...GALILEO,
    mode: "live",
    confirmations: 1,
    title: "0G Galileo testnet",
    developmentKeysOnly: false,
    explorer: "https://chainscan-galileo.0g.ai",
    explorerApi: "https://chainscan-galileo.0g.ai/open/api",
    storageIndexer: "https://indexer-storage-testnet-turbo.0g.ai",
    faucet: { url: "https://faucet.0g.ai", neuronPerDay: 100_000_000_000_000_000n },
  },
  galileoFork: {
    ...GALILEO,
    mode: "fork",
    confirmations: 0,
    title: "a local fork of Galileo",
    developmentKeysOnly: true,
    aliases: FORK_PROVIDERS,
  },
  aristotle: {
    ...ARISTOTLE,
    mode: "live",
    confirmations: 1,
    title: "0G Aristotle mainnet",
    developmentKeysOnly: false,
    explorer: "https://chainscan.0g.ai",
    explorerApi: "https://chainscan.0g.ai/open/api",
    storageIndexer: "https://indexer-storage-turbo.0g.ai",
  },
  aristotleFork: {
    ...ARISTOTLE,
    mode: "fork",
    confirmations: 0,
    title: "a local fork of Aristotle",
    developmentKeysOnly: true,
    aliases: FORK_PROVIDERS,
  },
} as const satisfies Record<string, NetworkDefinition>;

export type NetworkName = keyof typeof NETWORKS;

/** A registry entry together with its name. */
export interface Network extends NetworkDefinition {
  readonly name: NetworkName;
}

export function isNetworkName(name: string): name is NetworkName {
  return Object.hasOwn(NETWORKS, name);
}

/**
 * Looks a network up by name.
 * @throws {UsageError} when it is not registered; there is no default.
 */
export function networkNamed(name: string): Network {
  if (!isNetworkName(name)) {
    throw new UsageError({
      message: `There is no network named ${JSON.stringify(name)}`,
      remedy: `Use one of: ${Object.keys(NETWORKS).join(", ")}.`,
      details: { network: name, known: Object.keys(NETWORKS) },
    });
  }
  return { name, ...NETWORKS[name] };
}

/** Whether the chain lives in this process and ends with it: then nothing is kept of what happens on it. */
export function isEphemeral({ name, mode }: Pick<Network, "name" | "mode">): boolean {
  return name === "default" || mode === "fork";
}

/** The link to a transaction or address for people, on networks that have an explorer. */
export function explorerLink(network: NetworkDefinition, kind: "tx" | "address", id: string): string | undefined {
  return network.explorer === undefined ? undefined : `${network.explorer}/${kind}/${id}`;
}
