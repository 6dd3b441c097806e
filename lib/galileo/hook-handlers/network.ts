import type { HookContext, NetworkHooks } from "hardhat/types/hooks";
import type { NetworkConnection } from "hardhat/types/network";

import { isLoopback } from "../../loopback.ts";
import { isNetworkName, networkNamed } from "../../networks.ts";
import type { RpcPool } from "../../chain/rpc-pool.ts";
import { rpcSetting, rpcUrls } from "../../env.ts";
import { galileoOf, rpcPoolOf, setGalileo, setRpcPool } from "../connections.ts";
import type { Galileo } from "../galileo.ts";

type NextConnection<T extends string> = (context: HookContext) => Promise<NetworkConnection<T>>;

export default async (): Promise<Partial<NetworkHooks>> => ({
  async newConnection<T extends string>(context: HookContext, next: NextConnection<T>) {
    const connection = await next(context);
    const pinned = await pinLoopbackFork(context, connection);
    if (pinned !== undefined) return pinned;
    const pool = await poolFor(connection);
    if (pool !== undefined) setRpcPool(connection, pool);
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
    rpcPoolOf(connection)?.close();
    await next(context, connection);
  },

  async onRequest(context, connection, request, next) {
    const pool = rpcPoolOf(connection);
    if (pool === undefined || SIGNED_BY_HARDHAT.test(request.method)) return next(context, connection, request);
    const { id, method, params = [] } = request;
    const { result, error } = await pool.request({ method, params: params as readonly unknown[] });
    return error === undefined ? { jsonrpc: "2.0", id, result } : { jsonrpc: "2.0", id, error };
  },
});

/** What Hardhat answers with keys of its own, or signs and sends; it knows the first address alone. */
const SIGNED_BY_HARDHAT = /^(?:eth_accounts|eth_requestAccounts|eth_sendTransaction|eth_sign.*|personal_.*|wallet_.*)$/;

/** The nodes of a connection over HTTP: those of its network, unless the connection was told another address. */
async function poolFor({ networkName, networkConfig }: NetworkConnection<string>): Promise<RpcPool | undefined> {
  if (networkConfig.type !== "http" || !isNetworkName(networkName) || networkName === "default") return undefined;
  const url = await networkConfig.url.getUrl();
  const urls = rpcUrls(rpcSetting(networkName).value);
  const { RpcPool: Pool } = await import("../../chain/rpc-pool.ts");
  const limits = { requestMs: networkConfig.timeout };
  return new Pool({ network: networkNamed(networkName), urls: urls[0] === url ? urls : [url], limits });
}

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
