/** Every datum of a token, opened: what its owner minted, bought or was given. */

import type { Address, Hex } from "../hex.ts";
import { decryptFromGoAgent, type GoAgentKey } from "../sealing/go-agent-envelope.ts";
import type { Receipt } from "../compute/receipt-schema.ts";
import { agentDescription, decodeAgentPart, isAgentDescription } from "./agent.ts";
import { imageExtension } from "../protocol/images.ts";
import { parsedJson } from "../protocol/members.ts";
import { readForm } from "../protocol/multipart.ts";
import { CONTENT_DESCRIPTION, decodeContent, openDatum } from "./content.ts";
import { keyThatOpens, type DecryptionKey } from "./decryption-key.ts";
import {
  AgentMalformedError,
  ContentNotHereError,
  KeysNotPublishedError,
  SealedToAnotherKeyError,
  TokenWithoutDataError,
} from "./errors.ts";
import type { Datum } from "./mint.ts";
import { conflictingName } from "../names.ts";
import type { TokenView } from "./show.ts";

/** One file of what was decrypted; a name that is good on every system. */
export interface DecryptedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface DecryptedDatum extends Datum {
  readonly index: number;
  /** An inference is a request and a response; anything else is one file. */
  readonly content: "inference" | "agent part" | "go agent metadata" | "bytes";
  /** Which key opened it. */
  readonly openedWith: string;
  readonly files: readonly DecryptedFile[];
}

/** A ciphertext and where it was; or who was asked for it, each with what it answered. */
export type FoundCiphertext =
  { readonly bytes: Uint8Array; readonly from?: string } | { readonly asked: readonly string[] };

export interface DecryptTokenParams {
  readonly token: TokenView;
  readonly chainId: number;
  /** For messages: where nothing was found. */
  readonly network: string;
  /** Asked for when there is something to open with them. */
  readonly keys: () => Promise<readonly DecryptionKey[]>;
  /** Of the Go inference agent, which seals nothing to anybody. */
  readonly goAgentKey: () => GoAgentKey;
  /** Finds the ciphertext of a storage root, wherever it is kept. */
  readonly ciphertext: (root: Hex) => Promise<FoundCiphertext>;
  /** The account of the key that the data keys were sealed to, where the chain tells; asked for when none opens them. */
  readonly sealingAccount: () => Promise<Address | undefined>;
  /** What the Go agent published on chain under this hash; undefined when it is no such hash. */
  readonly publishedMetadata: (dataHash: Hex) => Promise<Uint8Array | undefined>;
}

/**
 * Opens every datum of a token and checks each against the hash on chain. Reads what the parameters give it to read.
 * @throws {TokenWithoutDataError} {@link KeysNotPublishedError} {@link ContentNotHereError}
 * @throws {SealedToAnotherKeyError} when no key at hand opens it.
 * @throws {ContentMalformedError} {@link AgentMalformedError} when it is not what its description says.
 * @throws what {@link openDatum} and {@link decryptFromGoAgent} throw.
 */
export async function decryptToken(params: DecryptTokenParams): Promise<DecryptedDatum[]> {
  const { token } = params;
  if (token.datas.length === 0) throw new TokenWithoutDataError({ tokenId: token.tokenId });
  let asked: ReturnType<DecryptTokenParams["keys"]> | undefined;
  const keys = async () => (asked ??= params.keys());
  const opened: DecryptedDatum[] = [];
  // One after the other: each may be large, and a wrong key is found at the first.
  for (const [index, datum] of token.datas.entries())
    opened.push(await decryptDatum({ ...params, keys }, index, datum));
  return opened;
}

async function decryptDatum(params: DecryptTokenParams, index: number, datum: Datum): Promise<DecryptedDatum> {
  const { token, chainId, network } = params;
  const { inft, tokenId, owner, sealedKeys, sealedTo } = token;
  const { dataHash, dataDescription } = datum;
  const found = await params.ciphertext(dataHash);
  if ("asked" in found) {
    const metadata = await params.publishedMetadata(dataHash);
    if (metadata === undefined) throw new ContentNotHereError({ tokenId, network, dataHash, asked: found.asked });
    const key = params.goAgentKey();
    const file = { name: `metadata-${index}.json`, bytes: decryptFromGoAgent(metadata, key) };
    return { index, ...datum, content: "go agent metadata", openedWith: `the agent's key ${key.id}`, files: [file] };
  }
  const sealedKey = sealedKeys?.[index];
  if (sealedKey === undefined) {
    throw new KeysNotPublishedError({ tokenId, owner, ...(sealedTo === undefined ? {} : { sealedTo }) });
  }
  const { privateKey, account, from } = await keyFor(params, { index, sealedKey });
  const { bytes: ciphertext } = found;
  const plaintext = openDatum({ ciphertext, dataHash, sealedKey, privateKey, chainId, contract: inft, tokenId, index });
  return { index, ...datum, openedWith: `${account} (${from})`, ...readPlaintext(plaintext, dataDescription, index) };
}

/** @throws {SealedToAnotherKeyError} naming the key it was sealed to, where that is known. */
async function keyFor(
  { token, keys, sealingAccount }: DecryptTokenParams,
  sealed: { readonly index: number; readonly sealedKey: Hex },
): Promise<DecryptionKey> {
  const atHand = await keys();
  try {
    return keyThatOpens(token, sealed, atHand);
  } catch (error) {
    if (!(error instanceof SealedToAnotherKeyError)) throw error;
    const encryptionKey = await sealingAccount();
    if (encryptionKey === undefined) throw error;
    const { tokenId, sealedTo } = token;
    const tried = atHand.map((key) => ({ account: key.account, from: key.from }));
    const { index } = sealed;
    throw new SealedToAnotherKeyError({
      ...{ tokenId, index, encryptionKey, tried },
      ...(sealedTo === undefined ? {} : { sealedTo }),
    });
  }
}

/** What the description says is read as that; of anything else only the bytes are known. */
function readPlaintext(
  plaintext: Uint8Array,
  description: string,
  index: number,
): Pick<DecryptedDatum, "content" | "files"> {
  if (description === CONTENT_DESCRIPTION) {
    const { request, response, receipt } = decodeContent(plaintext);
    const files = [
      { name: `request.${extension(request)}`, bytes: request },
      { name: `response.${extension(response)}`, bytes: response },
      ...(receipt === undefined ? [] : [{ name: "receipt.json", bytes: receiptFile(receipt) }]),
    ];
    return { content: "inference", files };
  }
  if (isAgentDescription(description)) {
    const { part, name, bytes } = decodeAgentPart(plaintext);
    const actual = agentDescription(part);
    if (actual !== description)
      throw new AgentMalformedError(`datum ${index} is described as ${description}, and is ${actual}`);
    return { content: "agent part", files: [{ name, bytes }] };
  }
  return { content: "bytes", files: [{ name: `datum-${index}`, bytes: plaintext }] };
}

/** What the bytes are: requests with files are forms, and the answer of an image service is the image itself. */
function extension(bytes: Uint8Array): string {
  const image = imageExtension(bytes);
  if (image !== "bin") return image;
  if (readForm(bytes) !== undefined) return "multipart";
  const text = Buffer.from(bytes).toString("utf8");
  return parsedJson(text) === undefined ? "txt" : "json";
}

/** As `flow run` keeps one, so that `inference verify` takes it. */
function receiptFile(receipt: Receipt): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(receipt, null, 2)}\n`);
}

/** All files of a token side by side; each datum in a folder of its own where two names are one on some system. */
export function decryptedFiles(data: readonly DecryptedDatum[]): DecryptedFile[] {
  const files = data.flatMap((datum) => datum.files);
  if (conflictingName(files.map(({ name }) => name)) === undefined) return files;
  return data.flatMap((datum) => datum.files.map(({ name, bytes }) => ({ name: `${datum.index}/${name}`, bytes })));
}
