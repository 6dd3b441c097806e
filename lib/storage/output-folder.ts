/** Writes files whose names come from others into a folder of the user's, and nowhere else. */

import { link, lstat, mkdir, realpath, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { isMissing, writeFileAtomic } from "./atomic-file.ts";
import { OutputExistsError, OutputLinkError } from "./errors.ts";

export interface OutputFile {
  /** A relative path with `/`. The caller has made sure that it leads nowhere else and is no other file's. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Writes all files below `folder`, for the owner only, or none if one is there already and `force` is not given.
 * Follows no link below the folder. Returns the paths written.
 * @throws {OutputExistsError} {@link OutputLinkError}
 */
export async function writeOutputFolder(
  folder: string,
  files: readonly OutputFile[],
  { force }: { readonly force: boolean },
): Promise<string[]> {
  const targets = await freeTargets(
    folder,
    files.map(({ name }) => name),
    force,
  );
  for (const [index, { target, parents }] of targets.entries()) {
    for (const parent of parents) await makeFolder(parent);
    const bytes = files[index]?.bytes ?? new Uint8Array(0);
    if (force) await writeFileAtomic(target, bytes, "private");
    else await writeNew(target, bytes);
  }
  return targets.map(({ target }) => target);
}

export interface StagedFile {
  /** A relative path with `/`, as of {@link OutputFile}. */
  readonly name: string;
  /** Where it lies now, on the same disk. */
  readonly file: string;
}

/**
 * Moves files below `folder` that were written elsewhere, and makes folders, or does nothing if a file is there already
 * and `force` is not given. Follows no link below the folder. Returns the paths.
 * @throws {OutputExistsError} {@link OutputLinkError}
 */
export async function moveIntoFolder(
  folder: string,
  { files, folders }: { readonly files: readonly StagedFile[]; readonly folders: readonly string[] },
  { force }: { readonly force: boolean },
): Promise<string[]> {
  const names = files.map(({ name }) => name);
  const targets = await freeTargets(folder, names, force);
  const root = await realpath(folder);
  for (const { target, parents } of folders.map((name) => targetOf(root, name))) {
    for (const each of [...parents, target]) await makeFolder(each);
  }
  for (const [index, { target, parents }] of targets.entries()) {
    for (const parent of parents) await makeFolder(parent);
    const { file } = files[index] ?? { file: "" };
    if (force) await rename(file, target);
    else await place(file, target);
  }
  return targets.map(({ target }) => target);
}

/** A link fails where a renaming would replace what came there meanwhile. */
async function place(file: string, target: string): Promise<void> {
  try {
    await link(file, target);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") throw new OutputExistsError(target);
    throw error;
  }
  await rm(file);
}

/** Where files will stand. Makes the folder; nothing is in their way. @throws {OutputExistsError} {@link OutputLinkError} */
async function freeTargets(folder: string, names: readonly string[], force: boolean) {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const root = await realpath(folder);
  const targets = names.map((name) => targetOf(root, name));
  for (const { target, parents } of targets) {
    for (const parent of parents) await assertFolder(parent);
    const there = await entryAt(target);
    if (there !== undefined && (!force || there.isDirectory())) throw new OutputExistsError(target);
  }
  return targets;
}

/** @throws {RangeError} for a name that the caller should not have let through. */
function targetOf(root: string, name: string): { target: string; parents: string[] } {
  const segments = name.split("/");
  if (segments.some((segment) => segment === "" || segment === "." || segment === ".." || segment.includes(path.sep))) {
    throw new RangeError(`${JSON.stringify(name)} may lead out of the folder`);
  }
  const parents = segments.slice(1).map((_, depth) => path.join(root, ...segments.slice(0, depth + 1)));
  return { target: path.join(root, ...segments), parents };
}

async function entryAt(file: string) {
  try {
    return await lstat(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Nothing there, or a folder that is no link. */
async function assertFolder(folder: string): Promise<void> {
  const there = await entryAt(folder);
  if (there?.isSymbolicLink() === true) throw new OutputLinkError(folder);
  if (there !== undefined && !there.isDirectory()) throw new OutputExistsError(folder);
}

async function makeFolder(folder: string): Promise<void> {
  if ((await entryAt(folder)) === undefined) await mkdir(folder, { mode: 0o700 });
  await assertFolder(folder);
}

async function writeNew(target: string, bytes: Uint8Array): Promise<void> {
  try {
    // Fails if anything is there by now, a link too.
    await writeFile(target, bytes, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") throw new OutputExistsError(target);
    await rm(target, { force: true });
    throw error;
  }
}
