import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { withRoom } from "./disk-full.ts";

/** Whom a lock names that a power cut left without its content. */
const NOBODY = 0;

/** Whether a process of this machine lives. Another may have its number by now. */
export function isAlive(pid: number): boolean {
  if (pid === NOBODY) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH"; // EPERM: it lives, and is somebody else's
  }
}

/**
 * Makes a file that names this process, unless it names another one that lives. What a killed process left is replaced.
 * Whoever took it removes it. Answers the process that holds it, if that is not this one.
 * @throws {DiskFullError}
 */
export function takeProcessLock(lock: string): number | undefined {
  withRoom(lock, () => mkdirSync(path.dirname(lock), { recursive: true, mode: 0o700 }));
  const own = `${lock}.${process.pid}`;
  try {
    withRoom(lock, () => {
      writeFileSync(own, `${process.pid}`, { mode: 0o600 });
    });
    for (;;) {
      try {
        linkSync(own, lock); // with its content at once, and only if there is none
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = holderOf(lock);
      if (holder === process.pid) return undefined;
      if (holder !== undefined && isAlive(holder)) return holder;
      if (holder !== undefined) removeLeftover(lock, holder);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Removes what a dead process left. Whoever was faster has put a lock of its own there: that one is put back. */
function removeLeftover(lock: string, dead: number): void {
  const aside = `${lock}.${process.pid}.left`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (holderOf(aside) !== dead) linkSync(aside, lock);
  rmSync(aside, { force: true });
}

/** The process named in a lock; undefined when it was removed meanwhile. */
function holderOf(lock: string): number | undefined {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : NOBODY;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
