import { agentEnvironment, assertAgentNetwork, asDotenv } from "../../lib/inft/agent-env.ts";
import { rpcSetting, rpcUrls, setting } from "../../lib/env.ts";
import type { NetworkName } from "../../lib/networks.ts";
import { action, type Answer } from "../support/action.ts";
import { selectedNetwork, withConnection } from "../support/connection.ts";
import { locateInft } from "../support/inft.ts";

interface Arguments {
  readonly inft: string | undefined;
  readonly agentId: string;
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  assertAgentNetwork(selectedNetwork(hre));
  return withConnection(
    hre,
    async (open) => {
      const { network } = open;
      const { address: inft } = await locateInft(open, args.inft);
      const variables = agentEnvironment({
        network,
        rpcUrl: rpcUrls(rpcSetting(network.name as Exclude<NetworkName, "default">).value)[0],
        inft,
        agentId: args.agentId,
        encryptionKeyId: setting("ZG_ENCRYPTION_KEY_ID")?.value ?? "default",
        encryptionKeyKnown: setting("ZG_ENCRYPTION_KEY") !== undefined,
      });
      return { data: { network: network.name, inft, variables }, text: asDotenv(variables) };
    },
    io,
  );
});
