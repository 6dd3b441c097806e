import type { JsonRpcApiProvider, Provider } from "ethers";

import type { ReadContext } from "./context.ts";
import { chainCall } from "./revert.ts";

/** EIP-1559 fees of one transaction, in wei (1 wei is 1 neuron). */
export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

type RawProvider = Pick<JsonRpcApiProvider, "send">;

/** Calls JSON-RPC past the 250 ms answer cache of ethers' providers, which serves stale nonces on instant chains. */
export async function rawRpc(provider: Provider, method: string, params: unknown[]): Promise<unknown> {
  return (provider as unknown as RawProvider).send(method, params);
}

/**
 * Fees for the next transaction: a tip of at least the network's floor, because 0G's validators refuse less while
 * `eth_maxPriorityFeePerGas` may suggest 1 wei; room for the base fee to double.
 * @throws {RpcUnreachableError} when the node does not answer.
 */
export async function currentFees({ network, provider }: ReadContext): Promise<Fees> {
  const [block, suggested] = await chainCall(
    "Reading the fees",
    Promise.all([
      provider.getBlock("latest"),
      rawRpc(provider, "eth_maxPriorityFeePerGas", []).then((answer) => BigInt(answer as string)),
    ]),
  );
  const tip = suggested > network.priorityFeeFloor ? suggested : network.priorityFeeFloor;
  return { maxPriorityFeePerGas: tip, maxFeePerGas: tip + 2n * (block?.baseFeePerGas ?? 0n) };
}

/** The account's next nonce, transactions in the pool included. */
export async function nextNonce(provider: Provider, address: string): Promise<number> {
  return Number(BigInt((await rawRpc(provider, "eth_getTransactionCount", [address, "pending"])) as string));
}
