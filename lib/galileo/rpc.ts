/** The few JSON-RPC calls that move the simulated chain. They bypass ethers: no answer cache, no fee lookups. */

import { revertDataOf, decodeRevert } from "../chain/revert.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import { GalileoBootError } from "./errors.ts";

/** What an EIP-1193 provider offers; Hardhat's `connection.provider` is one. */
export interface Eip1193 {
  request(request: { method: string; params?: unknown[] }): Promise<unknown>;
}

export function quantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}

export interface RawTransaction {
  readonly what: string;
  readonly from: Address;
  readonly to?: Address;
  readonly data: Hex;
  readonly value?: bigint;
}

const GAS = quantity(8_000_000);
/** Of a legacy transaction, well above the base fee; given, so that nothing is looked up. */
const GAS_PRICE = quantity(2_500_000_000n);

/**
 * Sends from an account the chain holds or impersonates, and makes sure it succeeded.
 * @throws {GalileoBootError} when the chain refuses it.
 */
export async function sendRaw(rpc: Eip1193, { what, from, to, data, value }: RawTransaction): Promise<void> {
  const transaction = {
    from,
    data,
    gas: GAS,
    gasPrice: GAS_PRICE,
    ...(to === undefined ? {} : { to }),
    ...(value === undefined ? {} : { value: quantity(value) }),
  };
  try {
    const hash = await rpc.request({ method: "eth_sendTransaction", params: [transaction] });
    // Hardhat throws for a failed transaction unless the network's `throwOnTransactionFailures` is off.
    const receipt = await rpc.request({ method: "eth_getTransactionReceipt", params: [hash] });
    if ((receipt as { status: Hex }).status !== "0x1") throw new Error("the transaction failed");
  } catch (error) {
    const revert = revertDataOf(error);
    const reason = revert === undefined ? (error as Error).message : decodeRevert(revert).name;
    throw new GalileoBootError({ what, reason }, error);
  }
}

export async function codeAt(rpc: Eip1193, address: Address): Promise<Hex> {
  return (await rpc.request({ method: "eth_getCode", params: [address, "latest"] })) as Hex;
}

export async function setBalance(rpc: Eip1193, address: Address, neuron: bigint): Promise<void> {
  await rpc.request({ method: "hardhat_setBalance", params: [address, quantity(neuron)] });
}

export async function balanceOf(rpc: Eip1193, address: Address): Promise<bigint> {
  return BigInt((await rpc.request({ method: "eth_getBalance", params: [address, "latest"] })) as Hex);
}

/** Lets `act` send as `address`, an account whose key the chain does not hold. */
export async function impersonating<T>(rpc: Eip1193, address: Address, act: () => Promise<T>): Promise<T> {
  await rpc.request({ method: "hardhat_impersonateAccount", params: [address] });
  try {
    return await act();
  } finally {
    await rpc.request({ method: "hardhat_stopImpersonatingAccount", params: [address] });
  }
}

/** As {@link impersonating}, with `funds` for value and gas, leaving the balance the account had. */
export async function impersonatingWith<T>(
  rpc: Eip1193,
  address: Address,
  funds: bigint,
  act: () => Promise<T>,
): Promise<T> {
  const before = await balanceOf(rpc, address);
  await setBalance(rpc, address, before + funds);
  try {
    return await impersonating(rpc, address, act);
  } finally {
    await setBalance(rpc, address, before);
  }
}

/** Moves the clock and makes a block carry the new time. */
export async function passTime(rpc: Eip1193, seconds: bigint): Promise<void> {
  await rpc.request({ method: "evm_increaseTime", params: [quantity(seconds)] });
  await rpc.request({ method: "evm_mine", params: [] });
}

export async function readAddress(rpc: Eip1193, to: Address, data: Hex): Promise<Address> {
  const word = (await rpc.request({ method: "eth_call", params: [{ to, data }, "latest"] })) as Hex;
  return checksum(`0x${word.slice(-40)}`);
}
