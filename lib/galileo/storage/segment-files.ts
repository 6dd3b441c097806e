/** Segments on disk, one file each: the hashes of its proof, then its bytes. What is there was verified. */

import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { isMissing } from "../../storage/atomic-file.ts";
import type { StorageFolder } from "./storage-folder.ts";

const HASH_BYTES = 32;
const SEGMENT_NAME = /^\d+$/;

/** Names the content of a file: its root and size, as `0x…-1024`. A root alone does not say where the zeros begin. */
export type ContentName = `0x${string}-${number}`;

const CONTENT_NAME = /^0x[0-9a-f]{64}-\d+$/;

export class SegmentFiles {
  readonly #parent: StorageFolder;
  readonly #name: string;
  readonly #made = new Set<string>();

  /** @param name of the node's folder in that of all. */
  constructor(parent: StorageFolder, name: string) {
    this.#parent = parent;
    this.#name = name;
  }

  /** The segments that are there, of every file. */
  async list(): Promise<Map<ContentName, Set<number>>> {
    const found = new Map<ContentName, Set<number>>();
    const parent = this.#parent.made();
    if (parent === undefined) return found;
    const folder = path.join(parent, this.#name);
    for (const name of await namesIn(folder)) {
      if (!CONTENT_NAME.test(name)) continue;
      const segments = (await namesIn(path.join(folder, name))).filter((segment) => SEGMENT_NAME.test(segment));
      found.set(name as ContentName, new Set(segments.map(Number)));
    }
    return found;
  }

  /** Keeps a segment, whole or not at all. `hashes` are its root and the siblings above. */
  async write(name: ContentName, index: number, hashes: readonly Uint8Array[], data: Uint8Array): Promise<void> {
    const folder = await this.#folderOf(name);
    if (!this.#made.has(folder)) await mkdir(folder, { recursive: true, mode: 0o700 });
    this.#made.add(folder);
    const file = path.join(folder, String(index));
    const temporary = `${file}.${randomUUID()}`;
    try {
      await writeFile(temporary, Buffer.concat([...hashes, data]), { mode: 0o600 });
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /**
   * Some bytes of a segment.
   * @param hashes how many stand before them, which follows from the place of the segment.
   */
  async read(name: ContentName, index: number, hashes: number, from: number, length: number): Promise<Uint8Array> {
    return this.#slice(name, index, hashes * HASH_BYTES + from, length);
  }

  /** The hashes and all bytes of a segment. */
  async readWhole(name: ContentName, index: number, hashes: number, length: number) {
    const bytes = await this.#slice(name, index, 0, hashes * HASH_BYTES + length);
    const hash = (_: unknown, place: number) => bytes.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES);
    return { hashes: Array.from({ length: hashes }, hash), data: bytes.subarray(hashes * HASH_BYTES) };
  }

  async remove(name: ContentName): Promise<void> {
    const folder = await this.#folderOf(name);
    this.#made.delete(folder);
    await rm(folder, { recursive: true, force: true });
  }

  async #folderOf(name: ContentName): Promise<string> {
    return path.join(await this.#parent.path(), this.#name, name);
  }

  async #slice(name: ContentName, index: number, from: number, length: number): Promise<Uint8Array> {
    const handle = await open(path.join(await this.#folderOf(name), String(index)));
    try {
      const bytes = Buffer.allocUnsafe(length);
      const { bytesRead } = await handle.read(bytes, 0, length, from);
      if (bytesRead !== length) throw new Error(`${name}, segment ${index} is cut`);
      return bytes;
    } finally {
      await handle.close();
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
