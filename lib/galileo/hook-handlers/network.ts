import type { HookContext, NetworkHooks } from "hardhat/types/hooks";
import type { NetworkConnection } from "hardhat/types/network";

import { isLoopback } from "../../loopback.ts";
import { isNetworkName, networkNamed } from "../../networks.ts";
import { galileoOf, setGalileo } from "../connections.ts";
import type { Galileo } from "../galileo.ts";

type NextConnection<T extends string> = (context: HookContext) => Promise<NetworkConnection<T>>;

export default async (): Promise<Partial<NetworkHooks>> => ({
  async newConnection<T extends string>(context: HookContext, next: NextConnection<T>) {
    const connection = await next(context);
    const pinned = await pinLoopbackFork(context, connection);
    if (pinned !== undefined) return pinned;
    try {
      setGalileo(connection, await galileoFor(connection));
    } catch (error) {
      await connection.close();
      throw error;
    }
    return connection;
  },

  async closeConnection(context, connection, next) {
    await galileoOf(connection)?.close();
    await next(context, connection);
  },
});

/** What a network needs is imported only here: connections over HTTP load neither predeploys nor providers. */
async function galileoFor(connection: NetworkConnection<string>): Promise<Galileo | undefined> {
  const { networkName, networkConfig } = connection;
  if (networkConfig.type !== "edr-simulated" || !isNetworkName(networkName)) return undefined;
  const { attachEmbedded, attachFork } = await import("../attach.ts");
  const network = networkNamed(networkName);
  if (networkConfig.forking?.enabled !== true) return network.mode === "local" ? attachEmbedded(connection) : undefined;
  // `default` with a fork put over it, as tests do, is a fork of what `default` stands for.
  return attachFork(connection, network.mode === "fork" ? network : networkNamed("galileoFork"));
}

/**
 * Hardhat forks 128 blocks behind the tip, against reorganisations. A served embedded chain has none, and its contracts
 * are younger than that: it is forked at its tip.
 */
async function pinLoopbackFork<T extends string>(
  context: HookContext,
  connection: NetworkConnection<T>,
): Promise<NetworkConnection<T> | undefined> {
  const { networkConfig, networkName, chainType } = connection;
  if (networkConfig.type !== "edr-simulated" || networkConfig.forking?.enabled !== true) return undefined;
  const { forking } = networkConfig;
  if (forking.blockNumber !== undefined) return undefined;
  const url = await forking.url.getUrl();
  if (!isLoopback(new URL(url).hostname)) return undefined;
  const { latestBlock } = await import("../upstream.ts");
  const blockNumber = await latestBlock(url, fetch);
  await connection.close();
  return context.network.create({
    network: networkName,
    chainType,
    override: { forking: { enabled: true, url, blockNumber } },
  });
}
