/**
 * What must never be shown: keys, tokens, and addresses that carry them. Whoever reads a secret says so here once; whatever
 * leaves the process as text passes {@link redact}, so that no message, quote or stack has to be careful.
 */

const MASK = "[redacted]";
/** Shorter ones would blot out ordinary words. Every key this project knows is longer. */
const SHORTEST = 8;

/**
 * Session tokens, the signature at the end of one that was decoded, and keys of our own servers: known by their form, so
 * that nobody has to name them. Source: `formatSessionToken` and `newKey`.
 */
const TOKENS = /\b(?:app-sk-[A-Za-z0-9+/_=-]{8,}|(?:sk-zg-|zgj-)[\w-]{16,})|(?<=\|)0x[0-9a-f]{130}/gi;
const MARKS = ["sk-", "zgj-", "|0x"];
const IN_URL = /:\/\/[^\s/@"'<>]*:[^\s/@"'<>]+@/g;

/** Patterns of each secret, by the secret: so that one can be taken back. */
const known = new Map<string, readonly string[]>();
const revealed = new Set<string>();
let combined: RegExp | undefined;

/**
 * Makes sure that a text is never shown, in any of the spellings it is met in: as it is, escaped for JSON or URLs, in
 * base64; and of a 32-byte key also in either case, with or without `0x`, as a decimal, and byte by byte.
 */
export function keepSecret(secret: string | Uint8Array | undefined): void {
  if (secret === undefined) return;
  const text = typeof secret === "string" ? secret.trim() : Buffer.from(secret).toString("hex");
  if (text.length < SHORTEST || known.has(text) || revealed.has(text) || isNobodys(text)) return;
  known.set(text, spellings(text));
  combined = undefined;
}

/** Takes note of what an address carries: a user's name and password, and what stands in its query and path. */
export function keepSecretsOfUrl(address: string | undefined, { path = true } = {}): void {
  for (const text of address?.split(/[\s,]+/) ?? []) {
    if (!URL.canParse(text)) continue;
    const { username, password, pathname, searchParams, search } = new URL(text);
    for (const part of [password, decoded(password), ...searchParams.values()]) keepSecret(part);
    if (password !== "") keepSecret(Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64"));
    if (search.length > 1) keepSecret(search.slice(1));
    if (path) for (const segment of pathname.split("/")) if (looksLikeKey(segment)) keepSecret(segment);
  }
}

/** Providers of nodes put keys into the path; names of services and methods are words. */
function looksLikeKey(segment: string): boolean {
  return segment.length >= 16 && (/\d/.test(segment) || segment.length >= 32);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray % stands for itself
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}

/** A number with few different bytes is no key that was drawn, and stands in many a place that is no secret. */
function isNobodys(text: string): boolean {
  const bytes = keyBytes(text);
  return bytes !== undefined && new Set(bytes).size < SHORTEST;
}

function spellings(text: string): readonly string[] {
  const bytes = keyBytes(text);
  const plain = [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), ...base64Of(Buffer.from(text))];
  if (bytes === undefined) return plain.map(escaped);
  const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
  const decimal = BigInt(`0x${pairs.join("")}`).toString();
  return [
    `(?:0x)?${pairs.join("[\\s:]?")}`,
    [...bytes].join(",\\s*"),
    ...(decimal.length < 2 * SHORTEST ? [] : [`\\b${decimal}\\b`]),
    ...[...plain, ...base64Of(bytes)].map(escaped),
  ];
}

/** Base64 as everybody writes it, and as URLs do; without padding, which may be cut off. */
function base64Of(bytes: Buffer): readonly string[] {
  return [bytes.toString("base64").replace(/=+$/, ""), bytes.toString("base64url")];
}

function keyBytes(text: string): Buffer | undefined {
  const digits = text.replace(/^0x/i, "");
  return /^[0-9a-f]{64}$/i.test(digits) ? Buffer.from(digits, "hex") : undefined;
}

/** Lets a text be shown after all: a key that a command was asked to make, and shows once. */
export function reveal(secret: string): void {
  known.delete(secret.trim());
  revealed.add(secret);
  combined = undefined;
}

function pattern(): RegExp | undefined {
  if (known.size === 0) return undefined;
  // The longer first: a part of a secret must not leave the rest standing.
  combined ??= new RegExp(
    [...known.values()]
      .flat()
      .sort((a, b) => b.length - a.length)
      .join("|"),
    "gi",
  );
  return combined;
}

/** The text with every known secret in it masked. */
export function redact(text: string): string {
  let clean = text;
  const secrets = pattern();
  if (secrets !== undefined) clean = clean.replace(secrets, MASK);
  if (MARKS.some((mark) => clean.includes(mark))) {
    clean = clean.replace(TOKENS, (token) => (revealed.has(token) ? token : MASK));
  }
  if (clean.includes("://")) clean = clean.replace(IN_URL, `://${MASK}@`);
  return clean;
}

/** How deep the values of errors go. */
const DEEPEST = 6;

/** A plain value with every text in it redacted; what is not plain (bytes, classes) stays what it is. */
export function redactValue<T>(value: T, depth = 0): T {
  if (typeof value === "string") return redact(value) as T;
  if (typeof value !== "object" || value === null || depth > DEEPEST) return value;
  if (Array.isArray(value)) return value.map((entry) => redactValue(entry as unknown, depth + 1)) as T;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, redactValue(entry, depth + 1)])) as T;
}

/**
 * Redacts an error of somebody else's where it stands, with its causes: message, stack and the texts it carries. What
 * prints it later, Node itself perhaps, then has nothing to tell.
 */
export function scrub(error: unknown, depth = 0): void {
  if (!(error instanceof Error) || depth > DEEPEST) return;
  for (const name of Object.getOwnPropertyNames(error)) {
    const value: unknown = Reflect.get(error, name);
    if (value instanceof Error) scrub(value, depth + 1);
    else if (Array.isArray(value) && value.some((entry) => entry instanceof Error)) {
      for (const entry of value as unknown[]) scrub(entry, depth + 1);
    } else if (typeof value === "string" || (typeof value === "object" && value !== null)) {
      const clean = redactValue(value);
      const { enumerable = false } = Object.getOwnPropertyDescriptor(error, name) ?? {};
      const put = { value: clean, enumerable, configurable: true, writable: true };
      if (clean !== value) Reflect.defineProperty(error, name, put);
    }
  }
}

/** An object whose members of these names are read like any other, but shown by nothing: not by `inspect`, JSON or spread. */
export function hiding<T extends object>(object: T, ...names: readonly (keyof T & string)[]): T {
  for (const name of names) Object.defineProperty(object, name, { enumerable: false });
  return object;
}
