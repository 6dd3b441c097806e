import { ClientsFile } from "../../../lib/gateway/clients.ts";
import { readSpending } from "../../../lib/gateway/spending-log.ts";
import { format0g } from "../../../lib/units.ts";
import { action, type Answer } from "../../support/action.ts";
import { selectedNetwork } from "../../support/connection.ts";
import { gatewayFilesOf } from "../../support/gateway.ts";
import { table } from "../../support/table.ts";

export default action<object>(async (_args, hre): Promise<Answer> => {
  const network = selectedNetwork(hre);
  const files = gatewayFilesOf(hre, network);
  const spent = await readSpending(files.spending);
  const clients = new ClientsFile(files.clients).read().map(({ name, budget, createdAt }) => ({
    name,
    budget: budget ?? null,
    spent: spent.get(name) ?? 0n,
    createdAt: new Date(createdAt).toISOString(),
  }));
  if (clients.length === 0) {
    return { data: { network: network.name, clients }, text: ["no clients yet; the first start makes the owner"] };
  }
  const rows = clients.map(({ name, budget, spent: used, createdAt }) => [
    name,
    format0g(used),
    budget === null ? "none" : format0g(budget),
    createdAt,
  ]);
  return {
    data: { network: network.name, clients },
    text: table([["client", "spent 0G", "budget 0G", "made"], ...rows], ["left", "right", "right", "left"]),
  };
});
