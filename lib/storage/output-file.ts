/** Writes a file of any length as its bytes come, whole or not at all. */

import { randomUUID } from "node:crypto";
import { link, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";

import { isMissing } from "./atomic-file.ts";
import { DiskFullError } from "./client-errors.ts";
import { NotWritableError, OutputExistsError } from "./errors.ts";

/**
 * Writes `pieces` to a temporary file beside `file`, for the owner only, and gives it its name when they are all there.
 * Answers what the generator returns.
 * @throws {OutputExistsError} when something is there and `force` is not given; nothing is asked of `pieces` then.
 * @throws {DiskFullError} {@link NotWritableError} what `pieces` throws: nothing is left behind.
 */
export async function writeOutputFile<Result>(
  file: string,
  pieces: AsyncGenerator<Uint8Array, Result>,
  { force }: { readonly force: boolean },
): Promise<Result> {
  if (!force && (await isThere(file))) throw new OutputExistsError(file);
  const temporary = `${file}.${randomUUID()}.part`;
  try {
    const handle = await writing(file, async () => {
      await mkdir(path.dirname(file), { recursive: true });
      return open(temporary, "wx", 0o600);
    });
    try {
      for (;;) {
        const { done, value } = await pieces.next();
        if (done === true) {
          await writing(file, async () => handle.sync());
          await writing(file, async () => place(temporary, file, force));
          return value;
        }
        await writing(file, async () => handle.writeFile(value));
      }
    } finally {
      await handle.close();
    }
  } finally {
    await rm(temporary, { force: true });
    await endEarly(pieces);
  }
}

/** Lets the generator clean up when it was left before its end. */
async function endEarly<Result>(pieces: AsyncGenerator<Uint8Array, Result>): Promise<void> {
  await pieces.return(undefined as Result);
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
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOSPC" || code === "EDQUOT") throw new DiskFullError({ file }, error);
    if (code === "EEXIST") throw new OutputExistsError(file);
    throw new NotWritableError(file, error);
  }
}
