/** What commands without a run of their own sent, written down before it leaves, so that a crash cannot hide it. */

import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { z } from "zod";

import type { SignedTransaction } from "../../lib/chain/context.ts";
import { addressSchema, hashSchema } from "../../lib/hex-schema.ts";

const lineSchema = z.object({
  what: z.string(),
  hash: hashSchema,
  nonce: z.int().min(0),
  from: addressSchema,
});

/** As many as a wallet could have waiting, and more. */
const LAST_LINES = 50;

export class SentTransactions {
  readonly #file: string;

  constructor(folder: string) {
    this.#file = path.join(folder, "transactions.jsonl");
  }

  /** Durable when it returns. */
  add(transaction: SignedTransaction): void {
    mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    appendFileSync(this.#file, `${JSON.stringify(transaction)}\n`, { mode: 0o600, flush: true });
  }

  /** What `from` signed last. A line that a kill cut off was never sent. */
  last(from: string): readonly SignedTransaction[] {
    if (!existsSync(this.#file)) return [];
    const lines = readFileSync(this.#file, "utf8").split("\n").slice(0, -1).slice(-LAST_LINES);
    return lines.flatMap((line) => {
      const parsed = lineSchema.safeParse(parseJson(line));
      return parsed.success && parsed.data.from === from ? [parsed.data] : [];
    });
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // JSON.parse throws for nothing else
  }
}
