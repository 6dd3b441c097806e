/**
 * The attestor itself: checks everything there is to check, and only then opens, re-encrypts and signs.
 *
 * What it guards against: an owner who wants a proof for data that is not the token's, or a key to what it sold; a
 * receiver, or anybody else, who wants the data without the owner's or the receiver's signature; a box or a seed that was
 * made for another request. It answers nothing that the receiver alone could not open.
 */

import type { Log } from "../../chain/context.ts";
import { fromHex, type Address, type Hex } from "../../hex.ts";
import { addressOfPublicKey, decryptData, publicKey64, SEED_BYTES, type RandomBytes } from "../../sealing/index.ts";
import { SealedKeyMalformedError, SealedKeyNotOpenedError, WrongDataKeyError } from "../../sealing/errors.ts";
import { StorageRootMismatchError } from "../../storage/errors.ts";
import { storageRoot } from "../../storage/merkle.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { requirePlacedIn, sealDatumFromSeed, tokenBytes, type SealedDatum } from "../content.ts";
import { TokenMissingError } from "../errors.ts";
import { requireAccessFor, sealingKeyOf, verifyAccessProof } from "../proof-access.ts";
import { recoverSigner } from "../proof-signatures.ts";
import { OPEN_HASH, ownershipDigest } from "../proof.ts";
import { openForAttestor } from "./box.ts";
import type { AttestedToken, AttestorChain } from "./chain.ts";
import {
  AttestorBoxError,
  AttestorChainError,
  AttestorCiphertextError,
  AttestorContractError,
  AttestorDeadlineError,
  AttestorHashesChosenError,
  AttestorLimitError,
  AttestorOwnerError,
  AttestorPeerError,
  AttestorRequestError,
  AttestorUntrustedError,
  SharedSeedError,
} from "./errors.ts";
import type { AttestorKey } from "./key.ts";
import type { AttestorLimits } from "./limits.ts";
import { requestDigest, type AttestorRequest, type Reencryption } from "./protocol.ts";
import { openSeed, seedSigner, shareSeed } from "./seed.ts";

export interface AttestorContext {
  readonly chainId: number;
  readonly key: AttestorKey;
  readonly chain: AttestorChain;
  /** New ciphertexts are kept here before anything is answered. Old ones may be here. */
  readonly objects: ObjectStore;
  readonly randomBytes: RandomBytes;
  readonly limits: AttestorLimits;
  /** The only token contracts to serve. Absent: every one whose verifier lists this attestor. */
  readonly contracts?: readonly Address[];
  /** One line for each proof signed. */
  readonly log?: Log;
}

/** What has been found true of a request. */
interface CheckedRequest {
  readonly request: AttestorRequest;
  /** The digest the owner signed. */
  readonly digest: Hex;
  /** 64 bytes: the key that the receiver wants the data sealed to. */
  readonly sealTo: Hex;
  readonly peers: readonly Uint8Array[];
  /** Each with the root that the chain lists. */
  readonly ciphertexts: readonly Uint8Array[];
}

/**
 * Re-encrypts a token's data for its receiver and signs the ownership proof. Reads the chain; writes ciphertexts; sends
 * nothing. No key and no plaintext is touched before every check has passed.
 * @throws {AttestorRequestError} {@link AttestorLimitError} {@link AttestorHashesChosenError} {@link AttestorChainError}
 * @throws {AttestorContractError} {@link AttestorUntrustedError} {@link AttestorDeadlineError} {@link TokenMissingError}
 * @throws {AccessProofMismatchError} {@link AccessProofExpiredError} {@link AttestorOwnerError}
 * @throws {AccessProofSignerError} {@link AccessProofKeyError} {@link PublicKeyMalformedError}
 * @throws {AttestorPeerError} {@link SharedSeedError} {@link AttestorCiphertextError} {@link StorageRootMismatchError}
 * @throws {AttestorBoxError} {@link ContentMisplacedError} {@link EnvelopeVersionError} {@link EnvelopeTamperedError}
 */
export async function reencrypt(ctx: AttestorContext, request: AttestorRequest): Promise<Reencryption> {
  const checked = await check(ctx, request);
  const { digest, peers } = checked;
  const { access, seed: shared } = request;
  const seed = shared === undefined ? ctx.randomBytes(SEED_BYTES) : openSeed(shared, ctx.key);
  try {
    const sealed = sealAgain(ctx, checked, seed);
    await Promise.all(sealed.map(async ({ dataHash, ciphertext }) => ctx.objects.put(dataHash, ciphertext)));
    const [newDataHashes, sealedKeys] = [
      sealed.map(({ dataHash }) => dataHash),
      sealed.map((datum) => datum.sealedKey),
    ];
    const encryptedPubKey = checked.sealTo;
    const proof = ownershipDigest(access, { ...access, newDataHashes, sealedKeys, encryptedPubKey });
    const sealedSeeds = peers.map((publicKey) =>
      shareSeed(seed, publicKey, { place: access, request: digest, key: ctx.key }, ctx.randomBytes),
    );
    const { action, contract, tokenId, to } = access;
    ctx.log?.(`signed the ${action} of token ${tokenId} of ${contract} to ${to}: ${newDataHashes.join(", ")}`);
    const ciphertexts = shared === undefined ? sealed.map(({ ciphertext }) => ciphertext) : [];
    return { newDataHashes, sealedKeys, encryptedPubKey, signature: ctx.key.sign(proof), sealedSeeds, ciphertexts };
  } finally {
    seed.fill(0);
  }
}

/** Everything that can be known without a key, cheapest first; what others' contracts are asked comes last. */
async function check(ctx: AttestorContext, request: AttestorRequest): Promise<CheckedRequest> {
  const { access, signature } = request;
  requireForm(ctx.limits, request);
  if (access.chainId !== ctx.chainId) throw new AttestorChainError({ asked: access.chainId, served: ctx.chainId });
  const verifier = await requireTrust(ctx, access.contract);
  const token = await requireToken(ctx, request);

  const digest = requestDigest(access);
  const account = ctx.chain.accessOf(access.contract);
  const signer = recoverSigner(digest, signature);
  if (signer !== token.owner && !(await account.isValidSignature(token.owner, digest, signature))) {
    throw new AttestorOwnerError({ owner: token.owner, ...(signer === undefined ? {} : { signer }) });
  }
  await verifyAccessProof(access, account);
  const sealTo = sealingKeyOf(access);
  publicKey64(fromHex(sealTo));

  const peers = await requirePeers(ctx, verifier, request.peers);
  await requireSeedOfPeer(ctx, verifier, digest, request);
  const ciphertexts = await oldCiphertexts(ctx, request);
  for (const ciphertext of ciphertexts) requirePlacedIn(ciphertext, access.tokenId);
  return { request, digest, sealTo, peers, ciphertexts };
}

function requireForm(limits: AttestorLimits, { access, boxes, ciphertexts, peers, seed }: AttestorRequest): void {
  const count = access.oldDataHashes.length;
  for (const [what, list] of Object.entries({ boxes, ciphertexts })) {
    if (list.length !== count) throw new AttestorRequestError(`it has ${list.length} ${what} for ${count} data`);
  }
  if (seed !== undefined && peers.length > 0) {
    throw new AttestorRequestError("it brings a seed and asks to share one");
  }
  if (peers.length > limits.maxPeers) {
    throw new AttestorLimitError({ what: "peers", given: peers.length, limit: limits.maxPeers });
  }
  const bytes = ciphertexts.reduce((sum, ciphertext) => sum + (ciphertext?.length ?? 0), 0);
  requireBytes(limits, bytes);
  if (access.newDataHashes.some((hash) => hash !== OPEN_HASH)) {
    throw new AttestorHashesChosenError({ newDataHashes: access.newDataHashes });
  }
}

function requireBytes({ maxBytes }: AttestorLimits, given: number): void {
  if (given > maxBytes) throw new AttestorLimitError({ what: "bytes of data", given, limit: maxBytes });
}

/** The verifier of a contract that this attestor serves. */
async function requireTrust(ctx: AttestorContext, contract: Address): Promise<Address> {
  const { chain, contracts, key } = ctx;
  if (contracts !== undefined && !contracts.includes(contract)) {
    throw new AttestorContractError({ contract, served: contracts });
  }
  const attestor = key.address;
  const verifier = await chain.verifierOf(contract);
  if (verifier === undefined) throw new AttestorUntrustedError({ attestor, contract });
  if (!(await chain.isAttestor(verifier, attestor))) {
    throw new AttestorUntrustedError({ attestor, contract, verifier });
  }
  return verifier;
}

/** The token that the access proof is about, as it is now. */
async function requireToken({ chain, limits }: AttestorContext, { access }: AttestorRequest): Promise<AttestedToken> {
  const { contract, tokenId, deadline } = access;
  const now = await chain.now();
  const latest = now + BigInt(limits.maxDeadlineSeconds);
  if (deadline > latest) throw new AttestorDeadlineError({ deadline, latest });
  const token = await chain.tokenOf(contract, tokenId);
  if (token === undefined) throw new TokenMissingError({ tokenId, inft: contract });
  const { sequence, dataHashes } = token;
  // What the receiver signed is what it is compared with: chain, contract, action, token and receiver are its own.
  requireAccessFor(access, { ...access, sequence, oldDataHashes: dataHashes }, now);
  return token;
}

async function requirePeers(
  { chain, key }: AttestorContext,
  verifier: Address,
  keys: readonly Hex[],
): Promise<readonly Uint8Array[]> {
  const peers = keys.map((publicKey) => fromHex(publicKey));
  const addresses = peers.map((publicKey) => addressOfPublicKey(publicKey));
  if (new Set([key.address, ...addresses]).size !== peers.length + 1) {
    throw new AttestorRequestError("its peers are not distinct, or name the attestor it asks");
  }
  for (const peer of addresses) {
    if (!(await chain.isAttestor(verifier, peer))) throw new AttestorPeerError({ peer, verifier });
  }
  return peers;
}

/** A seed counts only from another attestor of the same verifier, for this request, and sealed to this attestor. */
async function requireSeedOfPeer(
  { chain, key }: AttestorContext,
  verifier: Address,
  digest: Hex,
  { access, seed }: AttestorRequest,
): Promise<void> {
  if (seed === undefined) return;
  const { attestor } = seed;
  if (attestor !== key.address) throw new SharedSeedError({ problem: `it is not for ${key.address}`, attestor });
  const signer = seedSigner(access, digest, seed);
  if (signer === undefined || signer === key.address || !(await chain.isAttestor(verifier, signer))) {
    const problem = "for this request no other attestor signed it";
    throw new SharedSeedError({ problem, attestor, ...(signer === undefined ? {} : { signer }) });
  }
}

/** What was sent, or is kept here; each with the root the chain lists. One after the other, so that no more is read than allowed. */
async function oldCiphertexts(
  { objects, limits }: AttestorContext,
  { access, ciphertexts }: AttestorRequest,
): Promise<readonly Uint8Array[]> {
  const found: Uint8Array[] = [];
  let total = 0;
  for (const [index, dataHash] of access.oldDataHashes.entries()) {
    const bytes = ciphertexts[index] ?? (await objects.get(dataHash));
    if (bytes === undefined || bytes.length === 0) throw new AttestorCiphertextError({ index, dataHash });
    total += bytes.length;
    requireBytes(limits, total);
    const actual = storageRoot(bytes);
    if (actual !== dataHash) {
      throw new StorageRootMismatchError({ expected: dataHash, actual, where: `the request (datum ${index})` });
    }
    found.push(bytes);
  }
  return found;
}

/** Opens every datum and seals it for the receiver. The only place where keys and plaintext are. */
function sealAgain({ key }: AttestorContext, checked: CheckedRequest, seed: Uint8Array): SealedDatum[] {
  const { request, digest, sealTo, ciphertexts } = checked;
  const { chainId, contract, action, tokenId } = request.access;
  // A clone's id is not known yet; the request is as good as a salt.
  const bound = action === "clone" ? digest : tokenBytes(tokenId);
  return ciphertexts.map((ciphertext, index) => {
    const plaintext = openDatumOf(key, checked, ciphertext, index);
    try {
      const place = { chainId, contract, token: bound, index };
      return sealDatumFromSeed(plaintext, place, fromHex(sealTo), { seed, request: digest });
    } finally {
      plaintext.fill(0);
    }
  });
}

function openDatumOf(key: AttestorKey, checked: CheckedRequest, ciphertext: Uint8Array, index: number): Uint8Array {
  const { request, digest } = checked;
  const { chainId, contract } = request.access;
  let dataKey: Uint8Array | undefined;
  try {
    dataKey = openForAttestor(request.boxes[index] ?? "0x", key.privateKey, digest, index);
    return decryptData(ciphertext, dataKey, { chainId, contract, index });
  } catch (error) {
    if (
      error instanceof SealedKeyMalformedError ||
      error instanceof SealedKeyNotOpenedError ||
      error instanceof WrongDataKeyError
    ) {
      throw new AttestorBoxError({ index, attestor: key.address }, error);
    }
    throw error;
  } finally {
    dataKey?.fill(0);
  }
}
