import type { JsonRpcApiProvider, Provider } from "ethers";

import { EXIT, ZgError } from "../errors.ts";
import type { ReadContext } from "./context.ts";
import { chainCall } from "./revert.ts";

/** EIP-1559 fees of one transaction, in wei (1 wei is 1 neuron). */
export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** The price given for gas is one that no validator takes now. */
export class GasPriceTooLowError extends ZgError {
  constructor(values: { network: string; gasPrice: bigint; minimum: bigint }) {
    const { network, gasPrice, minimum } = values;
    super({
      code: "ZG_GAS_PRICE",
      exit: EXIT.precondition,
      message: `${gasPrice} neuron a unit of gas are too few on ${network}, which takes ${minimum} now`,
      remedy: `Give at least --gas-price ${minimum}neuron, or leave it out.`,
      details: values,
    });
  }
}

type RawProvider = Pick<JsonRpcApiProvider, "send">;

/** Calls JSON-RPC past the 250 ms answer cache of ethers' providers, which serves stale nonces on instant chains. */
export async function rawRpc(provider: Provider, method: string, params: unknown[]): Promise<unknown> {
  return (provider as unknown as RawProvider).send(method, params);
}

/**
 * Fees for the next transaction: a tip of at least the network's floor, because 0G's validators refuse less while
 * `eth_maxPriorityFeePerGas` may suggest 1 wei; room for the base fee to double.
 *
 * With `gasPrice` no unit of gas costs more than that, whatever the node suggests.
 * @throws {GasPriceTooLowError} when it does not cover base fee and floor. {@link RpcUnreachableError}
 */
export async function currentFees({ network, provider, gasPrice }: ReadContext): Promise<Fees> {
  const [block, suggested] = await chainCall(
    "Reading the fees",
    Promise.all([
      provider.getBlock("latest"),
      rawRpc(provider, "eth_maxPriorityFeePerGas", []).then((answer) => BigInt(answer as string)),
    ]),
  );
  const { priorityFeeFloor: floor, name } = network;
  const baseFee = block?.baseFeePerGas ?? 0n;
  const tip = suggested > floor ? suggested : floor;
  if (gasPrice === undefined) return { maxPriorityFeePerGas: tip, maxFeePerGas: tip + 2n * baseFee };
  const minimum = floor + baseFee;
  if (gasPrice < minimum) throw new GasPriceTooLowError({ network: name, gasPrice, minimum });
  return { maxPriorityFeePerGas: tip < gasPrice ? tip : gasPrice, maxFeePerGas: gasPrice };
}

/** Nodes take a second transaction of a nonce for a tenth more of both; an eighth more is that without rounding down. */
const BUMP = { numerator: 9n, denominator: 8n };

/** The least that replaces a transaction of these fees, and is not below what is paid now. */
export function bumpedFees(paid: Fees, now: Fees): Fees {
  const { numerator, denominator } = BUMP;
  const bumped = (value: bigint) => (value * numerator + denominator - 1n) / denominator;
  const larger = (a: bigint, b: bigint) => (a > b ? a : b);
  return {
    maxFeePerGas: larger(bumped(paid.maxFeePerGas), now.maxFeePerGas),
    maxPriorityFeePerGas: larger(bumped(paid.maxPriorityFeePerGas), now.maxPriorityFeePerGas),
  };
}

/** The account's next nonce, transactions in the pool included. */
export async function nextNonce(provider: Provider, address: string): Promise<number> {
  return Number(BigInt((await rawRpc(provider, "eth_getTransactionCount", [address, "pending"])) as string));
}
