import { toHex } from "../../lib/hex.ts";
import { redact } from "../../lib/secrets.ts";

/** One line of JSON without secrets; bigint as decimal strings, bytes as 0x hexadecimal. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) => {
    if (typeof entry === "string") return redact(entry);
    if (typeof entry === "bigint") return redact(entry.toString());
    if (entry instanceof Uint8Array) return redact(toHex(entry));
    return entry;
  });
}
