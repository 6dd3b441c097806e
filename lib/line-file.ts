/** Files of lines that are only ever added to, each on the disk before anything is done that it tells of. */

import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import { withRoom } from "./disk-full.ts";

/** What of a file can be read: a kill can cut its last line, and that one is nobody's word. */
export interface WholeLines {
  readonly lines: readonly string[];
  /** Bytes of the file, and of the whole lines in it. */
  readonly size: number;
  readonly whole: number;
}

/** Reads the whole lines of a file from a byte on that begins one; none of a file that is not there. */
export function readWholeLines(file: string, from = 0): WholeLines {
  if (!existsSync(file)) return { lines: [], size: 0, whole: 0 };
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const bytes = Buffer.alloc(Math.max(0, size - from));
    let read = 0;
    for (let got = -1; read < bytes.length && got !== 0; read += got) {
      got = readSync(descriptor, bytes, read, bytes.length - read, from + read);
    }
    const end = bytes.subarray(0, read).lastIndexOf("\n") + 1;
    const lines = end === 0 ? [] : bytes.toString("utf8", 0, end - 1).split("\n");
    return { lines, size, whole: from + end };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Adds lines at the end, to the disk. The file is for its owner alone, and so are folders made for it; a new one is
 * itself on the disk, so that a crash cannot take it out of its folder again.
 * @throws {DiskFullError} when there is no room: then nothing was added.
 */
export function appendLines(file: string, lines: readonly string[]): void {
  const isNew = !existsSync(file);
  const folder = path.dirname(file);
  const made = withRoom(file, () => {
    const top = isNew ? mkdirSync(folder, { recursive: true, mode: 0o700 }) : undefined;
    addWhole(file, lines);
    return top;
  });
  if (!isNew) return;
  const top = made === undefined ? folder : path.dirname(made);
  for (let at = folder; at.length >= top.length; at = path.dirname(at)) {
    syncFolder(at);
    if (at === path.dirname(at)) return;
  }
}

/** What fails half-way leaves the file as it was: the next line would be added to half a one. */
function addWhole(file: string, lines: readonly string[]): void {
  const descriptor = openSync(file, "a", 0o600);
  try {
    const { size } = fstatSync(descriptor);
    try {
      writeFileSync(descriptor, lines.map((line) => `${line}\n`).join("")); // writes on until all is written
      fsyncSync(descriptor);
    } catch (error) {
      if (fstatSync(descriptor).size > size) ftruncateSync(descriptor, size);
      throw error;
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Windows has no such thing: it keeps the entry with the file. */
const NO_FOLDER_SYNC = new Set(["EPERM", "EACCES", "EISDIR", "EINVAL", "ENOTSUP"]);

function syncFolder(folder: string): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(folder, "r");
    fsyncSync(descriptor);
  } catch (error) {
    if (!NO_FOLDER_SYNC.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * Takes away what a kill left of a line: what it was to tell of never happened.
 * @param whole bytes of the file's whole lines, where they are known.
 */
export function dropCutLine(file: string, whole?: number): void {
  if (!existsSync(file)) return;
  const descriptor = openSync(file, "r+");
  try {
    const { size } = fstatSync(descriptor);
    const end = whole ?? endOfLines(descriptor, size);
    if (size <= end) return;
    ftruncateSync(descriptor, end);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const CHUNK = 64 * 1024;

/** Where the last whole line ends, looked for from the end: the file may be as long as it likes. */
function endOfLines(descriptor: number, size: number): number {
  const chunk = Buffer.alloc(CHUNK);
  for (let end = size; end > 0; end -= CHUNK) {
    const from = Math.max(0, end - CHUNK);
    const read = readSync(descriptor, chunk, 0, end - from, from);
    const found = chunk.subarray(0, read).lastIndexOf("\n");
    if (found >= 0) return from + found + 1;
  }
  return 0;
}
