/**
 * keccak-256 by WebAssembly. 0G's tree hashes every 256 bytes apart; plain JavaScript takes seven times as long. One core
 * does a tree at 150 MB a second and more, so that worker threads would cost more memory than they save time.
 */

import { createKeccak } from "hash-wasm";

// Compiling takes a millisecond, once a process; hashing is then synchronous.
const hasher = await createKeccak(256);

/** The hash of `bytes`, in an array of its own. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return hasher.init().update(bytes).digest("binary");
}
