import { parseAddress, type Address } from "../../lib/hex.ts";

/** Parses addresses separated by commas, each once. @throws {UsageError} */
export function parseUsers(text: string): Address[] {
  return [...new Set(text.split(",").map((user) => parseAddress(user.trim(), "user address")))];
}
