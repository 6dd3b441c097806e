/** Spoils good bytes in the ways that strangers, networks and disks do. */

import fc from "fast-check";

/** What parsers trip over: ends of number ranges, names that every object has, depth, marks that mean something. */
const WORDS: readonly (string | number[])[] = [
  ...["null", "true", "0", "-1", "1e999", "1e-7", "9007199254740993", "99999999999999999999999", "NaN", "1.5"],
  ...['""', "[]", "{}", '"__proto__"', '{"__proto__":null}', '"constructor"', '"toString"', '"length"'],
  ...["0x", "0X", "../", "..\\", "/etc/passwd", "\\u0000", "\\ud800", "data: [DONE]\n\n", "\r", "\r\n", "\n\n", "--"],
  ...["[".repeat(3000), '{"a":'.repeat(3000), "9".repeat(400), "=".repeat(60), "\u202e", "\ufeff", "\u{1f600}"],
  [0],
  [0xff],
  [0xff, 0xff, 0xff, 0xff],
  [0x7f, 0xff, 0xff, 0xff],
  [0x80, 0, 0, 0],
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xc3, 0x28],
  [0xed, 0xa0, 0x80],
];

/** Values to put in the place of any other in a JSON document. */
const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e308,
    -1e-300,
    2 ** 53,
    "",
    "0",
    "-1",
    "0x",
    "null",
    "a".repeat(300),
    "\0",
    "\ud800",
  ],
  ...[[], [null], [[]], {}, { __proto__: 1 }, { length: -1 }, { toString: null }],
  ...["1".repeat(80), `0x${"f".repeat(64)}`, `0x${"0".repeat(40)}`, "../../x", "é", "http://[", "1970-01-01T00:00:00Z"],
  Array.from({ length: 300 }, () => 0),
];

interface Mutation {
  readonly kind: "flip" | "cut" | "drop" | "double" | "insert" | "overwrite" | "noise" | "splice" | "value" | "member";
  /** Where, as a part of the whole. */
  readonly at: number;
  readonly size: number;
  readonly pick: number;
}

const KINDS = ["flip", "cut", "drop", "double", "insert", "overwrite", "noise", "splice", "value", "member"] as const;

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(...KINDS),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  size: fc.nat(64),
  pick: fc.nat(9_999),
});

/** Which seed, and what is done to it in turn. No mutation at all is one of the cases. */
export const plan = fc.record({ seed: fc.nat(999), mutations: fc.array(mutation, { maxLength: 4 }) });
export type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

function bytesOf(word: string | number[]): Uint8Array {
  return typeof word === "string" ? Buffer.from(word) : Uint8Array.from(word);
}

function chosen<T>(list: readonly T[], pick: number): T {
  return list[pick % list.length] as T;
}

function apply(input: Uint8Array, { kind, at, size, pick }: Mutation, seeds: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.from(input);
  const start = Math.floor(at * (bytes.length + 1));
  const end = Math.min(bytes.length, start + size);
  const joined = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
  switch (kind) {
    case "flip":
      if (start < bytes.length) bytes[start] = (bytes[start] ?? 0) ^ (1 << (pick % 8));
      return new Uint8Array(bytes);
    case "cut":
      return new Uint8Array(bytes.subarray(0, start));
    case "drop":
      return joined(bytes.subarray(0, start), bytes.subarray(end));
    case "double":
      return joined(bytes.subarray(0, end), bytes.subarray(start));
    case "insert":
      return joined(bytes.subarray(0, start), bytesOf(chosen(WORDS, pick)), bytes.subarray(start));
    case "overwrite": {
      const word = bytesOf(chosen(WORDS, pick));
      return joined(bytes.subarray(0, start), word, bytes.subarray(start + word.length));
    }
    case "noise":
      return joined(
        bytes.subarray(0, start),
        Uint8Array.from({ length: size }, (_, i) => (pick * 31 + i * 97) & 0xff),
        bytes.subarray(end),
      );
    case "splice":
      return joined(bytes.subarray(0, start), chosen(seeds, pick).subarray(Math.floor(at * size)));
    case "value":
    case "member":
      return inJson(input, kind, at, pick) ?? apply(input, { kind: "insert", at, size, pick }, seeds);
  }
}

/** Changes one node of a JSON document: its value, or an object's name or a list's length. */
function inJson(bytes: Uint8Array, kind: "value" | "member", at: number, pick: number): Uint8Array | undefined {
  const text = Buffer.from(bytes).toString("utf8");
  const lines = text.split("\n");
  // Of files of lines, one line is changed.
  const line = Math.floor(at * lines.length);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    const changed = lines.length < 2 ? undefined : inJson(Buffer.from(lines[line] ?? ""), kind, at, pick);
    return changed === undefined
      ? undefined
      : Buffer.from(lines.with(line, Buffer.from(changed).toString()).join("\n"));
  }
  const places: [Record<string, unknown>, string][] = [];
  const walk = (node: unknown, depth: number) => {
    if (typeof node !== "object" || node === null || depth > 20) return;
    for (const key of Object.keys(node)) {
      places.push([node as Record<string, unknown>, key]);
      walk((node as Record<string, unknown>)[key], depth + 1);
    }
  };
  const root: Record<string, unknown> = { root: json };
  walk(root, 0);
  const [parent, key] = places[Math.floor(at * places.length)] ?? ([root, "root"] as const);
  if (kind === "value") parent[key] = chosen(VALUES, pick);
  else if (pick % 2 === 0) Reflect.deleteProperty(parent, key);
  else if (Array.isArray(parent)) parent.push(...(parent as unknown[]));
  else parent[chosen(["extra", "constructor", "0", ""], pick)] = parent[key];
  return Buffer.from(root["root"] === undefined ? "" : JSON.stringify(root["root"]));
}

/** The bytes that a plan makes of the seeds. */
export function spoiled(seeds: readonly Uint8Array[], { seed, mutations }: Plan): Uint8Array {
  return mutations.reduce((bytes, each) => apply(bytes, each, seeds), chosen(seeds, seed));
}
