/** Where the bytes to be stored come from, and their tree. */

import { open, type FileHandle } from "node:fs/promises";

import type { StorageSource } from "./client.ts";
import { SourceChangedError, SourceUnreadableError } from "./client-errors.ts";
import { SEGMENT_BYTES, TreeBuilder, type StorageTree } from "./merkle.ts";
import { assertGoing, type Reach } from "./settings.ts";

/** Bytes in memory, which the caller leaves alone until they are stored. */
export function bytesSource(bytes: Uint8Array, name = "memory"): StorageSource {
  return {
    name,
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    assertUnchanged: async () => undefined,
  };
}

/** A file that is open until it is closed. */
export class FileSource implements StorageSource {
  readonly name: string;
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #modified: bigint;

  private constructor(name: string, handle: FileHandle, size: number, modified: bigint) {
    this.name = name;
    this.size = size;
    this.#handle = handle;
    this.#modified = modified;
  }

  /** @throws {SourceUnreadableError} when there is no such file, or nothing may be read. */
  static async open(file: string): Promise<FileSource> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(file, "r");
      const stat = await handle.stat({ bigint: true });
      if (!stat.isFile()) throw new Error("it is no file");
      return new FileSource(file, handle, Number(stat.size), stat.mtimeNs);
    } catch (error) {
      await handle?.close();
      throw new SourceUnreadableError({ name: file }, error);
    }
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length;) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) throw this.#changed(`it ends at byte ${offset + done} now`);
      done += bytesRead;
    }
    return bytes;
  }

  async assertUnchanged(): Promise<void> {
    const { size, mtimeNs } = await this.#handle.stat({ bigint: true });
    if (Number(size) !== this.size) throw this.#changed(`it had ${this.size} bytes and has ${size} now`);
    if (mtimeNs !== this.#modified) throw this.#changed("it was written to");
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #changed(problem: string): SourceChangedError {
    return new SourceChangedError({ name: this.name, problem });
  }
}

export function asSource(source: StorageSource | Uint8Array): StorageSource {
  return source instanceof Uint8Array ? bytesSource(source) : source;
}

/**
 * The tree of a source, read once from its beginning to its end, a segment at a time.
 * @throws {EmptyObjectError} {@link SourceChangedError} {@link AbortedError}
 */
export async function treeOf(source: StorageSource, reach: Pick<Reach, "signal"> = {}): Promise<StorageTree> {
  const builder = new TreeBuilder(source.size);
  for (let at = 0; at < source.size; at += SEGMENT_BYTES) {
    assertGoing(reach, `Reading ${source.name}`);
    builder.append(await source.read(at, Math.min(SEGMENT_BYTES, source.size - at)));
  }
  await source.assertUnchanged();
  return builder.finish();
}
