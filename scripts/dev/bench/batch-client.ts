/**
 * The client's side of the batch cases, in a process of its own: `batch-client.ts <JSON arguments>`. Prints one JSON object
 * on stdout.
 */

import { randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { JsonRpcProvider, Wallet } from "ethers";

import { requestOf } from "../../../lib/batch/ask-items.ts";
import { workBatch, type BatchDeps } from "../../../lib/batch/batch.ts";
import { itemsDigest, itemText, parseItems, type BatchItem } from "../../../lib/batch/items.ts";
import { BATCH_VERSION, type BatchPlan } from "../../../lib/batch/queue.ts";
import { resultLines } from "../../../lib/batch/results.ts";
import { TaskThread } from "../../../lib/batch/task-thread.ts";
import { SqliteQueue } from "../../../lib/batch/sqlite-queue.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { ROLES } from "../../../lib/chain/development-roles.ts";
import { genesisHash } from "../../../lib/chain/connect.ts";
import { requestUrl } from "../../../lib/compute/ask.ts";
import { deposit, transfer } from "../../../lib/compute/ledger.ts";
import { readService } from "../../../lib/compute/providers.ts";
import { serviceRequest } from "../../../lib/compute/service-request.ts";
import { SessionTokens } from "../../../lib/compute/session.ts";
import { termsOf } from "../../../lib/guards/terms.ts";
import type { Address, Hex } from "../../../lib/hex.ts";
import { COLLECTION } from "../../../lib/inft/collection.ts";
import {
  defaultVerifierTerms,
  deployInft,
  deployVerifier,
  INFT_CONTRACT,
  VERIFIER_CONTRACT,
} from "../../../lib/inft/deploy.ts";
import { ownerPublicKey } from "../../../lib/inft/owner-key.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { writeFileAtomic } from "../../../lib/storage/atomic-file.ts";
import { FileObjectStore } from "../../../lib/storage/object-store.ts";
import { parseAmount } from "../../../lib/units.ts";

export interface BatchArguments {
  readonly url: string;
  readonly provider: Address;
  readonly privateKey: string;
  readonly items: number;
  readonly concurrency: number;
  /** The store of a batch to be continued later, nearly done, and how many items it has. */
  readonly nearlyDone: { readonly file: string; readonly store: string; readonly id: string; readonly items: number };
}

export interface BatchAnswer {
  /** Answers a second of the provider alone, asked by a bare client: before the batch and after it. */
  readonly alone: readonly number[];
  /** Minted results a second, from the first request to the last token and the results. */
  readonly batch: number;
  readonly batchMs: number;
  /** Milliseconds that the batch's process spent committing to its store. */
  readonly journalMs: number;
  readonly commits: number;
}

const given = JSON.parse(process.argv[2] ?? "null") as BatchArguments;
const network = networkNamed("localhost");
const provider = new JsonRpcProvider(given.url, undefined, {
  cacheTimeout: -1,
  batchMaxCount: 1,
  staticNetwork: true,
  pollingInterval: 50,
});
const signer = new Wallet(given.privateKey, provider);
const ctx = { network, provider, signer };
const session = new SessionTokens(ctx);
const owner = (await signer.getAddress()) as Address;
const service = await readService(ctx, given.provider);
const items: readonly BatchItem[] = parseItems(
  Array.from({ length: given.items }, (_, i) => JSON.stringify({ prompt: `What is ${i}+${i}?` })).join("\n"),
  "bench",
  { maxTokens: 64 },
);

function artifact(name: string, folder: string): { abi: never; bytecode: Hex } {
  return JSON.parse(readFileSync(`artifacts/contracts/${folder}/${name}.sol/${name}.json`, "utf8")) as never;
}

/** Nothing but the provider: the same requests, as many at a time, over connections that stay open. */
async function alone(): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: given.concurrency });
  const authorization = await session.header(given.provider);
  const ask = async (item: BatchItem) => {
    const body = requestOf(item, service.model, { random: randomBytes, claim: "commit", owner });
    const url = requestUrl(service, serviceRequest("chat", body));
    const headers = { Authorization: authorization, "Content-Type": "application/json", "Content-Length": body.length };
    await new Promise<void>((resolve, reject) => {
      const sent = request(url, { method: "POST", agent, headers }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`status ${String(response.statusCode)}`));
        response.resume();
        response.once("end", resolve);
      });
      sent.once("error", reject);
      sent.end(body);
    });
  };
  let next = 0;
  const started = performance.now();
  const worker = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await ask(item);
  };
  await Promise.all(Array.from({ length: given.concurrency }, worker));
  agent.destroy();
  return (1000 * items.length) / (performance.now() - started);
}

/** A batch of which all but a few items are minted, each with what such an item keeps. */
async function leaveNearlyDone(genesis: Hex, receipt: string, sealed: string): Promise<void> {
  const { file, store, id, items: count } = given.nearlyDone;
  const lines = Array.from({ length: count }, (_, i) =>
    JSON.stringify({ id: `item-${i}`, prompt: `What is ${i}+${i}?` }),
  );
  await writeFileAtomic(file, `${lines.join("\n")}\n`, "private");
  const all = parseItems(lines.join("\n"), file, { maxTokens: 512 });
  const queue = new SqliteQueue(store);
  const terms = { version: BATCH_VERSION, id, network: network.name, genesisHash: genesis } as const;
  const user = developmentAccount(ROLES.user).address;
  await queue.begin(
    {
      ...{ ...terms, owner: user, claim: "commit", mint: true, stores: false, items: all.length },
      digest: itemsDigest(all.map(itemText)),
    },
    all,
  );
  await queue.assign({ terms: termsOf(service) });
  for (const state of ["asked", "answered", "verified", "sealed", "committed", "minted"] as const) {
    const kept =
      state === "verified" ? { receipt } : state === "sealed" ? { sealed } : state === "minted" ? { tokenId: "1" } : {};
    await Promise.all(all.slice(0, -LEFT).map(async ({ seq }) => queue.advance(seq, state, kept)));
  }
  await queue.close();
}

/** Items that are left of a batch that is nearly done. */
const LEFT = 20;

const folder = mkdtempSync(path.join(tmpdir(), "0g-bench-batch-"));
try {
  await deposit(ctx, parseAmount("50"));
  await transfer(ctx, { provider: given.provider, amount: parseAmount("20") });
  const terms = { owner, ...defaultVerifierTerms(network), attestors: [] };
  const verifier = await deployVerifier(ctx, artifact(VERIFIER_CONTRACT, "verifier"), terms);
  const deployed = await deployInft(ctx, artifact(INFT_CONTRACT, "inft"), {
    ...COLLECTION,
    verifier: verifier.address,
  });
  const queue = new SqliteQueue(path.join(folder, "batch.db"));
  const plan: BatchPlan = {
    ...{ version: BATCH_VERSION, id: "bench", network: network.name, genesisHash: await genesisHash(provider), owner },
    ...{ claim: "commit", mint: true, stores: false, items: items.length, digest: itemsDigest(items.map(itemText)) },
  };
  const thread = new TaskThread();
  const deps: BatchDeps = {
    ...{ queue, plan, items, read: ctx, write: ctx, owner, session, concurrency: given.concurrency },
    ...{
      http: {},
      random: randomBytes,
      arithmetic: thread.do,
      clock: Date.now,
      log: () => undefined,
      retryUnanswered: false,
    },
    provider: given.provider,
    keepReceipt: async ({ seq }, receipt) => {
      const file = path.join(folder, "receipts", `${seq}.json`);
      await writeFileAtomic(file, `${JSON.stringify(receipt, null, 2)}\n`, "private");
      return file;
    },
    collection: {
      rows: [],
      deploy: async () => Promise.resolve(deployed.address),
      ownerPublicKey: await ownerPublicKey(signer),
      objects: new FileObjectStore(path.join(folder, "objects")),
    },
    approve: async () => Promise.resolve(true),
  };
  const before = await alone();
  const started = performance.now();
  await queue.begin(plan, items);
  const { counts, stopped } = await workBatch(deps);
  await writeFileAtomic(path.join(folder, "results.jsonl"), await resultLines(queue), "private");
  const batchMs = performance.now() - started;
  if (stopped !== undefined || counts.minted !== items.length) {
    throw new Error(`${counts.minted} of ${items.length} were minted: ${stopped?.message ?? JSON.stringify(counts)}`);
  }
  const { ms: journalMs, commits } = queue.figures;
  const one = await queue.get(0);
  await queue.close();
  await leaveNearlyDone(plan.genesisHash, one?.receipt ?? "", one?.sealed ?? "");
  const after = await alone();
  const answer: BatchAnswer = {
    alone: [before, after],
    batch: (1000 * items.length) / batchMs,
    batchMs,
    journalMs,
    commits,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
