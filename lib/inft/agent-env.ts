/**
 * The environment of 0G's Go inference agent (`agent-inference`, internal/agent/config.go), filled in for a network and
 * an iNFT contract, so that the agent mints there without a change. Secrets are named, not printed.
 */

import { keyVariable } from "../env.ts";
import { DomainError, EXIT } from "../errors.ts";
import type { Address } from "../hex.ts";
import { isEphemeral, type Network } from "../networks.ts";

/** The agent signs for this chain whatever it is told. */
const AGENT_CHAIN_ID = 16602;

export interface AgentSetup {
  readonly network: Network;
  /** Where the agent reaches the chain. */
  readonly rpcUrl: string;
  readonly inft: Address;
  /** What the agent calls itself; it does not start without a name. */
  readonly agentId: string;
  /** The name of the key of its metadata. */
  readonly encryptionKeyId: string;
  /** Whether this project holds that key already, to open what the agent mints. */
  readonly encryptionKeyKnown: boolean;
}

/** One variable of the agent. Without a value it is for the user to fill in. */
export interface AgentVariable {
  readonly name: string;
  readonly value?: string;
  readonly comment: string;
}

/** The agent cannot work on this network. */
export class AgentNetworkError extends DomainError {
  constructor(network: Network, problem: string, remedy: string) {
    super("ZG_AGENT_NETWORK", EXIT.usage, `The Go inference agent cannot use ${network.name}: ${problem}`, remedy, {
      network: network.name,
      chainId: network.chainId,
    });
  }
}

/**
 * Asserts that the agent can work on a network.
 * @throws {AgentNetworkError} for one that ends with this process, or of another chain than the agent's.
 */
export function assertAgentNetwork(network: Network): void {
  if (isEphemeral(network)) {
    throw new AgentNetworkError(
      network,
      "it lives in this process and ends with it",
      "Serve one: npx hardhat galileo up, then add --network localhost.",
    );
  }
  if (network.chainId !== AGENT_CHAIN_ID) {
    throw new AgentNetworkError(
      network,
      `it is chain ${network.chainId}, and the agent signs for ${AGENT_CHAIN_ID} only`,
      "Add --network galileo, or --network localhost.",
    );
  }
}

/**
 * Lists the agent's variables. Reads nothing.
 * @throws {AgentNetworkError} see {@link assertAgentNetwork}.
 */
export function agentEnvironment(setup: AgentSetup): readonly AgentVariable[] {
  const { network } = setup;
  assertAgentNetwork(network);
  const keyFrom = keyVariable(network.name);
  const variables: Readonly<Record<string, Omit<AgentVariable, "name">>> = {
    INFERENCE_AGENT_ID: { value: setup.agentId, comment: "The agent does not start without one" },
    ZG_CHAIN_RPC: { value: setup.rpcUrl, comment: `${network.title}, chain ${network.chainId}` },
    ZG_CHAIN_PRIVATE_KEY: {
      comment:
        keyFrom === undefined
          ? "Fill in the key of a development account; others are refused here. It pays, and owns what the agent mints"
          : `Fill in the agent's own key, never printed here (this project's is in ${keyFrom}). It pays, and owns what the agent mints`,
    },
    ZG_SERVING_CONTRACT: {
      value: network.contracts.inferenceServing,
      comment: "InferenceServing, by which the agent finds providers",
    },
    ZG_INFT_CONTRACT: { value: setup.inft, comment: "Speaks the agent's own mint and updateEncryptedMetadata" },
    ZG_ENCRYPTION_KEY: {
      comment: setup.encryptionKeyKnown
        ? "Of the agent's metadata only: fill in the one this project has under the same name; it is not printed"
        : "Of the agent's metadata only: fill in 32 bytes in hexadecimal. A new one: openssl rand -hex 32",
    },
    ZG_ENCRYPTION_KEY_ID: { value: setup.encryptionKeyId, comment: "Stands in each envelope, to tell keys apart" },
    ZG_FLOW_CONTRACT: {
      value: network.contracts.storageFlow,
      comment: network.mode === "live" ? "0G Storage" : "0G Storage; an embedded network has none",
    },
    ZG_MOCK_MODE: { value: "false", comment: "true would put mocks in the place of all of the above" },
  };
  return Object.entries(variables).map(([name, variable]) => ({ name, ...variable }));
}

/** The variables as an `.env` file holds them, each under its comment; open ones commented out. */
export function asDotenv(variables: readonly AgentVariable[]): string[] {
  return variables.flatMap(({ name, value, comment }) => [
    `# ${comment}`,
    value === undefined ? `# ${name}=` : `${name}=${value}`,
  ]);
}
