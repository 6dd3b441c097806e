/** What an owner does with attestors: look at them, ask them, and believe nothing of the answer that can be checked. */

import type { ReadContext } from "../../chain/context.ts";
import { exchange, textOf, type HttpAnswer, type HttpDeps, type HttpRequest } from "../../compute/provider-http.ts";
import {
  ProviderDownError,
  ProviderTimeoutError,
  RedirectRefusedError,
  ResponseCutError,
  ResponseTooLargeError,
} from "../../compute/errors.ts";
import { fromHex, type Address, type Hex } from "../../hex.ts";
import { isLoopback } from "../../loopback.ts";
import { addressOfPublicKey, type RandomBytes } from "../../sealing/index.ts";
import { PublicKeyMalformedError } from "../../sealing/errors.ts";
import { storageRoot } from "../../storage/merkle.ts";
import { sealingKeyOf, type AccessProof } from "../proof-access.ts";
import { joinAttestorSignatures, recoverSigner } from "../proof-signatures.ts";
import { ownershipDigest, type OwnershipMessage, type SignedOwnership, type TypedData } from "../proof.ts";
import { sealForAttestor } from "./box.ts";
import {
  AttestorDownError,
  AttestorLiesError,
  AttestorRefusedError,
  AttestorsMissingError,
  AttestorUnknownError,
  AttestorUrlError,
} from "./errors.ts";
import { ATTESTOR_PATHS } from "./paths.ts";
import {
  descriptionSchema,
  reencryptionSchema,
  refusalSchema,
  requestDigest,
  requestTypedData,
  serializeRequest,
  type AttestorDescription,
  type Reencryption,
} from "./protocol.ts";
import type { SharedSeed } from "./seed.ts";
import { readAttestorSet, type AttestorSet } from "./set.ts";

/** An attestor that answers, under the address at which it does. */
export interface FoundAttestor extends AttestorDescription {
  readonly url: string;
}

const MAX_DESCRIPTION_BYTES = 64 * 1024;
/** It is asked before anything is done, and says what it knows by heart. Milliseconds. */
const DESCRIPTION_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** A new ciphertext is as long as the old one, or shorter by the padding of its last chunk. */
const CHUNK_SLACK = 256;
const MAX_QUOTED = 500;

/**
 * The address of an attestor, without a slash at its end.
 * @throws {AttestorUrlError} when it is none, or would send what an owner signs over a network unencrypted: whoever reads
 *   it could ask for the keys that are meant for the receiver, before the receiver paid.
 */
export function attestorUrl(text: string): string {
  const problem = (what: string) => new AttestorUrlError({ url: text, problem: what });
  if (!URL.canParse(text)) throw problem("it is no URL");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw problem("it is neither https nor http");
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw problem("http reaches this machine only; elsewhere it takes https");
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw problem("it has more than a host, a port and a path");
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

/**
 * Asks an attestor who it is. That its address belongs to its public key is checked; whether a verifier lists it is not.
 * @throws {AttestorUrlError} {@link AttestorDownError} {@link AttestorRefusedError} {@link AbortedError}
 * @throws {AttestorLiesError} when its address is not that of its public key.
 */
export async function describeAttestor(deps: HttpDeps, address: string): Promise<FoundAttestor> {
  const url = attestorUrl(address);
  const request = {
    what: "Asking the attestor who it is",
    url: `${url}${ATTESTOR_PATHS.describe}`,
    method: "GET",
  } as const;
  const limits = { timeoutMs: deps.timeoutMs ?? DESCRIPTION_TIMEOUT_MS, maxResponseBytes: MAX_DESCRIPTION_BYTES };
  const answer = await ask({ ...deps, ...limits }, url, request);
  const parsed = descriptionSchema.safeParse(jsonOf(url, answer));
  if (!parsed.success) throw new AttestorDownError({ url, problem: "its description has another form" }, parsed.error);
  const { protocol: _protocol, ...description } = parsed.data;
  if (accountOf(url, description.publicKey) !== description.address) {
    throw new AttestorLiesError({ url, problem: `its public key is not that of ${description.address}` });
  }
  return { ...description, url };
}

function accountOf(url: string, publicKey: Hex): Address {
  try {
    return addressOfPublicKey(fromHex(publicKey));
  } catch (error) {
    if (!(error instanceof PublicKeyMalformedError)) throw error;
    throw new AttestorLiesError({ url, problem: "its public key is none" }, error);
  }
}

/** Where attestors may be asked. */
export interface AttestorSearch {
  readonly verifier: Address;
  /** Named by the user, in the order to take them: each must be the verifier's. None: those below. */
  readonly named: readonly string[];
  /** Known otherwise, asked before those whose address the verifier publishes. */
  readonly known: readonly string[];
}

/**
 * Finds as many attestors as a token's verifier demands. One that does not answer is passed over while there are others;
 * so is one that is not the verifier's, unless the user named it.
 * @throws {AttestorsMissingError} {@link AttestorUrlError} {@link AttestorUnknownError} {@link AttestorLiesError}
 */
export async function findAttestors(
  ctx: ReadContext,
  deps: HttpDeps,
  { verifier, named, known }: AttestorSearch,
): Promise<readonly FoundAttestor[]> {
  const set = await readAttestorSet(ctx, verifier);
  const found: FoundAttestor[] = [];
  const problems: string[] = [];
  for (const candidate of candidates(set, named, known)) {
    if (found.length === set.threshold) break;
    try {
      const attestor = await describeAttestor(deps, candidate);
      requireActive(ctx, set, attestor);
      if (!found.some(({ address }) => address === attestor.address)) found.push(attestor);
    } catch (error) {
      if (!isPassedOver(error, named.length > 0)) throw error;
      problems.push(error.message);
    }
  }
  const required = set.threshold;
  if (found.length < required) throw new AttestorsMissingError({ verifier, required, found: found.length, problems });
  return found;
}

function candidates({ attestors }: AttestorSet, named: readonly string[], known: readonly string[]): Set<string> {
  if (named.length > 0) return new Set(named);
  const published = attestors.filter(({ state, endpoint }) => state === "active" && endpoint !== "");
  return new Set([...known, ...published.map(({ endpoint }) => endpoint)]);
}

/** A user who names an attestor wants to hear what is wrong with it. */
function isPassedOver(error: unknown, named: boolean): error is Error {
  if (error instanceof AttestorDownError) return true;
  return !named && (error instanceof AttestorUnknownError || error instanceof AttestorUrlError);
}

function requireActive({ network }: ReadContext, { verifier, attestors }: AttestorSet, found: FoundAttestor): void {
  const { url, address, chainId } = found;
  if (chainId !== network.chainId) {
    throw new AttestorDownError({ url, problem: `it reads chain ${chainId}, not ${network.chainId}` });
  }
  const listed = attestors.find((attestor) => attestor.address === address);
  if (listed?.state !== "active") throw new AttestorUnknownError({ url, attestor: address, verifier });
}

export interface ReencryptionParams {
  /** The receiver's side, checked already. */
  readonly access: AccessProof;
  /** The owner; signs one EIP-712 message. */
  readonly signer: {
    signTypedData(
      domain: TypedData["domain"],
      types: TypedData["types"],
      message: TypedData["message"],
    ): Promise<string>;
  };
  /** One a datum: the keys of the old ciphertexts. */
  readonly dataKeys: readonly Uint8Array[];
  /** One a datum. */
  readonly ciphertexts: readonly Uint8Array[];
  /** As many as the verifier demands; the first one draws the seed. */
  readonly attestors: readonly FoundAttestor[];
  readonly randomBytes: RandomBytes;
}

export interface Reencrypted {
  /** The attestors' side, ready for `assembleProofs`. */
  readonly ownership: SignedOwnership;
  /** The new ciphertexts, one a datum, to be kept until the receiver has them. */
  readonly ciphertexts: readonly Uint8Array[];
}

/**
 * Has a token's data re-encrypted for its receiver. The owner signs once; each attestor gets the data keys sealed to it.
 * Comes back only when all attestors signed one and the same result and the first one sent its ciphertexts.
 * @throws {AttestorDownError} {@link AttestorRefusedError} {@link AttestorLiesError} {@link AbortedError}
 */
export async function requestReencryption(deps: HttpDeps, params: ReencryptionParams): Promise<Reencrypted> {
  const { access, attestors } = params;
  const [first, ...others] = attestors;
  if (first === undefined) throw new RangeError("no attestor to ask");
  const { domain, types, message } = requestTypedData(access);
  const signature = (await params.signer.signTypedData(domain, types, message)) as Hex;

  const peers = others.map(({ publicKey }) => publicKey);
  const answered = await askOne(deps, params, first, signature, { peers });
  const ownership = checkedOwnership(access, first, answered);
  requireSeeds(first, others, answered);
  const ciphertexts = checkedCiphertexts(first, answered);
  const signatures = [answered.signature];
  for (const [index, other] of others.entries()) {
    const seed = answered.sealedSeeds[index];
    const again = await askOne(deps, params, other, signature, { peers: [], ...(seed === undefined ? {} : { seed }) });
    const theirs = checkedOwnership(access, other, again);
    if (ownershipDigest(access, theirs) !== ownershipDigest(access, ownership)) {
      const problem = `from the seed of ${first.address} it made something else than that one (one of the two lies)`;
      throw new AttestorLiesError({ url: other.url, problem });
    }
    signatures.push(again.signature);
  }
  const joined = joinAttestorSignatures(ownershipDigest(access, ownership), signatures);
  return { ownership: { ...ownership, signatures: joined }, ciphertexts };
}

async function askOne(
  deps: HttpDeps,
  { access, dataKeys, ciphertexts, randomBytes }: ReencryptionParams,
  { url, publicKey }: FoundAttestor,
  signature: Hex,
  sharing: { readonly peers: readonly Hex[]; readonly seed?: SharedSeed },
): Promise<Reencryption> {
  const digest = requestDigest(access);
  const boxes = dataKeys.map((key, index) => sealForAttestor(key, fromHex(publicKey), digest, index, randomBytes));
  const body = serializeRequest({ access, signature, boxes, ciphertexts, ...sharing });
  const size = ciphertexts.reduce((sum, { length }) => sum + length + CHUNK_SLACK, 0);
  const maxResponseBytes = MAX_ANSWER_BYTES + Math.ceil(size / 3) * 4;
  const answer = await ask({ ...deps, maxResponseBytes }, url, {
    what: "Asking the attestor to re-encrypt",
    url: `${url}${ATTESTOR_PATHS.reencrypt}`,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: new TextEncoder().encode(body),
  });
  const parsed = reencryptionSchema.safeParse(jsonOf(url, answer));
  if (!parsed.success) throw new AttestorLiesError({ url, problem: "its answer has another form" }, parsed.error);
  return parsed.data;
}

/** What an attestor vouches for, once it is certain that it does, and that it is what was asked for. */
function checkedOwnership(
  access: AccessProof,
  { url, address }: FoundAttestor,
  answer: Reencryption,
): OwnershipMessage {
  const lie = (problem: string) => new AttestorLiesError({ url, problem });
  const { newDataHashes, sealedKeys, encryptedPubKey, signature } = answer;
  const { action, tokenId, sequence, to, deadline, oldDataHashes } = access;
  const count = oldDataHashes.length;
  if (newDataHashes.length !== count || sealedKeys.length !== count)
    throw lie(`it answered for other than ${count} data`);
  if (new Set([...oldDataHashes, ...newDataHashes]).size !== new Set(oldDataHashes).size + count) {
    throw lie("a new hash is an old one, or there twice");
  }
  if (encryptedPubKey !== sealingKeyOf(access).toLowerCase()) throw lie("it sealed to another key than the receiver's");
  const terms = { action, tokenId, sequence, to, deadline };
  const ownership: OwnershipMessage = { ...terms, oldDataHashes, newDataHashes, sealedKeys, encryptedPubKey };
  const signer = recoverSigner(ownershipDigest(access, ownership), signature);
  if (signer !== address) throw lie(`its signature is of ${signer ?? "nobody"}, not of ${address}`);
  return ownership;
}

/** Whether they open is between the attestors: the owner can only see for whom they are. */
function requireSeeds(first: FoundAttestor, others: readonly FoundAttestor[], { sealedSeeds }: Reencryption): void {
  const fits = others.every(({ address }, index) => sealedSeeds[index]?.attestor === address);
  if (!fits || sealedSeeds.length !== others.length) {
    throw new AttestorLiesError({ url: first.url, problem: "it shared its seed with others than asked" });
  }
}

/** A receiver who cannot have the new ciphertexts has bought nothing. */
function checkedCiphertexts(
  { url }: FoundAttestor,
  { newDataHashes, ciphertexts }: Reencryption,
): readonly Uint8Array[] {
  const lie = (problem: string) => new AttestorLiesError({ url, problem });
  if (ciphertexts.length !== newDataHashes.length) throw lie(`it sent ${ciphertexts.length} new ciphertexts`);
  for (const [index, hash] of newDataHashes.entries()) {
    const bytes = ciphertexts[index] ?? new Uint8Array(0);
    if (bytes.length === 0 || storageRoot(bytes) !== hash)
      throw lie(`the ciphertext it sent for ${hash} has another hash`);
  }
  return ciphertexts;
}

/** One exchange; anything but success has a class. */
async function ask(deps: HttpDeps, url: string, request: HttpRequest): Promise<HttpAnswer> {
  let answer: HttpAnswer;
  try {
    answer = await exchange(deps, request);
  } catch (error) {
    if (!isTransport(error)) throw error;
    throw new AttestorDownError({ url, problem: error.message }, error);
  }
  if (answer.status === 200) return answer;
  const refusal = refusalSchema.safeParse(jsonOf(url, answer));
  if (!refusal.success) throw new AttestorDownError({ url, problem: `status ${answer.status}` }, refusal.error);
  const { code, message, remedy } = refusal.data.error;
  const [said, advice] = [message.slice(0, MAX_QUOTED), remedy.slice(0, MAX_QUOTED)];
  throw new AttestorRefusedError({ url, status: answer.status, code, said, advice });
}

function isTransport(error: unknown): error is Error {
  return (
    error instanceof ProviderDownError ||
    error instanceof ProviderTimeoutError ||
    error instanceof RedirectRefusedError ||
    error instanceof ResponseCutError ||
    error instanceof ResponseTooLargeError
  );
}

function jsonOf(url: string, answer: HttpAnswer): unknown {
  try {
    return JSON.parse(textOf(answer));
  } catch (error) {
    throw new AttestorDownError({ url, problem: `status ${answer.status}, and no JSON` }, error);
  }
}
