/** What the tasks of batches share: where a batch is, what it was begun with, how its parts are put together. */

import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import path from "node:path";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { Receipt } from "../../lib/compute/receipt.ts";
import { readItems, itemText, itemsDigest, type BatchItem } from "../../lib/batch/items.ts";
import { BatchUnknownError } from "../../lib/batch/errors.ts";
import { BATCH_VERSION, itemOf, type BatchPlan, type BatchQueue, type ItemRow } from "../../lib/batch/queue.ts";
import type { RedisQueue } from "../../lib/batch/redis-queue.ts";
import { SqliteQueue } from "../../lib/batch/sqlite-queue.ts";
import { setting } from "../../lib/env.ts";
import { UsageError } from "../../lib/errors.ts";
import type { Bill } from "../../lib/flow/bill.ts";
import { makeBill } from "../../lib/flow/bill.ts";
import { DEPLOY_STEPS, planFlow, runFlow } from "../../lib/flow/flow.ts";
import { assertRunId, FileJournal } from "../../lib/flow/journal-file.ts";
import { MemoryJournal, type Journal } from "../../lib/flow/journal.ts";
import type { Address, Hex } from "../../lib/hex.ts";
import { DEFAULT_CLAIM, type ClaimMode } from "../../lib/inft/claim.ts";
import type { Network } from "../../lib/networks.ts";
import { keepSecretsOfUrl } from "../../lib/secrets.ts";
import { writeFileAtomic } from "../../lib/storage/atomic-file.ts";
import type { TaskIo } from "./action.ts";
import { parseCount } from "./arguments.ts";
import type { OpenConnection } from "./connection.ts";
import { flowContext } from "./flow.ts";
import { runtimeFolders, type Folders } from "./folders.ts";
import { parseTemperature } from "./prompt.ts";
import type { Stores } from "./stores.ts";
import type { Writer } from "./write.ts";

/** Where a batch and what it makes is kept on this machine. */
export interface BatchFiles {
  readonly store: string;
  readonly results: string;
  readonly receipts: string;
  readonly deployment: string;
  /** What this machine asked and was answered of a batch in Redis. */
  readonly outbox: string;
  readonly folder: string;
}

/** Undefined where nothing is kept. @throws {UsageError} for an id that is no file name. */
export function batchFiles(hre: HardhatRuntimeEnvironment, network: Network, id: string): BatchFiles | undefined {
  assertRunId(id);
  const folders: Folders | undefined = runtimeFolders(hre, network);
  if (folders === undefined) return undefined;
  const { batches, receipts } = folders;
  return {
    folder: batches,
    store: path.join(batches, `${id}.db`),
    results: path.join(batches, `${id}.results.jsonl`),
    receipts: path.join(receipts, `batch-${id}`),
    deployment: `${id}.deployment`,
    outbox: path.join(batches, `${id}.outbox.db`),
  };
}

/** The Redis that is named, if any. */
export function redisUrl(option: string | undefined): string | undefined {
  const url = option ?? setting("ZG_REDIS_URL")?.value;
  keepSecretsOfUrl(url);
  return url;
}

/**
 * Opens a batch: on this machine, in memory where nothing is kept, or in Redis for several.
 * @throws {BatchStoreError} {@link BatchUnknownError} {@link BatchRedisError} {@link UsageError}
 */
export async function openQueue(
  files: BatchFiles | undefined,
  redis: string | undefined,
  opening: {
    readonly id: string;
    readonly network: Network;
    readonly io: TaskIo;
    /** Only to be looked at: one that is not there is not made. */
    readonly dryRun: boolean;
    readonly continued: boolean;
  },
): Promise<BatchQueue> {
  if (redis !== undefined) return openShared(files, redis, opening);
  const { id, dryRun, continued } = opening;
  const isThere = files !== undefined && existsSync(files.store);
  if (continued && !isThere) throw new BatchUnknownError({ id, where: files?.store ?? "this process" });
  return new SqliteQueue(dryRun && !isThere ? undefined : files?.store);
}

/** Opens a batch in Redis. BullMQ is loaded only here, because most batches need none. */
export async function openShared(
  files: BatchFiles | undefined,
  url: string,
  { id, network, io }: { readonly id: string; readonly network: Network; readonly io: TaskIo },
): Promise<RedisQueue> {
  if (!/^rediss?:\/\/./.test(url) || !URL.canParse(url)) {
    throw new UsageError({
      message: "--redis or ZG_REDIS_URL is no address of Redis",
      remedy: "Give one such as redis://127.0.0.1:6379, or rediss:// for TLS.",
    });
  }
  if (files === undefined) {
    throw new UsageError({
      message: `The chain of ${network.name} ends with this command, so that no other machine can work on it`,
      remedy: "Run npx hardhat galileo up in another terminal, and use --network localhost.",
      details: { network: network.name },
    });
  }
  const { RedisQueue: Shared } = await import("../../lib/batch/redis-queue.ts");
  const queue = await Shared.open({ url, network: network.name, id, outbox: files.outbox, clock: Date.now });
  const weakness = await queue.weakness();
  if (weakness !== undefined) {
    io.log(
      `note: Redis may forget what it was told, because ${weakness}; if it does while a worker dies, an item may be`,
    );
    io.log("note: asked twice. appendonly yes and appendfsync always rule that out");
  }
  return queue;
}

export interface ItemArguments {
  readonly file: string;
  readonly maxTokens: string;
  readonly temperature: string | undefined;
  readonly system: string | undefined;
}

/** The items of the file; undefined when none is given. @throws {BatchLineError} {@link UsageError} */
export async function givenItems(args: ItemArguments): Promise<readonly BatchItem[] | undefined> {
  const { file, maxTokens, temperature, system } = args;
  if (file === "") return undefined;
  return readItems(file, {
    maxTokens: parseCount(maxTokens, "max-tokens", 1),
    ...(temperature === undefined ? {} : { temperature: parseTemperature(temperature) }),
    ...(system === undefined ? {} : { system }),
  });
}

/** The items that a batch was begun with. @throws {BatchUnknownError} */
export async function recordedItems(queue: BatchQueue, id: string): Promise<readonly BatchItem[]> {
  if ((await queue.plan()) === undefined) throw new BatchUnknownError({ id, where: queue.where });
  const items: BatchItem[] = [];
  for await (const row of queue.each()) items.push(itemOf(row));
  return items;
}

/** Asserts that the results will not replace the questions. @throws {UsageError} */
export async function assertOtherFile(results: string, { file }: Pick<ItemArguments, "file">): Promise<void> {
  if (file === "" || (await whereIs(results)) !== (await whereIs(file))) return;
  throw new UsageError({
    message: `--out names ${file}, which holds the questions`,
    remedy: "Name another file for the results, or leave --out away.",
    details: { file, out: results },
  });
}

async function whereIs(file: string): Promise<string> {
  return realpath(file).catch(() => path.resolve(file)); // a file that is not there yet is no other's
}

export interface BatchTerms {
  readonly id: string;
  readonly network: Network;
  readonly genesisHash: Hex;
  readonly owner: Address;
  readonly claim: ClaimMode | undefined;
  readonly noMint: boolean;
  readonly noStorage: boolean;
}

/** What a batch is begun with; what is not said is as it was, if it was begun before. */
export function planOf(terms: BatchTerms, items: readonly BatchItem[], recorded: BatchPlan | undefined): BatchPlan {
  const { id, network, genesisHash, owner, claim, noMint, noStorage } = terms;
  const mint = !noMint && (recorded?.mint ?? true);
  return {
    version: BATCH_VERSION,
    ...{ id, genesisHash, owner },
    network: network.name,
    claim: claim ?? recorded?.claim ?? DEFAULT_CLAIM,
    mint,
    stores: mint && !noStorage && (recorded?.stores ?? true),
    digest: itemsDigest(items.map(itemText)),
    items: items.length,
  };
}

/** Writes a receipt into a folder of the batch, under a name that nobody else chose. */
export function receiptKeeper(files: BatchFiles | undefined) {
  return async ({ seq }: Pick<ItemRow, "seq">, receipt: Receipt): Promise<string | undefined> => {
    if (files === undefined) return undefined;
    const file = path.join(files.receipts, `${String(seq + 1).padStart(6, "0")}.json`);
    await writeFileAtomic(file, `${JSON.stringify(receipt, null, 2)}\n`, "private");
    return file;
  };
}

/** The iNFT contract of a batch: what deploying it will cost, and how. Nothing where it is recorded. */
export async function deployment(parts: {
  readonly open: OpenConnection;
  readonly stores: Stores;
  readonly writer: Writer;
  readonly files: BatchFiles | undefined;
  readonly io: TaskIo;
}): Promise<{ readonly bill: Bill; readonly deploy: () => Promise<Address> }> {
  const { open, stores, writer, files, io } = parts;
  const recorded = (await stores.records.inft.load())?.address;
  if (recorded !== undefined) return { bill: makeBill([]), deploy: async () => Promise.resolve(recorded) };
  const journal: Journal = files === undefined ? new MemoryJournal() : new FileJournal(files.folder, files.deployment);
  const question = { messages: [], maxTokens: 0 }; // deploying asks nothing
  const id = files === undefined ? "deployment" : `${path.basename(files.folder)}-deployment`;
  const settings = { id, retryUnanswered: false, noStorage: true, claim: DEFAULT_CLAIM };
  const ctx = await flowContext({ open, stores, journal, question, io, writer, ...settings });
  return {
    bill: await planFlow(ctx, DEPLOY_STEPS),
    deploy: async () => {
      await runFlow(ctx, DEPLOY_STEPS);
      if (journal instanceof FileJournal) journal.release();
      const made = await stores.records.inft.load();
      if (made === undefined) throw new Error("the iNFT contract was deployed, and there is no record of it");
      return made.address;
    },
  };
}
