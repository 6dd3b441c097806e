/** What processes that sign with one key tell each other: whose turn it is, and which nonce was signed last. */

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { z } from "zod";

import { withRoom } from "../disk-full.ts";
import { exclusively, type Exclusively } from "../exclusively.ts";
import { hashSchema } from "../hex-schema.ts";
import type { Address, Hex } from "../hex.ts";

/** The transaction a key signed last, on the chain it was signed for. */
export interface LastSigned {
  /** See `chainIdentity`. */
  readonly chain: string;
  readonly nonce: number;
  readonly hash: Hex;
}

/** Shared by all processes that sign with one key. */
export interface SharedNonces {
  readonly exclusively: Exclusively;
  /** To be called in a turn, like {@link SharedNonces.write}. */
  read(): LastSigned | undefined;
  write(last: LastSigned | undefined): void;
}

/** A turn takes some ten milliseconds at a node nearby. */
const POLL_MS = 20;

const lastSchema = z.object({ chain: z.string(), nonce: z.int().nonnegative(), hash: hashSchema });

/**
 * Shares a key's nonces through two files in `folder`: a lock that is held from reading a nonce to sending what it was
 * signed into, and the last nonce, which a node that lags may not have heard of.
 */
export function nonceFile(folder: string, key: Address, options: { readonly signal?: AbortSignal } = {}): SharedNonces {
  const file = path.join(folder, `${key}.json`);
  return {
    exclusively: exclusively(path.join(folder, `${key}.lock`), { ...options, pollMs: POLL_MS }),
    read: () => parsed(file),
    // Its readers live on the same machine and hold the lock: it need not survive a power cut, nor be replaced at once.
    write: (last) => {
      withRoom(file, () => {
        writeFileSync(file, last === undefined ? "" : `${JSON.stringify(last)}\n`, { mode: 0o600 });
      });
    },
  };
}

/** Undefined too for what a killed process left half written: then the node alone is asked. */
function parsed(file: string): LastSigned | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return lastSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
