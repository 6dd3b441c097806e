import { readFile, rm } from "node:fs/promises";
import path from "node:path";

import { z } from "zod";

import type { SignedTransaction } from "../chain/context.ts";
import { isHex, parseAddress, type Address, type Hex } from "../hex.ts";
import { isMissing, writeFileAtomic } from "./atomic-file.ts";
import type { StorageWriteContext } from "./client.ts";
import type { StorageTree } from "./merkle.ts";

const noteSchema = z.object({
  what: z.string(),
  hash: z.string().refine((text): text is Hex => isHex(text) && text.length === 66),
  nonce: z.int().nonnegative(),
  from: z.string().transform((text): Address => parseAddress(text)),
});

/**
 * The transaction of a submission, from before its broadcast until it is in a block. After that the chain tells. Not kept
 * without a folder.
 */
export class UploadNote {
  readonly #file: string | undefined;
  readonly #log: StorageWriteContext["log"];

  constructor({ uploads, log }: Pick<StorageWriteContext, "uploads" | "log">, { root, shape }: StorageTree) {
    this.#file = uploads === undefined ? undefined : path.join(uploads, `${root}-${shape.size}.json`);
    this.#log = log;
  }

  async write(transaction: SignedTransaction): Promise<void> {
    if (this.#file !== undefined) await writeFileAtomic(this.#file, `${JSON.stringify(transaction)}\n`, "private");
  }

  async read(): Promise<SignedTransaction | undefined> {
    if (this.#file === undefined) return undefined;
    let text: string;
    try {
      text = await readFile(this.#file, "utf8");
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    const note = noteSchema.safeParse(parsed(text));
    if (note.success) return note.data;
    // It was written whole, so that somebody else changed it. The chain knows the transaction by now, if there was one.
    this.#log?.(`${this.#file} is no note of an upload; it is not used`);
    return undefined;
  }

  async remove(): Promise<void> {
    if (this.#file !== undefined) await rm(this.#file, { force: true });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
