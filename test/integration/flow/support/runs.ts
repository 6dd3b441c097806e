import { randomBytes } from "node:crypto";

import type { Provider } from "ethers";
import { artifacts, network } from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";

import { genesisHash } from "../../../../lib/chain/connect.ts";
import { SessionTokens } from "../../../../lib/compute/session.ts";
import { ZgError } from "../../../../lib/errors.ts";
import type { FlowContext } from "../../../../lib/flow/context.ts";
import { openRun, runFlow } from "../../../../lib/flow/flow.ts";
import { MemoryJournal, type Journal } from "../../../../lib/flow/journal.ts";
import { checksum, type Hex } from "../../../../lib/hex.ts";
import { DEFAULT_CLAIM, type ClaimMode } from "../../../../lib/inft/claim.ts";
import { inftContract } from "../../../../lib/inft/contracts.ts";
import type { DeploymentRecords, RecordStore } from "../../../../lib/inft/deploy.ts";
import type { DeploymentRecord } from "../../../../lib/inft/records.ts";
import type { StorageLimits } from "../../../../lib/storage/client.ts";
import { storageClient } from "../../../../lib/storage/storage-client.ts";
import { MemoryObjectStore } from "../../../../lib/storage/object-store.ts";

function memoryRecord(): RecordStore & { forget(): void } {
  let held: DeploymentRecord | undefined;
  return {
    load: async () => Promise.resolve(held),
    save: async (saved) => {
      held = saved;
      return Promise.resolve();
    },
    forget: () => {
      held = undefined;
    },
  };
}

/** How runs reach what is around them, where it is not straight. */
export interface Reach {
  readonly connection: NetworkConnection;
  readonly provider: Provider;
  readonly indexer: string;
  readonly storageLimits: Partial<StorageLimits>;
}

/** An embedded Galileo on which runs of the flow share one deployment; everything is real but the files. */
export async function openRuns(reach?: Reach) {
  const connection = reach?.connection ?? (await network.create());
  const { galileo } = connection;
  const stores = { inft: memoryRecord(), verifier: memoryRecord() };
  const records: DeploymentRecords = stores;

  /** A run of a user nobody else is. */
  async function newRun(
    journal: Journal = new MemoryJournal(),
    claim: ClaimMode = DEFAULT_CLAIM,
  ): Promise<FlowContext> {
    const { signer: wallet } = await galileo.fundedUser();
    const provider = reach?.provider ?? wallet.provider;
    if (provider === null) throw new Error("a funded user is connected");
    const signer = wallet.connect(provider);
    const read = { network: galileo.network, provider };
    return {
      id: "test",
      read,
      owner: checksum(signer.address),
      journal,
      question: { messages: [{ role: "user", content: "What is 2+2?" }], maxTokens: 64 },
      genesisHash: await genesisHash(provider),
      claim,
      records,
      http: { timeoutMs: 1_000 },
      write: { ...read, signer },
      session: new SessionTokens({ ...read, signer }),
      random: randomBytes,
      artifact: async (name) => {
        const { abi, bytecode } = await artifacts.readArtifact(name);
        return { abi, bytecode: bytecode as Hex };
      },
      attestors: async () => Promise.resolve([]),
      objects: new MemoryObjectStore(),
      stores: true,
      storage: (write) =>
        storageClient({
          ...read,
          indexers: [reach?.indexer ?? galileo.storage.indexer],
          ...(reach === undefined ? {} : { limits: reach.storageLimits }),
          ...write,
        }),
      clock: Date.now,
      receipts: { save: async () => Promise.resolve(undefined) },
      retryUnanswered: false,
      sent: [],
    };
  }

  async function failureOf(ctx: FlowContext): Promise<ZgError> {
    openRun(ctx.journal, ctx);
    const failed = await runFlow(ctx).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(failed instanceof ZgError)) throw new Error(`expected one of our errors, got ${String(failed)}`);
    return failed;
  }

  async function tokensOf(ctx: FlowContext): Promise<bigint> {
    const record = await records.inft.load();
    return record === undefined ? 0n : inftContract(record.address, ctx.read.provider).balanceOf(ctx.owner);
  }

  return {
    connection,
    galileo,
    records,
    /** Makes the next run deploy its own. */
    forgetDeployment: () => {
      stores.inft.forget();
      stores.verifier.forget();
    },
    newRun,
    failureOf,
    tokensOf,
    close: () => connection.close(),
  };
}

export type Runs = Awaited<ReturnType<typeof openRuns>>;
