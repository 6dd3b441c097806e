/** Segments on disk, one file each: the siblings of its proof, then its bytes. What is there was verified. */

import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { isMissing } from "../../storage/atomic-file.ts";

const HASH_BYTES = 32;
const SEGMENT_NAME = /^\d+$/;

/** Names the content of a file: its root and size, as `0x…-1024`. A root alone does not say where the zeros begin. */
export type ContentName = `0x${string}-${number}`;

const CONTENT_NAME = /^0x[0-9a-f]{64}-\d+$/;

export class SegmentFiles {
  readonly #folder: () => Promise<string>;

  /** @param folder makes and returns the folder of one node; asked when something is written or read. */
  constructor(folder: () => Promise<string>) {
    this.#folder = folder;
  }

  /** The segments that are there, of every file. */
  async list(): Promise<Map<ContentName, Set<number>>> {
    const folder = await this.#folder();
    const found = new Map<ContentName, Set<number>>();
    for (const name of await namesIn(folder)) {
      if (!CONTENT_NAME.test(name)) continue;
      const segments = (await namesIn(path.join(folder, name))).filter((segment) => SEGMENT_NAME.test(segment));
      found.set(name as ContentName, new Set(segments.map(Number)));
    }
    return found;
  }

  /** Keeps a segment: whole, or not at all. */
  async write(name: ContentName, index: number, siblings: readonly Uint8Array[], data: Uint8Array): Promise<void> {
    const folder = path.join(await this.#folder(), name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = path.join(folder, String(index));
    const temporary = `${file}.${randomUUID()}`;
    try {
      await writeFile(temporary, Buffer.concat([...siblings, data]), { mode: 0o600 });
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** @param from in bytes of the segment. */
  async read(name: ContentName, index: number, depth: number, from: number, length: number): Promise<Uint8Array> {
    return this.#slice(name, index, depth * HASH_BYTES + from, length);
  }

  /** @param depth how many there are, which follows from the position. */
  async siblings(name: ContentName, index: number, depth: number): Promise<Uint8Array[]> {
    const bytes = await this.#slice(name, index, 0, depth * HASH_BYTES);
    return Array.from({ length: depth }, (_, level) => bytes.subarray(level * HASH_BYTES, (level + 1) * HASH_BYTES));
  }

  async remove(name: ContentName): Promise<void> {
    await rm(path.join(await this.#folder(), name), { recursive: true, force: true });
  }

  async #slice(name: ContentName, index: number, from: number, length: number): Promise<Uint8Array> {
    const handle = await open(path.join(await this.#folder(), name, String(index)));
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
