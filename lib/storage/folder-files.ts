/** What a folder of the user's holds, as it can be stored. */

import { lstat, readdir } from "node:fs/promises";
import path from "node:path";

import { NotAFolderError } from "./errors.ts";

export interface FolderFile {
  /** Relative, with `/`. */
  readonly name: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

export interface FolderFiles {
  readonly files: readonly FolderFile[];
  readonly emptyFolders: readonly string[];
  /** Links, which may lead out of the folder, and what is no file; hidden names unless they were asked for. */
  readonly leftOut: readonly string[];
}

/**
 * Lists a folder, sorted. Follows no link below it.
 * @throws {NotAFolderError}
 */
export async function listFolder(folder: string, { hidden }: { readonly hidden: boolean }): Promise<FolderFiles> {
  const found = { files: [] as FolderFile[], emptyFolders: [] as string[], leftOut: [] as string[] };
  try {
    await walk(folder, "", hidden, found);
  } catch (error) {
    throw new NotAFolderError(folder, error);
  }
  return found;
}

async function walk(
  root: string,
  folder: string,
  hidden: boolean,
  found: { files: FolderFile[]; emptyFolders: string[]; leftOut: string[] },
): Promise<void> {
  const entries = await readdir(path.join(root, folder), { withFileTypes: true });
  const kept = entries.filter((entry) => hidden || !entry.name.startsWith("."));
  if (kept.length === 0 && folder !== "") found.emptyFolders.push(folder);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    const file = path.join(root, ...name.split("/"));
    if (!kept.includes(entry) || !(entry.isFile() || entry.isDirectory())) found.leftOut.push(name);
    else if (entry.isDirectory()) await walk(root, name, hidden, found);
    else found.files.push({ name, path: file, size: (await lstat(file)).size });
  }
}
