import { toHex } from "../../lib/hex.ts";

/** One line of JSON; bigint as decimal strings, bytes as 0x hexadecimal. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) => {
    if (typeof entry === "bigint") return entry.toString();
    if (entry instanceof Uint8Array) return toHex(entry);
    return entry;
  });
}
