/** Folders that only their owner may look into, and what interrupted writes left in them. */

import { chmodSync, lstatSync, readdirSync, rmSync, statSync, type Dirent } from "node:fs";
import path from "node:path";

import { EXIT, ZgError } from "./errors.ts";
import { isAlive } from "./process-lock.ts";

/** Others may read a folder that holds keys, and this user may not change that. */
export class FolderNotPrivateError extends ZgError {
  constructor(folder: string, cause: unknown) {
    super({
      code: "ZG_FOLDER_NOT_PRIVATE",
      exit: EXIT.precondition,
      message: `Others may read ${folder}, where keys are kept, and its mode cannot be changed`,
      remedy: "It belongs to another user: name another folder in ZG_HOME, or have its owner give it to you.",
      details: { folder },
      cause,
    });
  }
}

const FOR_OTHERS = 0o077;

/**
 * Takes everybody else's rights from a folder and, when they had any, from all that it holds. Looks at nothing below a
 * folder that is its owner's alone: nobody else can have been there.
 * @throws {FolderNotPrivateError}
 */
export function makePrivate(folder: string): void {
  const { mode } = statSync(folder, { throwIfNoEntry: false }) ?? { mode: 0 };
  if (process.platform === "win32" || (mode & FOR_OTHERS) === 0) return;
  try {
    chmodSync(folder, mode & 0o700);
    for (const entry of entriesOf(folder)) tighten(folder, entry);
  } catch (error) {
    throw new FolderNotPrivateError(folder, error);
  }
}

function tighten(folder: string, entry: Dirent): void {
  const file = path.join(folder, entry.name);
  if (entry.isSymbolicLink()) return; // its target is not ours to change
  const { mode } = lstatSync(file);
  if ((mode & FOR_OTHERS) !== 0) chmodSync(file, mode & 0o700);
  if (entry.isDirectory()) for (const below of entriesOf(file)) tighten(file, below);
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

const TEMPORARY = /\.(\d+)-[0-9a-f-]{36}\.tmp$/;

/** The name under which this process writes a file before it is whole: so that another one knows whose it was. */
export function temporaryName(file: string, unique: string): string {
  return `${file}.${process.pid}-${unique}.tmp`;
}

/** Removes what processes that were killed while they wrote left in a folder and those in it. */
export function sweepTemporaries(folder: string): void {
  for (const entry of entriesOf(folder)) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) sweepTemporaries(file);
    else if (isLeft(TEMPORARY.exec(entry.name)?.[1])) rmSync(file, { force: true });
  }
}

/** Removes folders `<prefix><pid>-…` whose process is gone. Those of others stay. */
export function sweepFolders(parent: string, prefix: string): void {
  for (const { name } of entriesOf(parent)) {
    if (!name.startsWith(prefix) || !isLeft(/^\d+(?=-)/.exec(name.slice(prefix.length))?.[0])) continue;
    try {
      rmSync(path.join(parent, name), { recursive: true, force: true });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EPERM" && code !== "EACCES") throw error;
    }
  }
}

function isLeft(pid: string | undefined): boolean {
  return pid !== undefined && !isAlive(Number(pid));
}
