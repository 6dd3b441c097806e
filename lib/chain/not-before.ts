/** Reads that see at least what was done before: nodes behind one address, or several addresses, are not equally far. */

import type { Provider, TransactionRequest } from "ethers";

import type { ReadContext } from "./context.ts";
import { chainCall } from "./revert.ts";

/**
 * A context whose calls of contracts are answered from the state of one block: the node's latest, and none before `block`.
 * A node that does not have that block yet fails, where it would have answered from an older state, which may show money
 * missing that has long arrived. Reads the block number, unless `block` is 0: then everything stays as it is.
 */
export async function notBefore<Reading extends ReadContext>(ctx: Reading, block: number): Promise<Reading> {
  if (block === 0) return ctx;
  const head = await chainCall("Reading the latest block number", ctx.provider.getBlockNumber());
  return { ...ctx, provider: pinned(ctx.provider, Math.max(head, block)) };
}

function pinned(provider: Provider, block: number): Provider {
  const call = async (request: TransactionRequest) => {
    const { blockTag = "latest" } = request;
    return provider.call({ ...request, blockTag: blockTag === "latest" ? block : blockTag });
  };
  return new Proxy(provider, {
    get(target, name) {
      if (name === "call") return call;
      const member: unknown = Reflect.get(target, name, target);
      // Bound, because providers keep their state in private fields.
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}
