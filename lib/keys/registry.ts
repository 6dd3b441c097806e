/** Which API keys were made here: a file, because neither chain nor provider records what was issued. Holds no key. */

import { readFile } from "node:fs/promises";

import { z } from "zod";

import { addressSchema } from "../hex-schema.ts";
import type { Address } from "../hex.ts";
import { isMissing, writeFileAtomic } from "../storage/atomic-file.ts";
import { KeyRegistryError } from "./errors.ts";

/** An issued key, without the key. */
export interface KeyRecord {
  readonly user: Address;
  readonly provider: Address;
  /** 0 to 254. */
  readonly tokenId: number;
  readonly generation: bigint;
  readonly label: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** Unix milliseconds; 0 is never. */
  readonly expiresAt: number;
  /** SHA-256 of the key, hexadecimal: tells whether a text is this key. */
  readonly digest: string;
  /** Where the key itself is: a file, or a name in Hardhat's keystore. */
  readonly kept: string;
}

const VERSION = 1;
const fileSchema = z.object({
  version: z.literal(VERSION),
  keys: z.array(
    z.object({
      user: addressSchema,
      provider: addressSchema,
      tokenId: z.int().min(0).max(254),
      generation: z
        .string()
        .regex(/^\d{1,78}$/)
        .transform(BigInt),
      label: z.string(),
      createdAt: z.int().nonnegative(),
      expiresAt: z.int().nonnegative(),
      digest: z.string().regex(/^[0-9a-f]{64}$/),
      kept: z.string(),
    }),
  ),
});

/** The records in a file, 0600. Whoever changes them holds a lock of its own: see {@link createApiKey}. */
export class KeyRegistry {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  /** @throws {KeyRegistryError} Empty when there is no file. */
  async read(): Promise<readonly KeyRecord[]> {
    let text: string;
    try {
      text = await readFile(this.file, "utf8");
    } catch (error) {
      if (isMissing(error)) return [];
      throw new KeyRegistryError({ file: this.file, problem: "it cannot be opened" }, error);
    }
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (error) {
      throw new KeyRegistryError({ file: this.file, problem: "it is not JSON" }, error);
    }
    const parsed = fileSchema.safeParse(json);
    if (parsed.success) return parsed.data.keys;
    throw new KeyRegistryError({ file: this.file, problem: z.prettifyError(parsed.error) }, parsed.error);
  }

  async write(records: readonly KeyRecord[]): Promise<void> {
    const keys = records.map((record) => ({ ...record, generation: record.generation.toString() }));
    await writeFileAtomic(this.file, `${JSON.stringify({ version: VERSION, keys }, null, 2)}\n`, "private");
  }
}

/** The keys of one user at one provider. */
export function keysOf(records: readonly KeyRecord[], user: Address, provider: Address): readonly KeyRecord[] {
  return records.filter((record) => record.user === user && record.provider === provider);
}
