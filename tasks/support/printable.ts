import { redact } from "../../lib/secrets.ts";

/**
 * Control characters, but line feed and tab, and marks that reverse the direction of text: with them, what a provider, a
 * model or a contract says could move the cursor, hide lines or forge a verdict on the user's terminal.
 */
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Text as a terminal may show it: no secrets, and what would command the terminal is spelled out, as `\u001b`. */
export function printable(text: string): string {
  return redact(text).replace(UNPRINTABLE, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
