import type { NetworkConnection } from "hardhat/types/network";

import { chainCall } from "../../lib/chain/revert.ts";

/**
 * Asks the node of `localhost` for something that only `galileo up` knows. Undefined when the node is another one.
 * @param what is asked for, for the error.
 */
export async function askServed<T>(
  connection: NetworkConnection,
  method: string,
  what: string,
): Promise<T | undefined> {
  try {
    return (await chainCall(`Asking for the network's ${what}`, connection.provider.request({ method }))) as T;
  } catch (error) {
    if (isUnknownMethod(error)) return undefined;
    throw error;
  }
}

/** JSON-RPC's code for a method the node does not have, however deep it was wrapped. */
function isUnknownMethod(error: unknown, depth = 0): boolean {
  if (typeof error !== "object" || error === null || depth > 4) return false;
  const { code, error: inner, cause } = error as Record<"code" | "error" | "cause", unknown>;
  return code === -32601 || code === -32004 || [inner, cause].some((nested) => isUnknownMethod(nested, depth + 1));
}
