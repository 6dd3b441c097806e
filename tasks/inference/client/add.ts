import { ClientsFile } from "../../../lib/gateway/clients.ts";
import { reveal } from "../../../lib/secrets.ts";
import { parseAmount, withUnit } from "../../../lib/units.ts";
import { action, type Answer } from "../../support/action.ts";
import { required } from "../../support/arguments.ts";
import { selectedNetwork } from "../../support/connection.ts";
import { gatewayFilesOf } from "../../support/gateway.ts";

interface Arguments {
  readonly name: string;
  readonly budget: string | undefined;
}

export default action<Arguments>(async (args, hre): Promise<Answer> => {
  const name = required(args.name, "The client's name", "inference client add alice --budget 0.5");
  const budget = args.budget === undefined ? undefined : parseAmount(args.budget, "budget");
  const network = selectedNetwork(hre);
  const { clients } = gatewayFilesOf(hre, network);
  const key = await new ClientsFile(clients).put(name, budget);
  if (key !== undefined) reveal(key);
  const limit = budget === undefined ? "no budget of its own" : `a budget of ${withUnit(budget)}`;
  return {
    data: { network: network.name, name, budget: budget ?? null, key: key ?? null, file: clients },
    text:
      key === undefined
        ? [`${name} keeps its key and has ${limit} now`]
        : [`${name} has ${limit}; its key, shown only now:`, key],
  };
});
