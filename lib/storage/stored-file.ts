/** A user's file as it comes back: from one object or from several, opened where it is encrypted. */

import type { Hex } from "../hex.ts";
import {
  fragmentKind,
  StorageFileDecryption,
  storageFileFormat,
  type FragmentKind,
  type StorageFileContent,
  type StorageFileFormat,
  type StorageFileKeys,
} from "../sealing/storage-file.ts";
import type { FetchedObject, GetOptions, StorageReader } from "./client.ts";

export interface ReadFileOptions extends GetOptions {
  /** Opens the file. Absent: the bytes come as they are stored. */
  readonly keys?: StorageFileKeys | undefined;
  /** How encrypted fragments belong together. Default: as their first bytes tell. */
  readonly fragments?: FragmentKind | undefined;
}

export interface ReadFile {
  readonly objects: readonly FetchedObject[];
  /** Bytes that came out. */
  readonly size: number;
  /** How far they are vouched for beyond their roots. Absent when they were not opened. */
  readonly content?: StorageFileContent;
  /** Of several encrypted ones. */
  readonly fragments?: FragmentKind;
  /** What its first byte says that it may be, where it was not opened. Any file may begin so. */
  readonly mayBe?: StorageFileFormat;
}

/**
 * The bytes of a file that is stored under these roots, in order: fragments where there are several. Nothing vouches for
 * opened bytes before the generator has returned.
 * @throws what {@link StorageReader.read} and {@link StorageFileDecryption} throw.
 */
export async function* readStoredFile(
  reader: Pick<StorageReader, "read">,
  roots: readonly Hex[],
  options: ReadFileOptions = {},
): AsyncGenerator<Uint8Array, ReadFile> {
  const { keys, ...limits } = options;
  const kind = keys === undefined || roots.length < 2 ? undefined : await kindOf(reader, roots, options);
  const objects: FetchedObject[] = [];
  const contents: StorageFileContent[] = [];
  let size = 0;
  let left = limits.maxBytes;
  let firstByte: number | undefined;
  let decryption: StorageFileDecryption | undefined;
  for (const [index, root] of roots.entries()) {
    if (keys !== undefined && (index === 0 || kind === "apart")) decryption = new StorageFileDecryption(keys);
    const reading = reader.read(root, { ...limits, ...(left === undefined ? {} : { maxBytes: left }) });
    try {
      for (;;) {
        const { done, value } = await reading.next();
        if (done === true) {
          objects.push(value);
          if (left !== undefined) left -= value.size;
          break;
        }
        firstByte ??= value[0];
        const bytes = decryption === undefined ? value : decryption.update(value);
        size += bytes.length;
        yield bytes;
      }
    } finally {
      await reading.return(undefined as never); // it stops what is under way when it is left early
    }
    const isLast = index === roots.length - 1;
    if (decryption !== undefined && (isLast || kind === "apart")) contents.push(decryption.finish());
  }
  const mayBe = keys === undefined ? storageFileFormat(firstByte) : undefined;
  return {
    objects,
    size,
    ...(mayBe === undefined ? {} : { mayBe }),
    ...(contents.length === 0 ? {} : { content: weakest(contents) }),
    ...(kind === undefined ? {} : { fragments: kind }),
  };
}

function weakest(contents: readonly StorageFileContent[]): StorageFileContent {
  return contents.every((content) => content === "authenticated") ? "authenticated" : "not authenticated";
}

async function kindOf(
  reader: Pick<StorageReader, "read">,
  roots: readonly Hex[],
  { fragments }: ReadFileOptions,
): Promise<FragmentKind> {
  if (fragments !== undefined) return fragments;
  const beginnings: Uint8Array[] = [];
  for (const root of roots) {
    const reading = reader.read(root);
    const { done, value } = await reading.next();
    await reading.return(undefined as never);
    beginnings.push(done === true ? new Uint8Array(0) : value);
  }
  return fragmentKind(beginnings);
}
