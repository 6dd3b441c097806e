import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";

import { asDiskFull, DiskFullError } from "../disk-full.ts";
import { temporaryName } from "../private-folder.ts";
import { NotWritableError } from "./errors.ts";

/** Who may read what is written: `private` is for the owner alone. */
export type Access = "private" | "shared";

const MODES = { private: { file: 0o600, folder: 0o700 }, shared: { file: 0o644, folder: 0o755 } } as const;

/**
 * Writes a file so that it is there whole or not at all: to a temporary file beside it, to the disk, then renamed.
 * Makes the folder if it is missing.
 * @throws {DiskFullError}
 */
export async function writeFileAtomic(file: string, content: Uint8Array | string, access: Access): Promise<void> {
  const modes = MODES[access];
  const temporary = temporaryName(file, randomUUID());
  const create = async () => open(temporary, "wx", modes.file);
  try {
    // The folder is there but for the first time.
    const handle = await create().catch(async (error: unknown) => {
      if (!isMissing(error)) throw error;
      await mkdir(path.dirname(file), { recursive: true, mode: modes.folder });
      return create();
    });
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw asDiskFull(file, error);
  }
}

/**
 * Asserts that {@link writeFileAtomic} will work, before something is paid for that could not be kept. Makes the folder.
 * @throws {NotWritableError} otherwise.
 */
export async function assertWritable(file: string, access: Access): Promise<void> {
  const modes = MODES[access];
  const temporary = temporaryName(file, randomUUID());
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: modes.folder });
    await (await open(temporary, "wx", modes.file)).close();
    await rm(temporary);
    const there = await stat(file).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
      return undefined;
    });
    if (there?.isDirectory() === true) throw new Error("it is a folder");
  } catch (error) {
    const failure = asDiskFull(file, error);
    throw failure instanceof DiskFullError ? failure : new NotWritableError(file, error);
  }
}

/** Whether a file operation failed because nothing is there. Every other failure is not an absence. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
