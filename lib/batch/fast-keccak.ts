import { keccak256 } from "ethers";

import { toHex } from "../hex.ts";
import { keccak256 as byWebAssembly } from "../storage/keccak.ts";

/**
 * Has ethers hash with WebAssembly from now on, by the hook it has for that: a batch hashes addresses, commitments and
 * transactions thousands of times, and plain JavaScript takes seven times as long. The hashes are the same.
 */
export function hashFaster(): void {
  keccak256.register((data) => toHex(byWebAssembly(data)));
}
