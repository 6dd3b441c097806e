/** Minting: claim a proven result, usually by committing to it a block before, and find it after any interruption. */

import { AbiCoder, keccak256, toBeHex } from "ethers";

import type { ReadContext, WriteContext } from "../chain/context.ts";
import { TransactionRevertedError } from "../chain/outcomes.ts";
import type { ConfirmedTransaction, TransactionDraft } from "../chain/send.ts";
import { NotEndorsedError } from "../compute/errors.ts";
import { readService } from "../compute/providers.ts";
import { assertMintable } from "../compute/verify.ts";
import { checksum, ZERO_ADDRESS, type Address, type Hex } from "../hex.ts";
import type { Mode, Network } from "../networks.ts";
import { pause } from "../pause.ts";
import { recoverTextSigner, signedText } from "../protocol/signed-text.ts";
import type { RandomBytes } from "../sealing/index.ts";
import { bindRequest, DEFAULT_CLAIM, type BoundRequest, type ClaimMode } from "./claim.ts";
import { CONTENT_DESCRIPTION, encodeContent, sealDatum, tokenBytes, type InferenceContent } from "./content.ts";
import { inftContract, inftInterface } from "./contracts.ts";
import {
  CommitmentMissingError,
  CommitmentPendingError,
  CommitmentTooYoungError,
  MintArgumentsError,
  ResultAlreadyMintedError,
  ResultSignerMismatchError,
  SignerMissingError,
  SimulatedResultError,
  TokenMissingError,
} from "./errors.ts";
import { MODE_CODES } from "./mode.ts";
import { inftCall, sendToInft } from "./translate.ts";

/** A verified inference, as far as the contract is concerned. */
export interface MintableResult {
  readonly provider: Address;
  /** The signer the provider lists; part of the token's id. */
  readonly teeSigner: Address;
  /** SHA-256 of the bytes sent and received. */
  readonly requestHash: Hex;
  readonly responseHash: Hex;
  /** The TEE signer's, over the two-field text. */
  readonly signature: Hex;
  readonly chatId: string;
  readonly mode: Mode;
}

export interface Datum {
  readonly dataDescription: string;
  readonly dataHash: Hex;
}

/** What the owner will hold: kept between commitment and mint, because the mint must reveal exactly this. */
export interface SealedMintData {
  readonly datas: readonly Datum[];
  readonly sealedKeys: readonly Hex[];
  /** The secret of the commitment. */
  readonly salt: Hex;
}

/** Everything a commitment and its mint need. Plain data: it survives JSON. */
export interface PreparedMint extends SealedMintData {
  readonly inft: Address;
  readonly minter: Address;
  readonly to: Address;
  readonly result: MintableResult;
  readonly claim: ClaimMode;
  /** Of a bound claim: what the mint publishes. */
  readonly request?: BoundRequest;
  /** Made only for a claim by commitment. */
  readonly commitment: Hex;
  /** Known before the mint: the hash of the result's record. */
  readonly tokenId: bigint;
}

export interface MintedToken {
  readonly tokenId: bigint;
  readonly owner: Address;
}

const abi = AbiCoder.defaultAbiCoder();

/** The id of the token a result becomes: the hash of its record (ERC-7857 sheet, 4.5). Pure. */
export function inferenceTokenId(
  network: Network,
  result: Pick<MintableResult, "provider" | "teeSigner" | "requestHash" | "responseHash">,
): bigint {
  const { provider, teeSigner, requestHash, responseHash } = result;
  const serving = network.contracts.inferenceServing;
  // All of fixed size, so that the ABI's encoding is one word each: worked out for every item of a batch.
  const words = [toBeHex(network.chainId), serving, provider, teeSigner, requestHash, responseHash];
  return BigInt(keccak256(`0x${words.map((word) => word.slice(2).toLowerCase().padStart(64, "0")).join("")}`));
}

export interface SealInferenceParams {
  readonly network: Network;
  readonly inft: Address;
  readonly result: MintableResult;
  readonly content: InferenceContent;
  /** Of the recipient, 33, 64 or 65 bytes. */
  readonly ownerPublicKey: Uint8Array;
  readonly randomBytes: RandomBytes;
}

/** Encrypts request and response for the token they will become, and draws the commitment's salt. Sends nothing. */
export function sealInference(params: SealInferenceParams): SealedMintData & { readonly ciphertext: Uint8Array } {
  const { network, inft, result, content, ownerPublicKey, randomBytes } = params;
  const token = tokenBytes(inferenceTokenId(network, result));
  const place = { chainId: network.chainId, contract: inft, token, index: 0 };
  const { ciphertext, dataHash, sealedKey } = sealDatum(encodeContent(content), place, ownerPublicKey, randomBytes);
  return {
    ciphertext,
    datas: [{ dataDescription: CONTENT_DESCRIPTION, dataHash }],
    sealedKeys: [sealedKey],
    salt: `0x${Buffer.from(randomBytes(32)).toString("hex")}`,
  };
}

export interface PrepareMintParams {
  readonly network: Network;
  readonly inft: Address;
  /** Who commits and mints: the sender of both transactions. */
  readonly minter: Address;
  readonly to: Address;
  readonly result: MintableResult;
  readonly sealed: SealedMintData;
  /** Default: by commitment. */
  readonly claim?: ClaimMode;
  /** Of a bound claim: the bytes that were sent to the provider. */
  readonly request?: Uint8Array;
}

/** The contract's `InferenceClaim`. */
export function claimOf({ provider, requestHash, responseHash, signature, chatId, mode }: MintableResult) {
  return { provider, requestHash, responseHash, signature, chatId, mode: MODE_CODES[mode] };
}

/**
 * Works out commitment and token id. Pure: the node is not asked, because asking it tells it the secret.
 * @throws {MintArgumentsError}
 * @throws {RequestNotBoundError} for a bound claim whose request does not name the minter.
 */
export function prepareInferenceMint(params: PrepareMintParams): PreparedMint {
  const { network, inft, minter, to, result, sealed, claim = DEFAULT_CLAIM, request = new Uint8Array() } = params;
  const { datas, sealedKeys, salt } = sealed;
  if (sealedKeys.length !== datas.length || datas.length === 0) {
    throw new MintArgumentsError({ problem: `${sealedKeys.length} sealed keys for ${datas.length} data` });
  }
  const types = inftInterface().getFunction("hashCommitment")?.inputs ?? [];
  const commitment = keccak256(
    abi.encode(
      ["uint256", "address", ...types],
      [network.chainId, inft, minter, claimOf(result), datas, sealedKeys, to, salt],
    ),
  ) as Hex;
  return {
    ...{ inft, minter, to, result, datas, sealedKeys, salt, claim },
    ...(claim === "bound" ? { request: bindRequest(request, minter) } : {}),
    commitment,
    tokenId: inferenceTokenId(network, result),
  };
}

/**
 * Asserts that the contract would accept a result, before anything is paid. Reads the provider's service.
 * @throws {SimulatedResultError} for a result that is not live on a live chain, unless allowed.
 * @throws {ProviderUnknownError} {@link SignerMissingError} {@link NotEndorsedError} {@link NotMintableError}
 * @throws {ResultSignerMismatchError} {@link SignatureMalformedError}
 */
export async function assertResultMintable(
  ctx: ReadContext,
  result: MintableResult,
  options: { readonly allowSimulated?: boolean } = {},
): Promise<void> {
  const { provider, mode, requestHash, responseHash, signature } = result;
  if (ctx.network.mode === "live" && mode !== "live" && options.allowSimulated !== true) {
    throw new SimulatedResultError({ mode, network: ctx.network.name });
  }
  const service = await readService(ctx, provider);
  const listed = service.teeSignerAddress;
  if (listed === ZERO_ADDRESS) throw new SignerMissingError({ provider });
  if (!service.endorsed) throw new NotEndorsedError({ provider });
  assertMintable(service);
  const recovered = recoverTextSigner(signedText(requestHash.slice(2), responseHash.slice(2)), signature);
  if (recovered !== listed || result.teeSigner !== listed) {
    throw new ResultSignerMismatchError({ provider, listed, recovered });
  }
}

/** The token if it is minted; undefined when the contract says that it is not. Reads the owner. */
export async function findMinted(ctx: ReadContext, inft: Address, tokenId: bigint): Promise<MintedToken | undefined> {
  try {
    const owner = await inftCall(
      `Reading the owner of token ${tokenId}`,
      inftContract(inft, ctx.provider).ownerOf(tokenId),
    );
    return { tokenId, owner: checksum(owner) };
  } catch (error) {
    if (error instanceof TokenMissingError) return undefined;
    throw error;
  }
}

/** Whether the minter's commitment is on chain and not expired. Reads it and the latest block. */
export async function hasOpenCommitment(
  ctx: ReadContext,
  { inft, minter, commitment }: Pick<PreparedMint, "inft" | "minter" | "commitment">,
): Promise<boolean> {
  const contract = inftContract(inft, ctx.provider);
  const [made, lifetime, block] = await Promise.all([
    inftCall("Reading the commitment", contract.commitmentOf(minter, commitment)),
    inftCall("Reading the lifetime of a commitment", contract.COMMITMENT_LIFETIME()),
    inftCall("Reading the latest block", ctx.provider.getBlock("latest")),
  ]);
  if (made.committedBlock === 0n || block === null) return false;
  return BigInt(block.timestamp) <= made.committedAt + lifetime;
}

/** The transaction of a commitment, for an estimate. */
export function commitDraft({ inft, commitment }: Pick<PreparedMint, "inft" | "commitment">): TransactionDraft {
  const data = inftInterface().encodeFunctionData("commit", [commitment]) as Hex;
  return { what: "commit to the mint", to: inft, data };
}

/** The transaction of a mint. With a commitment, its gas can be estimated only once that is there. */
export function revealDraft(prepared: PreparedMint): TransactionDraft {
  const { inft, result, datas, sealedKeys, to, salt, request } = prepared;
  const values = [claimOf(result), datas, sealedKeys, to];
  const mint = (name: string, ...more: unknown[]): TransactionDraft => ({
    what: "mint the inference",
    to: inft,
    data: inftInterface().encodeFunctionData(name, [...values, ...more]) as Hex,
  });
  if (request !== undefined) return mint("mintInferenceBound", request.bytes, request.userOffset);
  return prepared.claim === "open" ? mint("mintInferenceOpen") : mint("mintInference", salt);
}

export type CommitOutcome =
  | { readonly status: "minted"; readonly token: MintedToken }
  | { readonly status: "committed"; readonly transaction?: ConfirmedTransaction }
  /** The claim is not by commitment. */
  | { readonly status: "not needed" };

/**
 * Commits to a mint, unless that is done, not needed, or the result is a token already. Sends at most one transaction.
 * @throws what {@link assertResultMintable} does: nothing is paid for what cannot be minted.
 */
export async function commitMint(
  ctx: WriteContext,
  prepared: PreparedMint,
  options: { readonly allowSimulated?: boolean } = {},
): Promise<CommitOutcome> {
  const token = await findMinted(ctx, prepared.inft, prepared.tokenId);
  if (token !== undefined) return { status: "minted", token };
  await assertResultMintable(ctx, prepared.result, options);
  if (prepared.claim !== "commit") return { status: "not needed" };
  if (await hasOpenCommitment(ctx, prepared)) return { status: "committed" };
  try {
    return { status: "committed", transaction: await sendToInft(ctx, commitDraft(prepared)) };
  } catch (error) {
    // Another process of the same minter was faster, between looking and sending or between estimate and block.
    if (!(error instanceof CommitmentPendingError) && !(error instanceof TransactionRevertedError)) throw error;
    const minted = await findMinted(ctx, prepared.inft, prepared.tokenId);
    if (minted !== undefined) return { status: "minted", token: minted };
    if (await hasOpenCommitment(ctx, prepared)) return { status: "committed" };
    throw error;
  }
}

export interface RevealOutcome extends MintedToken {
  /** Absent when the token was there already. */
  readonly transaction?: ConfirmedTransaction;
}

const BLOCK_PATIENCE_MS = 120_000;
const BLOCK_POLL_MS = 500;

/**
 * Mints what was prepared; after a commitment it waits for the next block. Finds the token if it is there already,
 * whoever minted it: `owner` says whose it is.
 * @throws {CommitmentMissingError} {@link CommitmentExpiredError} when {@link commitMint} has to come first.
 * @throws {CommitmentTooYoungError} when no block came in time.
 */
export async function revealMint(ctx: WriteContext, prepared: PreparedMint): Promise<RevealOutcome> {
  const { inft, tokenId, to } = prepared;
  const before = await findMinted(ctx, inft, tokenId);
  if (before !== undefined) return before;
  try {
    return { tokenId, owner: to, transaction: await sendOnceCommitted(ctx, revealDraft(prepared)) };
  } catch (error) {
    // Another one was faster, between looking and sending or between estimate and block; a mint uses its commitment up.
    const overtaken = [ResultAlreadyMintedError, CommitmentMissingError, TransactionRevertedError];
    const token = overtaken.some((kind) => error instanceof kind) ? await findMinted(ctx, inft, tokenId) : undefined;
    if (token === undefined) throw error;
    return token;
  }
}

/**
 * Sends a mint by commitment as soon as the block after the commitment is there.
 * @throws {CommitmentTooYoungError} when no block came in time.
 */
export async function sendOnceCommitted(ctx: WriteContext, draft: TransactionDraft): Promise<ConfirmedTransaction> {
  const patience = ctx.receiptTimeout ?? BLOCK_PATIENCE_MS;
  const started = Date.now();
  for (;;) {
    try {
      return await sendToInft(ctx, draft);
    } catch (error) {
      // Nothing was sent: the estimate refused. Some nodes estimate on the latest block, some on the next.
      if (!(error instanceof CommitmentTooYoungError) || Date.now() - started >= patience) throw error;
      await pause(BLOCK_POLL_MS, ctx.signal, "Waiting for the block after the commitment");
    }
  }
}

export interface PlainMint {
  readonly inft: Address;
  readonly to: Address;
  readonly datas: readonly Datum[];
  /** One for each datum, sealed to the recipient; absent for data whose keys the recipient has, or that are public. */
  readonly sealedKeys?: readonly Hex[];
}

/** The transaction of an unproven mint. */
export function plainMintDraft({ inft, to, datas, sealedKeys }: PlainMint): TransactionDraft {
  const data =
    sealedKeys === undefined
      ? inftInterface().encodeFunctionData("mint", [datas, to])
      : inftInterface().encodeFunctionData("mintWithKeys", [datas, sealedKeys, to]);
  return { what: "mint an unproven token", to: inft, data: data as Hex };
}

/** Mints a token whose content nobody proves. Not idempotent: each call makes another token. */
export async function mintPlain(ctx: WriteContext, mint: PlainMint): Promise<RevealOutcome> {
  const transaction = await sendToInft(ctx, plainMintDraft(mint));
  const inft = inftInterface();
  for (const log of transaction.receipt.logs) {
    if (checksum(log.address) !== mint.inft) continue;
    const event = inft.parseLog(log);
    if (event?.name === "Transfer") {
      return { tokenId: event.args["tokenId"] as bigint, owner: mint.to, transaction };
    }
  }
  throw new Error(`transaction ${transaction.hash} minted no token`);
}
