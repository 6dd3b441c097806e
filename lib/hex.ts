import { getAddress, isAddress } from "ethers";

import { UsageError } from "./errors.ts";

/** `0x`-prefixed hexadecimal. */
export type Hex = `0x${string}`;
/** An EIP-55 checksummed address. */
export type Address = `0x${string}`;

export const ZERO_ADDRESS: Address = "0x0000000000000000000000000000000000000000";

/**
 * Parses an address from outside, in any casing whose checksum (if mixed) is right, into its EIP-55 form.
 * @throws {UsageError} when `text` is not an address.
 */
export function parseAddress(text: string, what = "address"): Address {
  if (!isAddress(text) || !text.startsWith("0x")) {
    throw new UsageError({
      message: `${JSON.stringify(text)} is not a valid ${what}`,
      remedy: "Give 0x and 40 hexadecimal digits; mixed case must match the EIP-55 checksum.",
      details: { [what]: text },
    });
  }
  return getAddress(text) as Address;
}

/** Checksums an address that a typed source (chain, signer) already vouches for. */
export function checksum(address: string): Address {
  return getAddress(address) as Address;
}

export function isHex(value: unknown): value is Hex {
  return typeof value === "string" && /^0x(?:[0-9a-fA-F]{2})*$/.test(value);
}

/** Bytes to `0x` hexadecimal. */
export function toHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;
}

/** `0x` hexadecimal to bytes. The caller has checked the text, e.g. with {@link isHex}. */
export function fromHex(hex: Hex): Uint8Array {
  return new Uint8Array(Buffer.from(hex.slice(2), "hex"));
}

/** `0x1234…cdef`, for people. Never for machines. */
export function shortAddress(address: string): string {
  return `${address.slice(0, 6)}…${address.slice(-4)}`;
}
