/** Opening private data with the keys a person has: the account's own, and one apart from it where it is configured. */

import { goAgentKey, keyVariable, setting } from "../../lib/env.ts";
import { fromHex, type Address, type Hex } from "../../lib/hex.ts";
import { AttestorSetMissingError } from "../../lib/inft/attestor/errors.ts";
import { fetchObject } from "../../lib/inft/attestor/fetch-object.ts";
import { readAttestorsOf } from "../../lib/inft/attestor/set.ts";
import { decryptToken, type DecryptedDatum } from "../../lib/inft/decrypt.ts";
import { decryptionKey, type DecryptionKey } from "../../lib/inft/decryption-key.ts";
import { ownerPublicKey } from "../../lib/inft/owner-key.ts";
import { readPublishedMetadata } from "../../lib/inft/published-metadata.ts";
import type { TokenView } from "../../lib/inft/show.ts";
import { publicKeyOf } from "../../lib/sealing/index.ts";
import type { TaskIo } from "./action.ts";
import { namedAttestors, ownAttestors } from "./attestors.ts";
import { PrivateKeyMissingError, type OpenConnection } from "./connection.ts";
import { openStores } from "./stores.ts";

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

/** Where ciphertexts that are not here may be, and how much of one is taken. */
export interface Fetching {
  /** What `--attestor` gave. */
  readonly attestor?: string | undefined;
  /** Bytes. */
  readonly maxBytes: number;
}

/** The attestors that may keep a token's data: those named, else the network's own and those the verifier publishes. */
async function attestorUrls(
  open: OpenConnection,
  inft: Address,
  given: string | undefined,
): Promise<readonly string[]> {
  const named = namedAttestors(given);
  if (named.length > 0) return named;
  const own = (await ownAttestors(open)).map(({ url }) => url);
  try {
    const { attestors } = await readAttestorsOf(open.read, inft);
    const published = attestors.map(({ endpoint }) => endpoint).filter((endpoint) => endpoint !== "");
    return [...new Set([...own, ...published])];
  } catch (error) {
    if (!(error instanceof AttestorSetMissingError)) throw error;
    return own;
  }
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
  const { objects } = openStores(open.hre, read);
  const fetched = new Map<Hex, Uint8Array>();
  let urls: Promise<readonly string[]> | undefined;
  const data = await decryptToken({
    token,
    chainId: network.chainId,
    network: network.name,
    keys: async () => decryptionKeys(open, as),
    goAgentKey,
    ciphertext: async (dataHash) => {
      const kept = await objects.get(dataHash);
      if (kept !== undefined) return { bytes: kept };
      urls ??= attestorUrls(open, inft, fetching.attestor);
      const { maxBytes } = fetching;
      const found = await fetchObject({ signal: io.signal }, { urls: await urls, dataHash, maxBytes });
      if ("bytes" in found) {
        fetched.set(dataHash, found.bytes);
        io.log(`fetched ${dataHash} from ${found.from ?? "an attestor"}`);
      }
      return found;
    },
    publishedMetadata: async (dataHash) => readPublishedMetadata(read, { inft, dataHash, fromBlock }),
  });
  for (const [dataHash, bytes] of fetched) await objects.put(dataHash, bytes);
  return data;
}
