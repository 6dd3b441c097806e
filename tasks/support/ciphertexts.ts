/** A token's encrypted bytes: kept on this machine, on 0G Storage, or by attestors. */

import { AbortedError, ZgError } from "../../lib/errors.ts";
import type { Address, Hex } from "../../lib/hex.ts";
import { AttestorSetMissingError } from "../../lib/inft/attestor/errors.ts";
import { fetchObject } from "../../lib/inft/attestor/fetch-object.ts";
import { readAttestorsOf } from "../../lib/inft/attestor/set.ts";
import type { FoundCiphertext } from "../../lib/inft/decrypt.ts";
import { ContentNotHereError } from "../../lib/inft/errors.ts";
import type { TokenView } from "../../lib/inft/show.ts";
import { parseByteSize } from "../../lib/units.ts";
import type { TaskIo } from "./action.ts";
import { FETCH_LIMIT } from "./arguments.ts";
import { attestorBorder, namedAttestors, ownAttestors } from "./attestors.ts";
import type { OpenConnection } from "./connection.ts";
import { indexersOf, openStorage } from "./storage.ts";
import { openStores } from "./stores.ts";

/** The most that is fetched of one datum where nobody says. Bytes. */
export const MOST_FETCHED = parseByteSize(FETCH_LIMIT.defaultValue);

/** Where ciphertexts that are not here may be, and how much of one is taken. */
export interface Fetching {
  /** What `--attestor` gave. */
  readonly attestor?: string | undefined;
  /** What `--indexer` gave. */
  readonly indexer?: string | undefined;
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

const STORAGE = "0G Storage";

/** The bytes of a root on 0G Storage, or why there are none; undefined where there is no 0G Storage to ask. */
async function askStorage(
  open: OpenConnection,
  root: Hex,
  { indexer, maxBytes }: Fetching,
  io: TaskIo,
): Promise<Uint8Array | string | undefined> {
  if ((await indexersOf(open, indexer)).length === 0) return undefined;
  try {
    return (await (await openStorage(open, indexer, io)).getBytes(root, { maxBytes })).bytes;
  } catch (error) {
    if (error instanceof AbortedError || !(error instanceof ZgError)) throw error;
    return error.message;
  }
}

/** Finds a ciphertext among the objects kept here, else on 0G Storage, else with attestors; says from where it came. */
export function ciphertextFinder(
  open: OpenConnection,
  { inft, tokenId }: Pick<TokenView, "inft" | "tokenId">,
  fetching: Fetching,
  io: TaskIo,
): (dataHash: Hex) => Promise<FoundCiphertext> {
  const { attestor, maxBytes } = fetching;
  const { objects } = openStores(open.hre, open.read);
  let urls: Promise<readonly string[]> | undefined;
  return async (dataHash) => {
    const kept = await objects.get(dataHash);
    if (kept !== undefined) return { bytes: kept };
    const stored = await askStorage(open, dataHash, fetching, io);
    if (stored instanceof Uint8Array) {
      io.log(`fetched ${dataHash} from ${STORAGE}`);
      return { bytes: stored, from: STORAGE };
    }
    const http = { border: attestorBorder(open.network, attestor), signal: io.signal };
    urls ??= attestorUrls(open, inft, attestor);
    const found = await fetchObject(http, { urls: await urls, inft, tokenId, dataHash, maxBytes });
    if ("bytes" in found) io.log(`fetched ${dataHash} from ${found.from ?? "an attestor"}`);
    else if (stored !== undefined) return { asked: [`${STORAGE}: ${stored}`, ...found.asked] };
    return found;
  };
}

/** The ciphertext of every datum, in order. @throws {ContentNotHereError} */
export async function ciphertextsOf(
  open: OpenConnection,
  token: TokenView,
  fetching: Fetching,
  io: TaskIo,
): Promise<Uint8Array[]> {
  const { tokenId, datas } = token;
  const find = ciphertextFinder(open, token, fetching, io);
  const ciphertexts: Uint8Array[] = [];
  for (const { dataHash } of datas) {
    const found = await find(dataHash);
    if ("asked" in found) throw new ContentNotHereError({ tokenId, network: open.network.name, dataHash, ...found });
    ciphertexts.push(found.bytes);
  }
  return ciphertexts;
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
