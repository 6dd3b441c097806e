/**
 * A folder as 0G's Go client stores one: every file by itself, and one object that lists names, sizes and roots. Source:
 * 0g-storage-client, transfer/dir (codec.go, fs.go), versions 1 and 2; version 2 is written.
 *
 *     keccak256("0g-storage-client-dir-codec") 32 | version 2, big-endian | JSON
 *
 * The JSON is a tree of `{name, type, …}`: a `directory` has `entries`, sorted by the bytes of their names; a `file` has
 * `size` and `roots`, in version 1 one `hash`, and none when it is empty; a `symbolic` link has `link`. The root is `/`.
 * A file of several roots was cut into fragments. Of an encrypted file `size` is what it has when it is opened.
 */

import { z } from "zod";

import { hashSchema } from "../hex-schema.ts";
import type { Hex } from "../hex.ts";
import { conflictingName, nameProblem } from "../names.ts";
import { DirectoryMalformedError } from "./errors.ts";
import { keccak256 } from "./keccak.ts";

export const DIRECTORY_VERSION = 2;

const MAGIC = keccak256(new TextEncoder().encode("0g-storage-client-dir-codec"));
const HEADER_BYTES = MAGIC.length + 2;
const ROOT_NAME = "/";
/** Deeper trees are nobody's folders, and are not walked. */
const DEEPEST = 64;

export interface StoredFile {
  /** Relative, with `/`. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** None of an empty file; several of one in fragments, in order. */
  readonly roots: readonly Hex[];
}

export interface StoredDirectory {
  readonly files: readonly StoredFile[];
  /** Folders that hold nothing. */
  readonly emptyFolders: readonly string[];
  /** Links, as others may list them; none is ever made here, for it may lead anywhere. */
  readonly links: readonly string[];
}

type Node =
  | { type: "file"; name: string; hash?: Hex | undefined; roots?: Hex[] | undefined; size?: number | undefined }
  | { type: "directory"; name: string; entries?: Node[] | null | undefined }
  | { type: "symbolic"; name: string; link?: string | undefined };

const name = z.string();
const nodeSchema: z.ZodType<Node> = z.lazy(() =>
  z.discriminatedUnion("type", [
    z.object({
      type: z.literal("file"),
      name,
      hash: hashSchema.optional(),
      roots: z.array(hashSchema).optional(),
      size: z.int().min(0).optional(),
    }),
    z.object({ type: z.literal("directory"), name, entries: z.array(nodeSchema).nullish() }),
    z.object({ type: z.literal("symbolic"), name, link: z.string().optional() }),
  ]),
);

/** Whether bytes may be the list of a folder. */
export function isDirectory(bytes: Uint8Array): boolean {
  return bytes.length >= HEADER_BYTES && Buffer.compare(bytes.subarray(0, MAGIC.length), MAGIC) === 0;
}

/**
 * The list of a folder, as 0G's Go client reads it.
 * @throws {DirectoryMalformedError} when names are not good on every system, or two are one file.
 */
export function encodeDirectory({ files, emptyFolders }: Omit<StoredDirectory, "links">): Uint8Array {
  requireNames([...files.map((file) => file.name), ...emptyFolders]);
  const root: Node = { name: ROOT_NAME, type: "directory", entries: [] };
  for (const { name: path, size, roots } of files) {
    const { parent, last } = placeOf(root, path);
    parent.push({
      name: last,
      type: "file",
      ...(roots.length === 0 ? {} : { roots: [...roots] }),
      ...(size === 0 ? {} : { size }),
    });
  }
  for (const path of emptyFolders) {
    const { parent, last } = placeOf(root, path);
    parent.push({ name: last, type: "directory" });
  }
  sortEntries(root);
  const header = Buffer.alloc(HEADER_BYTES);
  header.set(MAGIC);
  header.writeUInt16BE(DIRECTORY_VERSION, MAGIC.length);
  return new Uint8Array(Buffer.concat([header, Buffer.from(JSON.stringify(root), "utf8")]));
}

function placeOf(root: Node, path: string): { parent: Node[]; last: string } {
  const segments = path.split("/");
  const last = segments.pop() ?? "";
  let parent = entriesOf(root);
  for (const segment of segments) {
    let folder = parent.find((node) => node.type === "directory" && node.name === segment);
    if (folder === undefined) {
      folder = { name: segment, type: "directory", entries: [] };
      parent.push(folder);
    }
    parent = entriesOf(folder);
  }
  return { parent, last };
}

function entriesOf(node: Node): Node[] {
  return node.type === "directory" ? (node.entries ??= []) : [];
}

/** As Go compares strings: by their bytes. */
function sortEntries(node: Node): void {
  if (node.type !== "directory" || node.entries == null) return;
  node.entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  node.entries.forEach(sortEntries);
}

function requireNames(names: readonly string[]): void {
  for (const each of names) {
    const problem = nameProblem(each);
    if (problem !== undefined) throw new DirectoryMalformedError(`the name ${JSON.stringify(each)} ${problem}`);
  }
  const twice = conflictingName(names);
  if (twice !== undefined) {
    throw new DirectoryMalformedError(`${JSON.stringify(twice)} and another name are one file on some systems`);
  }
}

/**
 * Reads the list of a folder. Every name in it is relative, good on every system, and leads nowhere else.
 * @throws {DirectoryMalformedError}
 */
export function decodeDirectory(bytes: Uint8Array): StoredDirectory {
  if (!isDirectory(bytes)) throw new DirectoryMalformedError("it does not begin as one");
  const version = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUInt16BE(MAGIC.length);
  if (version !== 1 && version !== DIRECTORY_VERSION)
    throw new DirectoryMalformedError(`version ${version} is unknown here`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(HEADER_BYTES)));
  } catch (error) {
    throw new DirectoryMalformedError("it holds no JSON", error);
  }
  if (depthOf(json) > DEEPEST) throw new DirectoryMalformedError(`it is deeper than ${DEEPEST} folders`);
  const parsed = nodeSchema.safeParse(json);
  if (!parsed.success) throw new DirectoryMalformedError(z.prettifyError(parsed.error), parsed.error);
  if (parsed.data.type !== "directory") throw new DirectoryMalformedError("its root is no directory");
  const found = { files: [] as StoredFile[], emptyFolders: [] as string[], links: [] as string[] };
  for (const entry of parsed.data.entries ?? []) collect(entry, "", found);
  requireNames([...found.files.map((file) => file.name), ...found.emptyFolders, ...found.links]);
  return found;
}

/** Found without recursion: a parser that recurses on what comes from others runs out of stack. */
function depthOf(json: unknown): number {
  let depth = 0;
  let level: unknown[] = [json];
  while (level.length > 0 && depth <= DEEPEST) {
    depth++;
    level = level.flatMap((node) => {
      const entries = typeof node === "object" && node !== null ? (node as { entries?: unknown }).entries : undefined;
      return Array.isArray(entries) ? (entries as unknown[]) : [];
    });
  }
  return depth;
}

function collect(
  node: Node,
  folder: string,
  found: { files: StoredFile[]; emptyFolders: string[]; links: string[] },
): void {
  if (node.name.includes("/"))
    throw new DirectoryMalformedError(`the name ${JSON.stringify(node.name)} leads elsewhere`);
  const path = folder === "" ? node.name : `${folder}/${node.name}`;
  if (node.type === "symbolic") {
    found.links.push(path);
  } else if (node.type === "directory") {
    const entries = node.entries ?? [];
    if (entries.length === 0) found.emptyFolders.push(path);
    for (const entry of entries) collect(entry, path, found);
  } else {
    const { size = 0, hash } = node;
    const roots = node.roots ?? (hash === undefined || size === 0 ? [] : [hash]);
    if ((size === 0) !== (roots.length === 0)) {
      throw new DirectoryMalformedError(`the file ${JSON.stringify(path)} has ${size} bytes and ${roots.length} roots`);
    }
    found.files.push({ name: path, size, roots });
  }
}
