/** What the tasks of the gateway share: its folder, its clients, and what their options mean. */

import path from "node:path";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { UsageError } from "../../lib/errors.ts";
import { assertClientName } from "../../lib/gateway/errors.ts";
import { gatewayFiles, type GatewayFiles } from "../../lib/gateway/gateway.ts";
import type { Network } from "../../lib/networks.ts";
import { parseAmount } from "../../lib/units.ts";
import { runtimeFolders } from "./folders.ts";

/** @throws {UsageError} on a network that ends with the command: nobody could use a gateway to it. */
export function gatewayFilesOf(hre: HardhatRuntimeEnvironment, network: Network): GatewayFiles {
  const folders = runtimeFolders(hre, network);
  if (folders !== undefined) return gatewayFiles(path.join(folders.base, "gateway"));
  throw new UsageError({
    message: `The chain of ${network.name} ends with this command, and with it all that a gateway could spend`,
    remedy: "Run npx hardhat galileo up in another terminal, and use --network localhost.",
    details: { network: network.name },
  });
}

/** Parses `alice,bob:0.5` into names and budgets in neuron. @throws {UsageError} */
export function parseClients(text: string): ReadonlyMap<string, bigint | undefined> {
  const clients = new Map<string, bigint | undefined>();
  for (const entry of text.split(",")) {
    const [name = "", budget, ...rest] = entry.trim().split(":");
    assertClientName(name);
    if (rest.length > 0 || clients.has(name)) {
      throw new UsageError({
        message: `--client ${JSON.stringify(entry)} is not a name or name:budget, or names a client twice`,
        remedy: "Give names with commas, each with a budget in 0G if it has one: alice,bob:0.5.",
        details: { client: entry },
      });
    }
    clients.set(name, budget === undefined ? undefined : parseAmount(budget, "budget"));
  }
  return clients;
}
