/** A token as the chain knows it: owner, data, sealed keys, and the record of the inference it was minted from. */

import type { Log as ChainLog } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import { ProviderUnknownError } from "../compute/errors.ts";
import { readService } from "../compute/providers.ts";
import { checksum, ZERO_ADDRESS, type Address, type Hex } from "../hex.ts";
import type { Mode } from "../networks.ts";
import { activeIn, findAttestorSet } from "./attestor/set.ts";
import { tokenBytes } from "./content.ts";
import { inftContract } from "./contracts.ts";
import { argumentsOf, topicOf } from "./events.ts";
import { readLogs } from "../chain/logs.ts";
import type { Datum } from "./mint.ts";
import { modeOfCode } from "./mode.ts";
import { codeHashAt } from "./records.ts";
import { inftCall } from "./translate.ts";

/** The event of a minted inference. Proven is what {@link verifyToken} recomputes; the rest is information. */
export interface InferenceRecord {
  readonly provider: Address;
  readonly teeSigner: Address;
  readonly requestHash: Hex;
  readonly responseHash: Hex;
  readonly signature: Hex;
  /** As the minter declared it. */
  readonly chatId: string;
  /** When the contract had read the signer from InferenceServing: at the mint, or a while before. Unix seconds. */
  readonly signerReadAt: bigint;
  /** 0G storage root of the ciphertext at the mint. */
  readonly storageRoot: Hex;
  /** As the minter declared it. */
  readonly mode: Mode;
  readonly minter: Address;
  readonly transaction: Hex;
  readonly block: number;
}

export interface TokenView {
  readonly inft: Address;
  readonly tokenId: bigint;
  readonly owner: Address;
  /** False for a token whose content nobody proved. */
  readonly proven: boolean;
  readonly datas: readonly Datum[];
  /** Counts transfers, clones and updates. */
  readonly sequence: bigint;
  /** Data keys as last published, in the order of `datas`; absent when none ever were. */
  readonly sealedKeys?: readonly Hex[];
  /** To whom they were sealed: the owner, unless the token moved without keys. */
  readonly sealedTo?: Address;
  /** Of a minted inference. */
  readonly record?: InferenceRecord;
}

export interface TokenQuery {
  readonly inft: Address;
  readonly tokenId: bigint;
  /** Where to start looking for events, usually the deployment's block. Default 0. */
  readonly fromBlock?: number;
}

/**
 * Reads a token: its state, and its events found by the token's topic. Needs no key.
 * @throws {InftMissingError} when no contract stands at the address.
 * @throws {TokenMissingError} when the contract has no such token.
 */
export async function readToken(ctx: ReadContext, query: TokenQuery): Promise<TokenView> {
  const { inft, tokenId, fromBlock } = query;
  await codeHashAt(ctx, inft);
  const contract = inftContract(inft, ctx.provider);
  const reading = `Reading token ${tokenId}`;
  const [owner, proven, datas, { sequence }] = await Promise.all([
    inftCall(reading, contract.ownerOf(tokenId)),
    inftCall(reading, contract.isProven(tokenId)),
    inftCall(reading, contract.intelligentDataOf(tokenId)),
    inftCall(reading, contract.tokenStateOf(tokenId)),
  ]);
  const topic = tokenBytes(tokenId);
  const [published, record] = await Promise.all([
    readLogs(ctx, reading, { address: inft, topics: [topicOf("PublishedSealedKey"), null, topic] }, fromBlock),
    proven ? readRecord(ctx, query) : undefined,
  ]);
  const last = published.at(-1);
  return {
    inft,
    tokenId,
    owner: checksum(owner),
    proven,
    datas: datas.map(({ dataDescription, dataHash }) => ({ dataDescription, dataHash: dataHash as Hex })),
    sequence,
    ...(last === undefined ? {} : sealedKeysOf(last)),
    ...(record === undefined ? {} : { record }),
  };
}

/** The record of a minted inference, from its event; undefined when there is none in the range. */
export async function readRecord(ctx: ReadContext, query: TokenQuery): Promise<InferenceRecord | undefined> {
  const { inft, tokenId, fromBlock } = query;
  const topics = [topicOf("InferenceMinted"), tokenBytes(tokenId)];
  const [log] = await readLogs(ctx, `Reading the record of token ${tokenId}`, { address: inft, topics }, fromBlock);
  return log === undefined ? undefined : recordOf(log);
}

/** What else the contract says of a token: how it can move, and who may use it. */
export interface TokenSituation {
  /** Checks the proofs of its transfers. */
  readonly verifier: Address;
  /** How many attestors must sign, and how many count now; absent for a verifier of another kind. */
  readonly attestors?: { readonly threshold: number; readonly active: number };
  /** A transfer whose proofs were accepted, and which a plain ERC-721 transfer completes until the deadline. */
  readonly staged?: { readonly to: Address; readonly deadline: bigint };
  /** How many accounts may use its data now. */
  readonly authorizedUsers: number;
}

/** Reads how a token can move and who may use it. @throws {TokenMissingError} */
export async function readSituation(ctx: ReadContext, { inft, tokenId }: TokenQuery): Promise<TokenSituation> {
  const contract = inftContract(inft, ctx.provider);
  const reading = `Reading token ${tokenId}`;
  const [verifier, [to, deadline], users] = await Promise.all([
    inftCall(reading, contract.verifier()),
    inftCall(reading, contract.stagedTransferOf(tokenId)),
    inftCall(reading, contract.authorizedUsersOf(tokenId)),
  ]);
  const set = await findAttestorSet(ctx, checksum(verifier));
  return {
    verifier: checksum(verifier),
    ...(set === undefined ? {} : { attestors: { threshold: set.threshold, active: activeIn(set) } }),
    ...(to === ZERO_ADDRESS ? {} : { staged: { to: checksum(to), deadline } }),
    authorizedUsers: users.length,
  };
}

/** The model a provider lists now, which need not be the one that answered; undefined when it has no service. */
export async function readListedModel(ctx: ReadContext, provider: Address): Promise<string | undefined> {
  try {
    return (await readService(ctx, provider)).model;
  } catch (error) {
    if (error instanceof ProviderUnknownError) return undefined;
    throw error;
  }
}

function sealedKeysOf(log: ChainLog) {
  const { to, sealedKeys } = argumentsOf(log) as unknown as { to: Address; sealedKeys: readonly Hex[] };
  return { sealedTo: checksum(to), sealedKeys: [...sealedKeys] };
}

/** The fields of the event, as the decoder gives them: addresses checksummed, integers as bigint. */
interface MintedEvent {
  readonly minter: Address;
  readonly provenance: Pick<InferenceRecord, "provider" | "teeSigner" | "requestHash" | "responseHash" | "signature">;
  readonly chatId: string;
  readonly signerReadAt: bigint;
  readonly storageRoot: Hex;
  readonly mode: bigint;
}

function recordOf(log: ChainLog): InferenceRecord {
  const event = argumentsOf(log) as unknown as MintedEvent;
  const { provider, teeSigner, requestHash, responseHash, signature } = event.provenance;
  const { chatId, signerReadAt, storageRoot, minter } = event;
  return {
    provider,
    teeSigner,
    requestHash,
    responseHash,
    signature,
    chatId,
    signerReadAt,
    storageRoot,
    mode: modeOfCode(event.mode),
    minter,
    transaction: log.transactionHash as Hex,
    block: log.blockNumber,
  };
}
