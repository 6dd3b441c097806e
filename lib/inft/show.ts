/** A token as the chain knows it: owner, data, sealed keys, and the record of the inference it was minted from. */

import type { Log as ChainLog, Result } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import type { Mode } from "../networks.ts";
import { tokenBytes } from "./content.ts";
import { inftContract, inftInterface } from "./contracts.ts";
import { readLogs } from "./logs.ts";
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
  /** The model the provider listed when the token was minted. */
  readonly model: string;
  /** When that listing was last changed. Unix seconds. */
  readonly serviceUpdatedAt: bigint;
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
  const [owner, proven, datas] = await Promise.all([
    inftCall(reading, contract.ownerOf(tokenId)),
    inftCall(reading, contract.isProven(tokenId)),
    inftCall(reading, contract.intelligentDataOf(tokenId)),
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

function topicOf(event: "PublishedSealedKey" | "InferenceMinted"): string {
  const fragment = inftInterface().getEvent(event);
  if (fragment === null) throw new Error(`the ABI has no event ${event}`);
  return fragment.topicHash;
}

function argumentsOf(log: ChainLog): Result {
  const parsed = inftInterface().parseLog(log);
  if (parsed === null) throw new Error(`log ${log.index} of ${log.transactionHash} is not an event of the iNFT`);
  return parsed.args;
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
  readonly model: string;
  readonly serviceUpdatedAt: bigint;
  readonly storageRoot: Hex;
  readonly mode: bigint;
}

function recordOf(log: ChainLog): InferenceRecord {
  const event = argumentsOf(log) as unknown as MintedEvent;
  const { provider, teeSigner, requestHash, responseHash, signature } = event.provenance;
  const { chatId, model, serviceUpdatedAt, storageRoot, minter } = event;
  return {
    provider,
    teeSigner,
    requestHash,
    responseHash,
    signature,
    chatId,
    model,
    serviceUpdatedAt,
    storageRoot,
    mode: modeOfCode(event.mode),
    minter,
    transaction: log.transactionHash as Hex,
    block: log.blockNumber,
  };
}
