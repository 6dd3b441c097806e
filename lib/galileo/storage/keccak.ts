import { createKeccak } from "hash-wasm";

// Compiling takes a millisecond, once a process; hashing is then synchronous.
const hasher = await createKeccak(256);

export function keccak256(bytes: Uint8Array): Uint8Array {
  return hasher.init().update(bytes).digest("binary");
}
