/** Where a command keeps what it makes: folders of the network, or memory where nothing is kept. */

import path from "node:path";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { ReadContext } from "../../lib/chain/context.ts";
import type { ReceiptStore } from "../../lib/flow/context.ts";
import { FileJournal, runsIn } from "../../lib/flow/journal-file.ts";
import { MemoryJournal, type Journal } from "../../lib/flow/journal.ts";
import { INFT_CONTRACT, VERIFIER_CONTRACT, type DeploymentRecords, type RecordStore } from "../../lib/inft/deploy.ts";
import { RecordMismatchError } from "../../lib/inft/errors.ts";
import { loadRecord, recordFolder, saveRecord, type DeploymentRecord } from "../../lib/inft/records.ts";
import { writeFileAtomic } from "../../lib/storage/atomic-file.ts";
import { FileObjectStore, MemoryObjectStore, type ObjectStore } from "../../lib/storage/object-store.ts";
import { deploymentsFolder, runtimeFolders } from "./folders.ts";
import { SealedMints } from "./sealed-mints.ts";

export interface Stores {
  /** False on the in-process network: what a command makes there ends with it. */
  readonly kept: boolean;
  readonly journal: (id: string) => Journal;
  /** Every run there is a journal of, in no order. */
  readonly runs: () => readonly string[];
  /** Where a run's journal is; undefined where nothing is kept. */
  readonly journalFile: (id: string) => string | undefined;
  readonly objects: ObjectStore;
  readonly mints: SealedMints;
  readonly receipts: ReceiptStore;
  readonly records: DeploymentRecords;
}

/**
 * The recorded contracts of the network, checked against the chain whenever they are read. A served Galileo ends with its
 * process, so there a record of another genesis is a leftover and counts as none; anywhere else it is an error.
 */
export function deploymentRecords(hre: HardhatRuntimeEnvironment, read: ReadContext): DeploymentRecords {
  const files = recordFolder(deploymentsFolder(hre));
  const store = (contractName: string): RecordStore => ({
    load: async () => {
      try {
        return await loadRecord(read, files, contractName);
      } catch (error) {
        const leftover = error instanceof RecordMismatchError && error.details["field"] === "genesis hash";
        if (leftover && read.network.name === "localhost") return undefined;
        throw error;
      }
    },
    save: async (record) => saveRecord(files, record),
  });
  return { inft: store(INFT_CONTRACT), verifier: store(VERIFIER_CONTRACT) };
}

function memoryRecord(): RecordStore {
  let held: DeploymentRecord | undefined;
  return {
    load: async () => Promise.resolve(held),
    save: async (record) => {
      held = record;
      return Promise.resolve();
    },
  };
}

export function openStores(hre: HardhatRuntimeEnvironment, read: ReadContext): Stores {
  const folders = runtimeFolders(hre, read.network);
  if (folders === undefined) {
    const objects = new MemoryObjectStore();
    return {
      kept: false,
      journal: () => new MemoryJournal(),
      runs: () => [],
      journalFile: () => undefined,
      objects,
      mints: new SealedMints(undefined, objects),
      receipts: { save: async () => Promise.resolve(undefined) },
      records: { inft: memoryRecord(), verifier: memoryRecord() },
    };
  }
  const objects = new FileObjectStore(folders.objects);
  return {
    kept: true,
    journal: (id) => new FileJournal(folders.runs, id),
    runs: () => runsIn(folders.runs),
    journalFile: (id) => new FileJournal(folders.runs, id).file,
    objects,
    mints: new SealedMints(folders.mints, objects),
    receipts: {
      save: async (name, receipt) => {
        const file = path.join(folders.receipts, `${name}.json`);
        await writeFileAtomic(file, `${JSON.stringify(receipt, null, 2)}\n`, "private");
        return file;
      },
      quarantine: async (name, document) => {
        const file = path.join(folders.quarantine, `${name}.json`);
        await writeFileAtomic(file, `${JSON.stringify(document, null, 2)}\n`, "private");
        return file;
      },
    },
    records: deploymentRecords(hre, read),
  };
}
