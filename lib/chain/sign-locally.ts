/**
 * Signs transactions of EIP-1559 on bytes. ethers does the same on hexadecimal text, which for the tens of kilobytes of a
 * batch takes longer than a node takes to execute it.
 */

import { keccak256, type BaseWallet } from "ethers";

import { fromHex, toHex, type Address, type Hex } from "../hex.ts";

export interface UnsignedTransaction {
  readonly chainId: number;
  readonly nonce: number;
  readonly maxPriorityFeePerGas: bigint;
  readonly maxFeePerGas: bigint;
  readonly gasLimit: bigint;
  /** Null creates a contract. */
  readonly to: Address | null;
  readonly value: bigint;
  readonly data: Hex;
}

const TYPE = 2;
const STRING = 0x80;
const LIST = 0xc0;
/** Up to so many bytes the length stands in the first byte. */
const SHORT = 55;

/** RLP, yellow paper, appendix B: numbers without leading zeros. */
function numberBytes(value: bigint | number): Uint8Array {
  const digits = value.toString(16);
  return BigInt(value) === 0n
    ? new Uint8Array(0)
    : Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
}

function header(length: number, kind: typeof STRING | typeof LIST): Uint8Array {
  if (length <= SHORT) return Uint8Array.of(kind + length);
  const size = numberBytes(length);
  return Uint8Array.of(kind + SHORT + size.length, ...size);
}

function item(bytes: Uint8Array): Uint8Array {
  const [first] = bytes;
  if (bytes.length === 1 && first !== undefined && first < STRING) return bytes;
  return Buffer.concat([header(bytes.length, STRING), bytes]);
}

function envelope(items: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(items);
  return Buffer.concat([Uint8Array.of(TYPE), header(body.length, LIST), body]);
}

/** The signed transaction as a node takes it, and its hash. */
export function signLocally(
  wallet: BaseWallet,
  transaction: UnsignedTransaction,
): { readonly raw: Hex; readonly hash: Hex } {
  const { chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to, value, data } = transaction;
  const fields = [
    ...[chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit].map((number) => item(numberBytes(number))),
    item(to === null ? new Uint8Array(0) : fromHex(to)),
    item(numberBytes(value)),
    item(fromHex(data)),
    header(0, LIST), // no access list
  ];
  const { yParity, r, s } = wallet.signingKey.sign(keccak256(envelope(fields)));
  const signed = envelope([...fields, ...[yParity, BigInt(r), BigInt(s)].map((number) => item(numberBytes(number)))]);
  return { raw: toHex(signed), hash: keccak256(signed) as Hex };
}
