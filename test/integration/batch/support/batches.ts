import { randomBytes } from "node:crypto";

import { artifacts, network } from "hardhat";

import type { BatchDeps } from "../../../../lib/batch/batch.ts";
import { workBatch, type BatchOutcome } from "../../../../lib/batch/batch.ts";
import { itemsDigest, itemText, parseItems, type BatchItem } from "../../../../lib/batch/items.ts";
import { BATCH_VERSION, type BatchPlan, type BatchQueue, type ItemRow } from "../../../../lib/batch/queue.ts";
import { SqliteQueue } from "../../../../lib/batch/sqlite-queue.ts";
import { genesisHash } from "../../../../lib/chain/connect.ts";
import type { Receipt } from "../../../../lib/compute/receipt.ts";
import { SessionTokens } from "../../../../lib/compute/session.ts";
import { checksum, type Address, type Hex } from "../../../../lib/hex.ts";
import { inftContract } from "../../../../lib/inft/contracts.ts";
import {
  deployInft,
  deployVerifier,
  INFT_CONTRACT,
  VERIFIER_CONTRACT,
  defaultVerifierTerms,
} from "../../../../lib/inft/deploy.ts";
import { COLLECTION } from "../../../../lib/inft/collection.ts";
import { ownerPublicKey } from "../../../../lib/inft/owner-key.ts";
import { MemoryObjectStore } from "../../../../lib/storage/object-store.ts";

export interface Batch {
  readonly queue: BatchQueue;
  readonly deps: BatchDeps;
  readonly receipts: Map<number, Receipt>;
  /** Works it as a command does. */
  work(changes?: Partial<BatchDeps>): Promise<BatchOutcome>;
  rows(): Promise<readonly ItemRow[]>;
  /** As another command of the same user would open it. */
  again(queue?: BatchQueue): Promise<Batch>;
}

/** An embedded Galileo on which batches share one contract; every batch has a user of its own. */
export async function openBatches() {
  const connection = await network.create();
  const { galileo } = connection;
  const deployer = await galileo.fundedUser();
  const { provider } = deployer.signer;
  if (provider === null) throw new Error("a funded user is connected");
  const read = { network: galileo.network, provider };
  const artifact = async (name: string) => {
    const { abi, bytecode } = await artifacts.readArtifact(name);
    return { abi, bytecode: bytecode as Hex };
  };
  const write = { ...read, signer: deployer.signer };
  const terms = { owner: deployer.address, ...defaultVerifierTerms(galileo.network), attestors: [] };
  const verifier = await deployVerifier(write, await artifact(VERIFIER_CONTRACT), terms);
  const { address: inft } = await deployInft(write, await artifact(INFT_CONTRACT), {
    ...COLLECTION,
    verifier: verifier.address,
  });
  const genesis = await genesisHash(provider);

  async function newBatch(
    items: readonly BatchItem[],
    terms: Partial<BatchPlan> = {},
    queue: BatchQueue = new SqliteQueue(),
  ): Promise<Batch> {
    const { signer } = await galileo.fundedUser();
    const plan: BatchPlan = {
      ...{ version: BATCH_VERSION, id: "test", network: galileo.network.name, genesisHash: genesis },
      ...{ owner: checksum(signer.address), claim: "commit", mint: true, stores: false, items: items.length },
      digest: itemsDigest(items.map(itemText)),
      ...terms,
    };
    return openBatch(plan, items, signer, queue);
  }

  async function openBatch(
    plan: BatchPlan,
    items: readonly BatchItem[],
    signer: typeof deployer.signer,
    queue: BatchQueue,
    objects = new MemoryObjectStore(),
    receipts = new Map<number, Receipt>(),
  ): Promise<Batch> {
    await queue.begin(plan, items);
    const ctx = { ...read, signer };
    const deps: BatchDeps = {
      ...{ queue, plan, items, read, write: ctx, owner: plan.owner, concurrency: 4 },
      session: new SessionTokens(ctx),
      http: { timeoutMs: 1_000 },
      random: randomBytes,
      clock: Date.now,
      log: () => undefined,
      retryUnanswered: false,
      keepReceipt: async ({ seq }, receipt) => {
        receipts.set(seq, receipt);
        return Promise.resolve(`receipts/${seq}.json`);
      },
      approve: async () => Promise.resolve(true),
      ...(plan.mint
        ? {
            collection: {
              rows: [],
              deploy: async () => Promise.resolve(inft),
              ownerPublicKey: await ownerPublicKey(signer),
              objects,
            },
          }
        : {}),
    };
    return {
      ...{ queue, deps, receipts },
      work: async (changes = {}) => workBatch({ ...deps, ...changes }),
      rows: async () => {
        const rows: ItemRow[] = [];
        for await (const row of queue.each()) rows.push(row);
        return rows;
      },
      again: async (reopened = queue) => openBatch(plan, items, signer, reopened, objects, receipts),
    };
  }

  return {
    ...{ connection, galileo, read, inft },
    newBatch,
    tokensOf: async (owner: Address) => inftContract(inft, provider).balanceOf(owner),
    close: () => connection.close(),
  };
}

export type Batches = Awaited<ReturnType<typeof openBatches>>;

export function questions(count: number): readonly BatchItem[] {
  const lines = Array.from({ length: count }, (_, i) => JSON.stringify({ id: `q${i}`, prompt: `What is ${i}+${i}?` }));
  return parseItems(lines.join("\n"), "questions.jsonl", { maxTokens: 64 });
}
