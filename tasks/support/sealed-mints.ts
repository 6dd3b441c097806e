/**
 * What was sealed for a mint that has not come to its end. Sealing draws fresh keys; so without this, a mint that is tried
 * again would store and commit to something else, and pay for both once more.
 */

import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";

import { exclusively } from "../../lib/exclusively.ts";
import { sealedMintSchema } from "../../lib/flow/journal-schema.ts";
import { toHex, type Address } from "../../lib/hex.ts";
import type { SealedMintData } from "../../lib/inft/mint.ts";
import { isMissing, writeFileAtomic } from "../../lib/storage/atomic-file.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";

/** For whom something was sealed, and as what. */
export interface SealedFor {
  readonly inft: Address;
  readonly tokenId: bigint;
  readonly to: Address;
  readonly publicKey: Uint8Array;
}

export type SealedMint = SealedMintData & { readonly ciphertext: Uint8Array };

export class SealedMints {
  readonly #folder: string | undefined;
  readonly #objects: ObjectStore;

  /** @param folder undefined where nothing is kept. */
  constructor(folder: string | undefined, objects: ObjectStore) {
    this.#folder = folder;
    this.#objects = objects;
  }

  /** Runs `work` when no other command mints this token: two of them would commit and pay twice for one. */
  async inTurn<T>(tokenId: bigint, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#folder === undefined) return work();
    return exclusively(path.join(this.#folder, `${tokenId}.lock`), { signal })(`minting token ${tokenId}`, work);
  }

  /** What an earlier command sealed for the same, if its bytes are still here; else what `seal` makes. */
  async sealOnce(place: SealedFor, seal: () => SealedMint): Promise<SealedMint> {
    const sealed = await this.#load(place);
    const dataHash = sealed?.datas[0]?.dataHash;
    const ciphertext = dataHash === undefined ? undefined : await this.#objects.get(dataHash);
    return sealed === undefined || ciphertext === undefined ? seal() : { ...sealed, ciphertext };
  }

  /** Keeps it, bytes and all, before anything is paid for. */
  async keep(place: SealedFor, { ciphertext, ...sealed }: SealedMint): Promise<void> {
    for (const { dataHash } of sealed.datas) await this.#objects.put(dataHash, ciphertext);
    const file = this.#fileOf(place);
    if (file !== undefined) await writeFileAtomic(file, JSON.stringify(sealed), "private");
  }

  /** The mint is done. */
  async drop(place: SealedFor): Promise<void> {
    const file = this.#fileOf(place);
    if (file !== undefined) await rm(file, { force: true });
  }

  async #load(place: SealedFor): Promise<SealedMintData | undefined> {
    const file = this.#fileOf(place);
    if (file === undefined) return undefined;
    try {
      const parsed = sealedMintSchema.safeParse(JSON.parse(await readFile(file, "utf8")));
      return parsed.data;
    } catch (error) {
      // What cannot be read is sealed anew: no more is lost than the price of storing it.
      if (isMissing(error) || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  #fileOf({ inft, tokenId, to, publicKey }: SealedFor): string | undefined {
    const name = createHash("sha256")
      .update([inft, tokenId, to, toHex(publicKey)].join("/"))
      .digest("hex");
    return this.#folder === undefined ? undefined : path.join(this.#folder, `${name}.json`);
  }
}
