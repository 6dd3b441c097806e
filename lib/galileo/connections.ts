import type { NetworkConnection } from "hardhat/types/network";

import type { RpcPool } from "../chain/rpc-pool.ts";
import { GalileoUnavailableError } from "./errors.ts";
import type { Galileo } from "./galileo.ts";

const attached = new WeakMap<object, Galileo>();

/** The Galileo of a connection, if its network has one in this process. */
export function galileoOf(connection: NetworkConnection<string>): Galileo | undefined {
  return attached.get(connection);
}

const pools = new WeakMap<object, RpcPool>();

/** The nodes behind a connection over HTTP. */
export function rpcPoolOf(connection: NetworkConnection<string>): RpcPool | undefined {
  return pools.get(connection);
}

export function setRpcPool(connection: NetworkConnection<string>, pool: RpcPool): void {
  pools.set(connection, pool);
}

/** Sets `connection.galileo`; without one, asking for it is an error that says where there is one. */
export function setGalileo(connection: NetworkConnection<string>, galileo: Galileo | undefined): void {
  if (galileo !== undefined) attached.set(connection, galileo);
  Object.defineProperty(connection, "galileo", {
    configurable: true,
    get: () => {
      if (galileo === undefined) throw new GalileoUnavailableError(connection.networkName);
      return galileo;
    },
  });
}
