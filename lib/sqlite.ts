/** Node's own SQLite, without the line it prints. */

import type * as Sqlite from "node:sqlite";

let loaded: typeof Sqlite | undefined;

/**
 * Loads `node:sqlite`. Node 22 calls it experimental, in a warning on stderr at the first load, which nobody who runs a
 * command can act on; what is used here is the part that Node 24 has, too. Only that warning is dropped, and only while
 * the module loads, which is synchronous: everybody else's warnings pass.
 */
function sqlite(): typeof Sqlite {
  if (loaded !== undefined) return loaded;
  const emitWarning = Object.getOwnPropertyDescriptor(process, "emitWarning");
  const passOn = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = (...args: unknown[]) => {
    const [warning, type] = args;
    if (type !== "ExperimentalWarning" || !String(warning).startsWith("SQLite")) passOn(...args);
  };
  try {
    loaded = process.getBuiltinModule("node:sqlite");
  } finally {
    if (emitWarning !== undefined) Object.defineProperty(process, "emitWarning", emitWarning);
  }
  return loaded;
}

/** Opens a database file, which must exist: whoever makes it decides who may read it. */
export function openSqlite(file: string): Sqlite.DatabaseSync {
  return new (sqlite().DatabaseSync)(file, { timeout: BUSY_TIMEOUT_MS });
}

/** How long to wait for another process that is writing. Milliseconds. */
const BUSY_TIMEOUT_MS = 10_000;
