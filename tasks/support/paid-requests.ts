/** Every request that was paid for from this machine, wherever a command, a run, a job or the gateway wrote it down. */

import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { genesisHash } from "../../lib/chain/connect.ts";
import type { ReadContext } from "../../lib/chain/context.ts";
import { chainCall } from "../../lib/chain/revert.ts";
import type { ItemRow } from "../../lib/batch/queue.ts";
import { SqliteQueue } from "../../lib/batch/sqlite-queue.ts";
import { serviceFeeAtMost } from "../../lib/compute/ask.ts";
import type { PaidRequest } from "../../lib/compute/billing-audit.ts";
import { ProviderUnknownError } from "../../lib/compute/errors.ts";
import { readService } from "../../lib/compute/providers.ts";
import { parseReceipt, parseUnproved, type Receipt, type UnprovedAnswer } from "../../lib/compute/receipt.ts";
import { serviceRequest } from "../../lib/compute/service-request.ts";
import { FileJournal } from "../../lib/flow/journal-file.ts";
import { lastFact, type Fact } from "../../lib/flow/journal.ts";
import { gatewayFiles } from "../../lib/gateway/gateway.ts";
import { spentRequests } from "../../lib/gateway/spending-log.ts";
import { parseAddress, type Address } from "../../lib/hex.ts";
import { spendingOf, type Job } from "../../lib/jobs/job.ts";
import { sha256Hex } from "../../lib/protocol/signed-text.ts";
import { isMissing } from "../../lib/storage/atomic-file.ts";
import { runtimeFolders, type Folders } from "./folders.ts";
import { withStore } from "./jobs.ts";
import { readReceiptFile } from "./receipts.ts";

interface Asking {
  readonly read: ReadContext;
  readonly user: Address;
  readonly genesis: string;
}

/**
 * Reads all of them, of one account on one chain. The same request may be among them more than once, by one key.
 * @param elsewhere receipts that were written to other places: files, and folders of them.
 * @throws {UsageError} when one of those cannot be read.
 */
export async function paidRequests(
  hre: HardhatRuntimeEnvironment,
  read: ReadContext,
  user: Address,
  elsewhere: readonly string[] = [],
): Promise<readonly PaidRequest[]> {
  const folders = runtimeFolders(hre, read.network);
  const asking: Asking = { read, user, genesis: await genesisHash(read.provider) };
  const given = (await Promise.all(elsewhere.map(async (place) => receiptsAt(asking, place)))).flat();
  if (folders === undefined) return given;
  const found = await Promise.all([
    kept(asking, folders.receipts, parseReceipt),
    kept(asking, folders.answers, parseUnproved),
    ofRuns(asking, folders.runs),
    ofGateway(asking, folders),
    ofJobs(hre, asking, folders),
    ofBatches(asking, folders.batches),
  ]);
  return [...given, ...found.flat()];
}

/** No two requests have the same bytes: each holds a random number. */
function keyOf(provider: Address, request: Uint8Array): string {
  return `${provider} ${sha256Hex(request)}`;
}

function answeredBy(answer: Receipt | UnprovedAnswer): PaidRequest {
  const { provider } = answer.service;
  const key = keyOf(provider, Buffer.from(answer.request, "base64"));
  return { key, provider, fee: BigInt(answer.fee.fee), answered: true, at: Date.parse(answer.finishedAt) };
}

async function namesIn(folder: string, ending: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(ending));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function receiptsAt(asking: Asking, place: string): Promise<PaidRequest[]> {
  const isFolder = await stat(place).then(
    (found) => found.isDirectory(),
    () => false, // reading it says what is wrong with it
  );
  if (isFolder) return kept(asking, place, parseReceipt);
  return [await readReceiptFile(place)].filter((one) => isOf(asking, one)).map(answeredBy);
}

function isOf({ user, genesis }: Asking, answer: Receipt | UnprovedAnswer): boolean {
  return answer.user === user && answer.genesisHash === genesis;
}

async function kept(
  asking: Asking,
  folder: string,
  parse: (text: string) => Receipt | UnprovedAnswer,
): Promise<PaidRequest[]> {
  const names = await namesIn(folder, ".json");
  const answers = await Promise.all(names.map(async (name) => parse(await readFile(path.join(folder, name), "utf8"))));
  return answers.filter((one) => isOf(asking, one)).map(answeredBy);
}

async function ofRuns(asking: Asking, folder: string): Promise<PaidRequest[]> {
  const found: PaidRequest[] = [];
  for (const name of await namesIn(folder, ".jsonl")) {
    const journal = new FileJournal(folder, name.slice(0, -".jsonl".length));
    const started = lastFact(journal, "started");
    if (started?.owner !== asking.user || started.genesisHash !== asking.genesis) continue;
    found.push(...(await ofFacts(asking, journal.facts)));
  }
  return found;
}

async function ofFacts({ read }: Asking, facts: readonly Fact[]): Promise<PaidRequest[]> {
  const found: PaidRequest[] = [];
  for (const [index, fact] of facts.entries()) {
    // Also of an answer that failed a check: it was paid for.
    if (fact.type === "answered" || fact.type === "quarantined") {
      if (fact.receipt !== undefined) found.push(answeredBy(fact.receipt));
    }
    if (fact.type !== "asked" || facts[index + 1]?.type === "refused") continue;
    const { provider, request, time } = fact;
    const bytes = Buffer.from(request, "base64");
    const fee = await mostCharged(read, provider, bytes);
    found.push({ key: keyOf(provider, bytes), provider, fee, answered: false, at: Date.parse(time ?? "") || 0 });
  }
  return found;
}

/** What a request can have been charged at most, by the prices that are listed now. */
async function mostCharged(read: ReadContext, provider: Address, request: Uint8Array): Promise<bigint> {
  try {
    return serviceFeeAtMost(await readService(read, provider), serviceRequest("chat", request));
  } catch (error) {
    if (error instanceof ProviderUnknownError) return 0n; // it is gone, and can settle nothing
    throw error;
  }
}

/** The gateway's log names no chain; what is older than this one is another's. */
async function ofGateway({ read }: Asking, { base }: Folders): Promise<PaidRequest[]> {
  const first = await chainCall("Reading block 0", read.provider.getBlock(0));
  const found: PaidRequest[] = [];
  for await (const spent of spentRequests(gatewayFiles(path.join(base, "gateway")).spending)) {
    const { id, provider, fee, assumed, at } = spent;
    if (at < (first?.timestamp ?? 0) * 1000) continue;
    found.push({ key: `gateway ${id}`, provider, fee, answered: !assumed, at });
  }
  return found;
}

/** Batches of this machine. What one in Redis cost is in the outboxes of its workers only as long as it is under way. */
async function ofBatches(asking: Asking, folder: string): Promise<PaidRequest[]> {
  const found: PaidRequest[] = [];
  for (const name of await namesIn(folder, ".db")) {
    if (name.endsWith(".outbox.db")) continue;
    const queue = new SqliteQueue(path.join(folder, name));
    try {
      const plan = await queue.plan();
      if (plan?.owner !== asking.user || plan.genesisHash !== asking.genesis) continue;
      for await (const row of queue.each()) found.push(...ofItem(name, row));
    } finally {
      await queue.close();
    }
  }
  return found;
}

/** An item says what it cost and not when: it counts whatever block is looked at first. */
function ofItem(batch: string, { seq, state, provider, fee, worst }: ItemRow): PaidRequest[] {
  const cost = fee ?? worst;
  if (provider === null || cost === null || state === "waiting" || state === "refused") return [];
  return [
    {
      ...{ key: `batch ${batch} ${seq}`, provider: parseAddress(provider, "provider"), fee: BigInt(cost) },
      ...{ answered: fee !== null, at: Number.MAX_SAFE_INTEGER },
    },
  ];
}

async function ofJobs(hre: HardhatRuntimeEnvironment, asking: Asking, { jobs }: Folders): Promise<PaidRequest[]> {
  // Opening a store makes one.
  if (!existsSync(path.join(jobs, "jobs.db"))) return [];
  return withStore(hre, async (store) =>
    Promise.resolve(
      store
        .list(Number.MAX_SAFE_INTEGER)
        .filter((job) => job.user === asking.user && job.genesis_hash === asking.genesis)
        .flatMap(ofJob),
    ),
  );
}

function ofJob(job: Job): PaidRequest[] {
  const answer = job.receipt ?? job.answer;
  if (answer !== null) return [answeredBy(answer)];
  const { amount, assumed } = spendingOf(job);
  if (amount === 0n) return [];
  return [{ key: `job ${job.id}`, provider: job.provider, fee: amount, answered: !assumed, at: job.submitted_at }];
}
