/** What is about to be stored: estimated, shown in the bill, stored when that is agreed to. */

import { assertWalletHolds, estimateTransaction } from "../../lib/chain/send.ts";
import type { BillRow } from "../../lib/flow/bill.ts";
import type { Hex } from "../../lib/hex.ts";
import type { Network } from "../../lib/networks.ts";
import type { StorageClient, StorageSource, StoredObject, UploadEstimate } from "../../lib/storage/client.ts";
import { bytesSource } from "../../lib/storage/source.ts";
import type { TaskIo } from "./action.ts";
import type { OpenConnection } from "./connection.ts";
import { progressOutput, uploadProgress } from "./progress.ts";
import { storageWriter } from "./storage.ts";
import { transactionData, type Writer } from "./write.ts";

export interface ToStore {
  /** For people: a file's name, or what it is. */
  readonly label: string;
  /** Opens it, once for the estimate and once to store it; the same bytes both times. */
  readonly open: () => Promise<OpenSource>;
}

export interface OpenSource {
  readonly source: StorageSource;
  readonly close: () => Promise<void>;
}

/** Bytes that are at hand. */
export function bytesToStore(label: string, bytes: Uint8Array): ToStore {
  return sourceToStore(label, bytesSource(bytes, label));
}

/** A source that somebody else closes. */
export function sourceToStore(label: string, source: StorageSource): ToStore {
  return { label, open: async () => Promise.resolve({ source, close: async () => Promise.resolve() }) };
}

export interface Storing {
  readonly rows: readonly BillRow[];
  readonly planned: readonly {
    readonly label: string;
    readonly root: Hex;
    readonly size: number;
    readonly fee: bigint;
  }[];
  /** Stores what was planned, in order. Comes back when every object is where it was to be. */
  store(): Promise<readonly StoredObject[]>;
}

export interface StoringOptions {
  readonly waitFor?: "uploaded" | "finalised";
}

/** How far a stored object has to be, by `--wait-final`. */
export function waitedFor(waitFinal: boolean): "uploaded" | "finalised" {
  return waitFinal ? "finalised" : "uploaded";
}

/**
 * Works out what storing costs. Sends nothing; reads the chain and asks the nodes.
 * @throws {StorageIndexerError} and the like when 0G Storage cannot be reached: before anything is paid.
 */
export async function planStoring(
  client: StorageClient,
  writer: Pick<Writer, "ctx" | "owner">,
  things: readonly ToStore[],
  io: TaskIo,
  { waitFor = "uploaded" }: StoringOptions = {},
): Promise<Storing> {
  const estimates: (ToStore & { readonly estimate: UploadEstimate })[] = [];
  const rows: BillRow[] = [];
  const known = new Set<Hex>();
  for (const thing of things) {
    const { source, close } = await thing.open();
    const estimate = await client.estimate(source).finally(close);
    // Twice the same bytes are one object.
    if (!known.has(estimate.root)) rows.push(...(await storageRows(writer, thing.label, estimate)));
    known.add(estimate.root);
    estimates.push({ ...thing, estimate });
  }
  const output = progressOutput(io);
  return {
    rows,
    planned: estimates.map(({ label, estimate: { root, size, fee } }) => ({ label, root, size, fee })),
    store: async () => {
      const stored: StoredObject[] = [];
      for (const { label, open, estimate } of estimates) {
        const onProgress = uploadProgress(output, label);
        const { source, close } = await open();
        stored.push(await client.put(source, { waitFor, tree: estimate.tree, onProgress }).finally(close));
      }
      return stored;
    },
  };
}

async function storageRows(
  { ctx, owner }: Pick<Writer, "ctx" | "owner">,
  label: string,
  { draft, fee, sectors }: UploadEstimate,
): Promise<BillRow[]> {
  if (draft === undefined) return [];
  await assertWalletHolds(ctx, owner, draft.what, fee);
  const { gasLimit, fees } = await estimateTransaction(ctx, owner, draft);
  return [
    {
      what: `store ${label}`,
      amount: fee,
      from: "storage",
      note: `for ${sectors} sectors; 0G Storage refunds nothing`,
    },
    {
      what: `gas to store ${label}`,
      amount: gasLimit * fees.maxFeePerGas,
      from: "wallet",
      note: `up to ${gasLimit} gas`,
    },
  ];
}

/** What tasks take that store before they mint or move. */
export interface StorageArguments {
  readonly noStorage: boolean;
  readonly waitFinal: boolean;
  readonly indexer: string | undefined;
}

/**
 * What to store of a token's new ciphertexts; undefined with `--no-storage`, where they stay on this machine.
 * @throws {NoIndexerError} {@link StorageIndexerError} before anything is paid.
 */
export async function planCiphertexts(
  open: OpenConnection,
  writer: Writer,
  ciphertexts: readonly Uint8Array[],
  { noStorage, waitFinal, indexer }: StorageArguments,
  io: TaskIo,
): Promise<Storing | undefined> {
  if (noStorage) {
    io.log(
      "note: the encrypted data stays on this machine, as the only copy; npx hardhat inft store <token> stores it",
    );
    return undefined;
  }
  const clientFor = await storageWriter(open, indexer, io);
  const label = (index: number) => (ciphertexts.length === 1 ? "the encrypted data" : `encrypted datum ${index}`);
  const things = ciphertexts.map((bytes, index) => bytesToStore(label(index), bytes));
  return planStoring(clientFor(writer.ctx), writer, things, io, { waitFor: waitedFor(waitFinal) });
}

/** What was stored, as data for scripts. */
export function storedData(network: Network, { root, size, txSeq, state, fee, transaction, nodes }: StoredObject) {
  return {
    ...{ root, size, txSeq, state, fee, nodes },
    ...(transaction === undefined ? {} : { transaction: transactionData(network, transaction) }),
  };
}
