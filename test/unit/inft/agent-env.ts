import { expect } from "chai";

import { agentEnvironment, AgentNetworkError, asDotenv, type AgentSetup } from "../../../lib/inft/agent-env.ts";
import { networkNamed, type NetworkName } from "../../../lib/networks.ts";

const INFT = "0x5FbDB2315678afecb367f032d93F642f64180aa3";

function setup(network: NetworkName, changes: Partial<AgentSetup> = {}): AgentSetup {
  return {
    network: networkNamed(network),
    rpcUrl: "http://127.0.0.1:8545",
    inft: INFT,
    agentId: "agent-7",
    encryptionKeyId: "default",
    encryptionKeyKnown: false,
    ...changes,
  };
}
function valuesOf(given: AgentSetup): Record<string, string | undefined> {
  return Object.fromEntries(agentEnvironment(given).map(({ name, value }) => [name, value]));
}
function thrown(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

describe("the Go inference agent's environment", () => {
  it("names the network's contracts and the iNFT", () => {
    const { contracts } = networkNamed("galileo");
    expect(valuesOf(setup("galileo", { rpcUrl: "https://evmrpc-testnet.0g.ai" }))).to.deep.equal({
      INFERENCE_AGENT_ID: "agent-7",
      ZG_CHAIN_RPC: "https://evmrpc-testnet.0g.ai",
      ZG_CHAIN_PRIVATE_KEY: undefined,
      ZG_SERVING_CONTRACT: contracts.inferenceServing,
      ZG_INFT_CONTRACT: INFT,
      ZG_ENCRYPTION_KEY: undefined,
      ZG_ENCRYPTION_KEY_ID: "default",
      ZG_FLOW_CONTRACT: contracts.storageFlow,
      ZG_MOCK_MODE: "false",
    });
  });

  it("leaves what is secret open, and says where it comes from", () => {
    const lines = asDotenv(agentEnvironment(setup("galileo")));
    expect(lines).to.include.members(["# ZG_CHAIN_PRIVATE_KEY=", "# ZG_ENCRYPTION_KEY="]);
    expect(lines[lines.indexOf("# ZG_CHAIN_PRIVATE_KEY=") - 1]).to.include("GALILEO_PRIVATE_KEY");
    const local = asDotenv(agentEnvironment(setup("localhost")));
    expect(local[local.indexOf("# ZG_CHAIN_PRIVATE_KEY=") - 1]).to.include("development account");
  });

  it("is a file that a shell and Node read: every variable once, each under its comment", () => {
    const lines = asDotenv(agentEnvironment(setup("localhost")));
    for (const [index, line] of lines.entries()) expect(line).to.match(index % 2 === 0 ? /^# \S/ : /^(# )?[A-Z_]+=/);
  });

  it("prints no secret, and says of the encryption key whether this project has it", () => {
    const keyLine = (encryptionKeyKnown: boolean) => {
      const lines = asDotenv(agentEnvironment(setup("localhost", { encryptionKeyKnown })));
      return lines[lines.indexOf("# ZG_ENCRYPTION_KEY=") - 1];
    };
    expect(keyLine(true)).to.include("under the same name");
    expect(keyLine(false)).to.include("openssl rand -hex 32");
  });

  for (const [network, why] of [
    ["default", "it lives in this process"],
    ["galileoFork", "it lives in this process"],
    ["aristotle", "it is chain 16661"],
  ] as const) {
    it(`refuses ${network}: ${why}`, () => {
      const error = thrown(() => agentEnvironment(setup(network)));
      expect(error).to.be.instanceOf(AgentNetworkError);
      expect((error as Error).message).to.include(why);
    });
  }
});
