/** A token's encrypted bytes, where this machine keeps them. */

import type { Hex } from "../../lib/hex.ts";
import { ContentNotHereError } from "../../lib/inft/errors.ts";
import type { TokenView } from "../../lib/inft/show.ts";
import type { OpenConnection } from "./connection.ts";
import { openStores } from "./stores.ts";

/** The ciphertext of every datum, in order. @throws {ContentNotHereError} */
export async function ciphertextsOf(open: OpenConnection, { tokenId, datas }: TokenView): Promise<Uint8Array[]> {
  const { objects } = openStores(open.hre, open.read);
  return Promise.all(
    datas.map(async ({ dataHash }) => {
      const ciphertext = await objects.get(dataHash);
      if (ciphertext === undefined) throw new ContentNotHereError({ tokenId, network: open.network.name, dataHash });
      return ciphertext;
    }),
  );
}

/** Keeps ciphertexts under their hashes. */
export async function keepCiphertexts(
  open: OpenConnection,
  hashes: readonly Hex[],
  ciphertexts: readonly Uint8Array[],
): Promise<void> {
  const { objects } = openStores(open.hre, open.read);
  for (const [index, hash] of hashes.entries()) {
    const ciphertext = ciphertexts[index];
    if (ciphertext !== undefined) await objects.put(hash, ciphertext);
  }
}
