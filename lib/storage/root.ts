import type { Hex } from "../hex.ts";
import { StorageRootMalformedError } from "./errors.ts";

const ROOT = /^0x[0-9a-f]{64}$/;

/** @throws {StorageRootMalformedError} when `root` is not 0x and 64 lower-case hexadecimal digits. */
export function assertRoot(root: string): asserts root is Hex {
  if (!ROOT.test(root)) throw new StorageRootMalformedError(root);
}
