/** The key of a job server: made once, kept for its owner alone, compared without telling anything by time. */

import { timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

import { UsageError } from "../errors.ts";
import { keyDigest, newKey } from "../server-guards.ts";
import { keepSecret } from "../secrets.ts";
import { isMissing, writeFileAtomic } from "../storage/atomic-file.ts";

const PREFIX = "zgj-";
/** Whoever chooses a key chooses one that nobody tries out. */
const SHORTEST_KEY = 24;

export interface ServerKey {
  readonly opens: (key: string) => boolean;
  /** The key, when it was made now: shown once. */
  readonly made?: string;
  /** Where it is kept; absent of one that was given. */
  readonly file?: string;
}

/**
 * The key in a file, made when there is none; or the one given.
 * @throws {UsageError} for a given key that is too short. Never carries the key.
 */
export async function serverKey(file: string, given: string | undefined): Promise<ServerKey> {
  if (given !== undefined) {
    if (given.length >= SHORTEST_KEY) return { opens: opener(given) };
    throw new UsageError({
      message: `ZEROG_API_KEY has fewer than ${SHORTEST_KEY} characters, and it opens a server that spends money`,
      remedy: "Unset it, and a key is made; or give a longer one.",
    });
  }
  const kept = readKey(file);
  if (kept !== undefined) return { opens: opener(kept), file };
  const made = newKey(PREFIX);
  await writeFileAtomic(file, `${made}\n`, "private");
  return { opens: opener(made), made, file };
}

function readKey(file: string): string | undefined {
  try {
    const key = readFileSync(file, "utf8").trim();
    keepSecret(key);
    return key === "" ? undefined : key;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function opener(key: string): (tried: string) => boolean {
  const digest = Buffer.from(keyDigest(key));
  return (tried) => timingSafeEqual(digest, Buffer.from(keyDigest(tried)));
}
