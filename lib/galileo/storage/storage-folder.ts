/** Where nodes keep segments: the folder they were given, or one of this run's own, which goes with it. */

import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { sweepFolders } from "../../private-folder.ts";

const PREFIX = "galileo-storage-";

export interface StorageFolder {
  /** Makes the folder when it is first needed. @throws {Error} after {@link close}. */
  readonly path: () => Promise<string>;
  /** Undefined until it was needed. */
  readonly made: () => string | undefined;
  /** Removes it if it is this run's own. */
  readonly close: () => Promise<void>;
}

export function storageFolder(given: string | undefined): StorageFolder {
  if (given === undefined) return ownFolder();
  return { path: async () => making(given), made: () => given, close: async () => undefined };
}

async function making(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function ownFolder(): StorageFolder {
  let made: Promise<string> | undefined;
  let folder: string | undefined;
  let closed = false;
  // A process may end without closing its connections.
  const removeAtExit = () => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
  const make = async () => {
    sweepFolders(tmpdir(), PREFIX); // what killed processes left
    folder = await mkdtemp(path.join(tmpdir(), `${PREFIX}${process.pid}-`));
    process.once("exit", removeAtExit);
    return folder;
  };
  return {
    path: async () => {
      // What is still under way must not make it again.
      if (closed) throw new Error("this storage was stopped");
      return (made ??= make());
    },
    made: () => folder,
    async close() {
      closed = true;
      const gone = await made;
      process.off("exit", removeAtExit);
      if (gone !== undefined) await rm(gone, { recursive: true, force: true });
    },
  };
}
