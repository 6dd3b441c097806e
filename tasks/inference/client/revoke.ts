import { ClientsFile } from "../../../lib/gateway/clients.ts";
import { action, type Answer } from "../../support/action.ts";
import { required } from "../../support/arguments.ts";
import { selectedNetwork } from "../../support/connection.ts";
import { gatewayFilesOf } from "../../support/gateway.ts";

interface Arguments {
  readonly name: string;
}

export default action<Arguments>(async (args, hre): Promise<Answer> => {
  const name = required(args.name, "The client's name", "inference client revoke alice");
  const network = selectedNetwork(hre);
  await new ClientsFile(gatewayFilesOf(hre, network).clients).revoke(name);
  return { data: { network: network.name, name, revoked: true }, text: [`${name}'s key opens nothing any more`] };
});
