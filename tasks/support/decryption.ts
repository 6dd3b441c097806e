/** Opening private data with the keys a person has: the account's own, and one apart from it where it is configured. */

import { goAgentKey, keyVariable, setting } from "../../lib/env.ts";
import { fromHex, type Hex } from "../../lib/hex.ts";
import { decryptToken, type DecryptedDatum } from "../../lib/inft/decrypt.ts";
import { decryptionKey, type DecryptionKey } from "../../lib/inft/decryption-key.ts";
import { ownerPublicKey } from "../../lib/inft/owner-key.ts";
import { readPublishedMetadata } from "../../lib/inft/published-metadata.ts";
import { readSealingAccount } from "../../lib/inft/sealing-account.ts";
import type { TokenView } from "../../lib/inft/show.ts";
import { publicKeyOf } from "../../lib/sealing/index.ts";
import type { TaskIo } from "./action.ts";
import { ciphertextFinder, keepCiphertexts, type Fetching } from "./ciphertexts.ts";
import { PrivateKeyMissingError, type OpenConnection } from "./connection.ts";

/**
 * The keys that may open what was sealed to the user: the separate one first, then the account's own.
 * @param as what `--as` gave; then it is that account's key alone.
 * @throws {PrivateKeyMissingError} when neither is configured.
 */
export async function decryptionKeys(open: OpenConnection, as?: string): Promise<readonly DecryptionKey[]> {
  const separate = as === undefined ? await open.separateKey() : undefined;
  try {
    const { privateKey } = await open.signer(as);
    const own = decryptionKey(fromHex(privateKey as Hex), sourceOf(open));
    return separate === undefined || separate.account === own.account ? [own] : [separate, own];
  } catch (error) {
    if (separate === undefined || !(error instanceof PrivateKeyMissingError)) throw error;
    return [separate];
  }
}

function sourceOf({ network }: OpenConnection): string {
  const variable = keyVariable(network.name);
  return variable === undefined ? "development account" : (setting(variable)?.from ?? `${variable}, from the keystore`);
}

/** The public key that the user's own data is sealed to: the separate key's where one is configured, else the account's. */
export async function ownEncryptionKey(open: OpenConnection, as?: string): Promise<Uint8Array> {
  const separate = as === undefined ? await open.separateKey() : undefined;
  return separate === undefined ? ownerPublicKey(await open.signer(as)) : publicKeyOf(separate.privateKey);
}

/**
 * Opens every datum of a token with the user's keys. Ciphertexts come from the objects kept here, else from attestors;
 * what was fetched and opened is kept here.
 * @param as what `--as` gave.
 */
export async function decryptHere(
  open: OpenConnection,
  token: TokenView,
  io: TaskIo,
  {
    as,
    fromBlock,
    fetching,
  }: { readonly as?: string | undefined; readonly fromBlock: number; readonly fetching: Fetching },
): Promise<DecryptedDatum[]> {
  const { network, read } = open;
  const { inft } = token;
  const find = ciphertextFinder(open, token, fetching, io);
  const fetched = new Map<Hex, Uint8Array>();
  const data = await decryptToken({
    token,
    chainId: network.chainId,
    network: network.name,
    keys: async () => decryptionKeys(open, as),
    goAgentKey,
    ciphertext: async (dataHash) => {
      const found = await find(dataHash);
      if ("bytes" in found && found.from !== undefined) fetched.set(dataHash, found.bytes);
      return found;
    },
    sealingAccount: async () => readSealingAccount(read, { inft, tokenId: token.tokenId, fromBlock }),
    publishedMetadata: async (dataHash) => readPublishedMetadata(read, { inft, dataHash, fromBlock }),
  });
  // Not before: bytes that end in more zeros than they should have the hash of the right ones, but do not open.
  await keepCiphertexts(open, [...fetched.keys()], [...fetched.values()]);
  return data;
}
