/** Ciphertexts that attestors keep for whoever can open them. Their hash says whether they are the right ones. */

import { ProviderTimeoutError } from "../../compute/errors.ts";
import { exchange, type HttpDeps } from "../../compute/provider-http.ts";
import { AbortedError, ZgError } from "../../errors.ts";
import type { Address, Hex } from "../../hex.ts";
import { storageRoot } from "../../storage/merkle.ts";
import type { FoundCiphertext } from "../decrypt.ts";
import { attestorUrl } from "./client.ts";
import { objectOf } from "./paths.ts";

export interface ObjectQuery {
  readonly urls: readonly string[];
  readonly inft: Address;
  readonly tokenId: bigint;
  /** As the chain lists it for that token. */
  readonly dataHash: Hex;
  readonly maxBytes: number;
}

/**
 * Asks one attestor after the other for a ciphertext, by the hash the chain lists. Which attestor has it does not matter.
 * @throws {AbortedError} Anything that is wrong with an attestor is in the answer.
 */
export async function fetchObject(
  deps: HttpDeps,
  { urls, maxBytes, ...object }: ObjectQuery,
): Promise<FoundCiphertext> {
  const asked: string[] = [];
  for (const url of urls) {
    const answer = await askFor({ ...deps, maxResponseBytes: maxBytes }, url, object);
    if (typeof answer !== "string") return { bytes: answer, from: url };
    asked.push(`${url} ${answer}`);
  }
  return { asked };
}

/** The bytes, or why there are none. */
async function askFor(
  deps: HttpDeps,
  attestor: string,
  object: Pick<ObjectQuery, "inft" | "tokenId" | "dataHash">,
): Promise<Uint8Array | string> {
  const { dataHash } = object;
  try {
    const url = `${attestorUrl(attestor)}${objectOf(object)}`;
    const { status, bytes } = await exchange(deps, { what: "Fetching a ciphertext", url, method: "GET" });
    if (status === 404) return "does not keep it";
    if (status === 403) return "does not give it out: the chain does not list it for this token";
    if (status !== 200) return `answered with status ${status}`;
    return bytes.length > 0 && storageRoot(bytes) === dataHash ? bytes : "keeps something else under that hash";
  } catch (error) {
    if (error instanceof AbortedError || !(error instanceof ZgError)) throw error;
    return error instanceof ProviderTimeoutError ? "did not answer in time" : `could not be asked: ${error.message}`;
  }
}
