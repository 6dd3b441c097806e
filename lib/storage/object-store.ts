/** Where ciphertexts are kept, by their 0G storage root. */

import { readFile } from "node:fs/promises";
import path from "node:path";

import type { Hex } from "../hex.ts";
import { isMissing, writeFileAtomic } from "./atomic-file.ts";
import { StorageRootMismatchError } from "./errors.ts";
import { storageRoot } from "./merkle.ts";
import { assertRoot } from "./root.ts";

export interface ObjectStore {
  /** Keeps `bytes`, whose storage root is `root`, unless an object of that root is kept already. */
  put(root: Hex, bytes: Uint8Array): Promise<void>;
  /** The bytes of `root`, checked against it; undefined when this store does not hold them. */
  get(root: Hex): Promise<Uint8Array | undefined>;
}

function assertMatches(expected: Hex, bytes: Uint8Array, where: string): void {
  const actual = storageRoot(bytes);
  if (actual !== expected) throw new StorageRootMismatchError({ expected, actual, where });
}

/** One file an object, named by its root, 0600 in a folder 0700. */
export class FileObjectStore implements ObjectStore {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /**
   * @throws {StorageRootMalformedError} when `root` is not one, so that no name leaves the folder.
   * @throws {StorageRootMismatchError} when the bytes have another root; nothing is written.
   */
  async put(root: Hex, bytes: Uint8Array): Promise<void> {
    const file = this.fileOf(root);
    assertMatches(root, bytes, "memory");
    if (await this.holds(root)) return;
    await writeFileAtomic(file, bytes, "private");
  }

  /**
   * @throws {StorageRootMalformedError} when `root` is not one.
   * @throws {StorageRootMismatchError} when the file was altered.
   */
  async get(root: Hex): Promise<Uint8Array | undefined> {
    const file = this.fileOf(root);
    let bytes: Uint8Array;
    try {
      bytes = await readFile(file);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    if (bytes.length === 0) throw new StorageRootMismatchError({ expected: root, actual: "0x", where: file });
    assertMatches(root, bytes, file);
    return bytes;
  }

  /**
   * Whether the object is there, unharmed. Then it stays: bytes that end in zeros share their root with fewer or more of
   * them, and what came later may be what does not decrypt.
   */
  private async holds(root: Hex): Promise<boolean> {
    try {
      return (await this.get(root)) !== undefined;
    } catch (error) {
      if (error instanceof StorageRootMismatchError) return false;
      throw error;
    }
  }

  /** Where an object is or would be kept. */
  fileOf(root: Hex): string {
    assertRoot(root);
    return path.join(this.directory, root);
  }
}

/** Keeps objects as long as the process, for the in-process network, where nothing is kept. */
export class MemoryObjectStore implements ObjectStore {
  private readonly objects = new Map<Hex, Uint8Array>();

  async put(root: Hex, bytes: Uint8Array): Promise<void> {
    assertRoot(root);
    assertMatches(root, bytes, "memory");
    if (!this.objects.has(root)) this.objects.set(root, Uint8Array.from(bytes));
  }

  async get(root: Hex): Promise<Uint8Array | undefined> {
    assertRoot(root);
    const bytes = this.objects.get(root);
    return bytes === undefined ? undefined : Uint8Array.from(bytes);
  }
}
