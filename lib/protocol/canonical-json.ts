/**
 * JSON exactly as a provider's broker writes it when it has to rewrite a request (Go's `encoding/json`): keys sorted
 * by their UTF-8 bytes at every level, no white space, `<` `>` `&` U+2028 U+2029 escaped. A request sent in this form
 * survives the rewriting byte for byte, so its hash can be checked against the signed text.
 */

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

// Control characters, quote, backslash, and what Go escapes so that JSON can stand in HTML and JavaScript.
const ESCAPED = /[\u0000-\u001f"\\<>&\u2028\u2029]/g;

function quote(text: string): string {
  // A lone surrogate has no UTF-8; Go reads it as U+FFFD and writes that.
  const wellFormed = text.replace(/\p{Surrogate}/gu, "\ufffd");
  const escaped = wellFormed.replace(
    ESCAPED,
    (char) => SHORT_ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${escaped}"`;
}

/**
 * Go keeps every number as a float64 and prints the shortest digits that read back the same, in plain notation between
 * 1e-6 and 1e21: exactly what JavaScript prints, but for the sign of minus zero. Integers above 2^53 are therefore
 * rounded by the broker too; whoever needs such a number sends it as a string.
 */
function number(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be written as JSON`);
  return Object.is(value, -0) ? "-0" : String(value);
}

function byUtf8([a]: [string, unknown], [b]: [string, unknown]): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * Writes a JSON value in canonical form. Members that are `undefined` are left out, as `JSON.stringify` does.
 * @throws {TypeError} for what JSON cannot hold (functions, NaN) and for bigint, which the broker would round.
 * @example canonicalJson({ b: 1, a: "<" }) // {"a":"\u003c","b":1}
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") return number(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(byUtf8)
      .map(([key, member]) => `${quote(key)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  throw new TypeError(`a ${typeof value} cannot be written as JSON`);
}
