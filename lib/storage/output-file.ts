/** Writes a file of any length as its bytes come, whole or not at all. */

import { randomUUID } from "node:crypto";
import { link, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";

import { asDiskFull, DiskFullError } from "../disk-full.ts";
import { isMissing } from "./atomic-file.ts";
import { NotWritableError, OutputExistsError } from "./errors.ts";

export interface OutputFileOptions {
  /** Replace what is there. */
  readonly force: boolean;
  /** Makes the temporary file. Default: node's. */
  readonly openFile?: typeof open;
}

/**
 * Writes `pieces` to a temporary file beside `file`, for the owner only, and gives it its name when they are all there.
 * Answers what the generator returns.
 * @throws {OutputExistsError} when something is there and `force` is not given; nothing is asked of `pieces` then.
 * @throws {DiskFullError} {@link NotWritableError} what `pieces` throws: nothing is left behind.
 */
export async function writeOutputFile<Result>(
  file: string,
  pieces: AsyncGenerator<Uint8Array, Result>,
  { force, openFile = open }: OutputFileOptions,
): Promise<Result> {
  if (!force && (await isThere(file))) throw new OutputExistsError(file);
  const temporary = `${file}.${randomUUID()}.part`;
  const handle = await writing(file, async () => {
    await mkdir(path.dirname(file), { recursive: true });
    return openFile(temporary, "wx", 0o600);
  });
  try {
    for (;;) {
      const { done, value } = await pieces.next();
      if (done !== true) {
        await writing(file, async () => handle.writeFile(value));
        continue;
      }
      await writing(file, async () => {
        await handle.sync();
        await place(temporary, file, force);
      });
      return value;
    }
  } finally {
    await handle.close();
    await rm(temporary, { force: true });
    await pieces.return(undefined as Result); // lets it clean up, when it was left before its end
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw new NotWritableError(file, error);
  }
}

/** Without force, a link fails where a renaming would replace what came there meanwhile. */
async function place(temporary: string, file: string, force: boolean): Promise<void> {
  if (force) await rename(temporary, file);
  else await link(temporary, file);
}

async function writing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") throw new OutputExistsError(file);
    const failure = asDiskFull(file, error);
    throw failure instanceof DiskFullError ? failure : new NotWritableError(file, error);
  }
}
