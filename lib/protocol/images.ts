/** Images as requests ask for them and answers hold them. */

import { definedText, members } from "./members.ts";

/** One image of an answer: its bytes, or where the provider keeps it for a while. */
export type ImageEntry = { readonly bytes: Uint8Array } | { readonly url: string };

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Decodes standard base64 as Go does: padded, and nothing else in it but line ends. */
function decoded(text: string): Uint8Array | undefined {
  const bare = text.replaceAll(/[\r\n]/g, "");
  return bare !== "" && BASE64.test(bare) ? new Uint8Array(Buffer.from(bare, "base64")) : undefined;
}

function entry(value: unknown): ImageEntry | undefined {
  const base64 = definedText(members(value)["b64_json"]);
  if (base64 !== undefined) {
    const bytes = decoded(base64);
    return bytes === undefined ? undefined : { bytes };
  }
  const url = definedText(members(value)["url"]);
  return url === undefined ? undefined : { url };
}

/** The images of an answer's body, already parsed from JSON. Undefined when it has no list, or an entry is neither. */
export function imagesOf(body: unknown): readonly ImageEntry[] | undefined {
  const data = members(body)["data"];
  if (!Array.isArray(data)) return undefined;
  const entries = (data as unknown[]).map(entry).filter((image) => image !== undefined);
  return entries.length === data.length ? entries : undefined;
}

/**
 * How many images a request is charged for: its `n`, else one. JSON may have a number only; a form has text.
 * @param stated as the request has it.
 */
export function billedImages(stated: unknown): number {
  const value = typeof stated === "string" && /^\d{1,9}$/.test(stated) ? Number(stated) : stated;
  if (typeof value !== "number" || !Number.isFinite(value)) return 1;
  const whole = Math.trunc(value);
  return whole > 0 ? whole : 1;
}

const SIGNATURES: readonly (readonly [extension: string, start: string, offset: number])[] = [
  ["png", "89504e470d0a1a0a", 0],
  ["jpg", "ffd8ff", 0],
  ["gif", "47494638", 0],
  ["webp", "57454250", 8],
];

/** The file extension of an image by its first bytes; `bin` for what is none of the common ones. */
export function imageExtension(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.subarray(0, 16)).toString("hex");
  return SIGNATURES.find(([, start, offset]) => hex.startsWith(start, offset * 2))?.[0] ?? "bin";
}
