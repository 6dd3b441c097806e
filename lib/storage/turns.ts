import path from "node:path";

import type { Address } from "../hex.ts";
import { takeProcessLock } from "../process-lock.ts";
import type { StorageWriteContext } from "./client.ts";
import { StorageBusyError } from "./client-errors.ts";
import { limitsOf, nowOf, poll } from "./settings.ts";
import { rmSync } from "node:fs";

/** The end of the last turn of each signer in this process. */
const turns = new Map<string, Promise<unknown>>();

/**
 * Does `work` when no other work for the same signer is under way, in this process or, with a folder to note it in, in
 * another one: two transactions with one nonce cost one of them, and one file submitted twice is paid twice.
 * @throws {StorageBusyError} when another process takes too long.
 */
export async function inTurn<T>(ctx: StorageWriteContext, signer: Address, work: () => Promise<T>): Promise<T> {
  const key = `${ctx.network.name}:${signer}`;
  const before = turns.get(key) ?? Promise.resolve();
  const own = before.then(async () => locked(ctx, signer, work));
  const settled = own.catch(() => undefined);
  turns.set(key, settled);
  try {
    return await own;
  } finally {
    if (turns.get(key) === settled) turns.delete(key);
  }
}

async function locked<T>(ctx: StorageWriteContext, signer: Address, work: () => Promise<T>): Promise<T> {
  if (ctx.uploads === undefined) return work();
  const lock = path.join(ctx.uploads, `${signer}.lock`);
  await takeLock(ctx, lock);
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

async function takeLock(ctx: StorageWriteContext, lock: string): Promise<void> {
  const started = nowOf(ctx);
  let holder: number | undefined;
  const waiting = { what: "Waiting for another upload", patienceMs: limitsOf(ctx).logWaitMs };
  const taken = await poll(ctx, waiting, async () => {
    holder = takeProcessLock(lock);
    return holder === undefined ? true : undefined;
  });
  if (taken === undefined) throw new StorageBusyError({ lock, pid: holder ?? 0, waitedMs: nowOf(ctx) - started });
}
