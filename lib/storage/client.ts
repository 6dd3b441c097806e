/** What the 0G Storage client does, for those who use it. Built by `storageReader` and `storageClient`. */

import type { Log, ReadContext, WriteContext } from "../chain/context.ts";
import type { ConfirmedTransaction, TransactionDraft } from "../chain/send.ts";
import type { Address, Hex } from "../hex.ts";
import type { StorageTree } from "./merkle.ts";

/** Bytes that can be read more than once, at any place: a file, or memory. */
export interface StorageSource {
  /** For messages: a path, or `memory`. */
  readonly name: string;
  readonly size: number;
  /** Reads exactly `length` bytes from `offset`. @throws {SourceChangedError} when they are not there any more. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** @throws {SourceChangedError} when the source is not what it was when it was opened, as far as one can tell cheaply. */
  assertUnchanged(): Promise<void>;
}

/** How long and how often, all with a default. */
export interface StorageLimits {
  /** For one answer of an indexer or a node. Milliseconds; default 30 000. */
  readonly requestTimeoutMs: number;
  /** How often a request that failed for a passing reason is made again. Default 3. */
  readonly retries: number;
  /** Before the first repetition; doubled for each after it. Milliseconds; default 250. */
  readonly retryDelayMs: number;
  /** Until nodes see a submission that is on chain. Milliseconds; default 120 000. */
  readonly logWaitMs: number;
  /** Until nodes call a file final. Milliseconds; default 600 000. */
  readonly finalWaitMs: number;
  /** Between two looks at the nodes, at most. Milliseconds; default 2 000. */
  readonly pollMs: number;
  /** Requests with segments that are under way at once. Default 4. */
  readonly concurrency: number;
  /** Segments in one request. Default 2; a node takes at most 10 MB, which is 28. */
  readonly segmentsPerRequest: number;
}

/** What reads take. */
export interface StorageContext extends ReadContext {
  /** Addresses of indexers, in the order to ask: the first that answers decides. */
  readonly indexers: readonly string[];
  /** Default: the process's own, which on live networks asks only nodes with public addresses. */
  readonly fetch?: typeof fetch;
  /** Unix milliseconds. Default: the machine's. */
  readonly clock?: () => number;
  /** Waits between looks and repetitions. Default: a timer that the signal ends. */
  readonly sleep?: (ms: number) => Promise<void>;
  readonly log?: Log;
  readonly signal?: AbortSignal;
  readonly limits?: Partial<StorageLimits>;
}

/** What uploads take: `spending`, `onSigned` and `receiptTimeout` hold for the one transaction there may be. */
export interface StorageWriteContext extends StorageContext, WriteContext {
  /**
   * Folder in which each upload notes its transaction, so that a run after a crash finds it before it is in a block:
   * `.0g/<network>/uploads`. Absent: nothing is kept, and only the chain and the nodes are asked.
   */
  readonly uploads?: string;
}

/**
 * How far an upload is. `submitted`: the transaction is in a block. `logged`: all chosen nodes have seen it. `uploaded`:
 * they have taken every segment. `finalised`: they say that they hold the whole file.
 */
export type UploadState = "preparing" | "submitted" | "logged" | "uploaded" | "finalised";

export interface UploadProgress {
  readonly root: Hex;
  /** The last state that was reached. */
  readonly state: UploadState;
  /** Bytes of the file that nodes have taken, and all of them; a replica counts again. */
  readonly done: number;
  readonly total: number;
}

export interface PutOptions {
  /** Default `uploaded`. */
  readonly waitFor?: "uploaded" | "finalised";
  /** How many nodes are to hold each segment. Default 1. */
  readonly replicas?: number;
  /** Kept in the Submit event, at no fee but gas. Default none. */
  readonly tags?: Hex;
  /** The tree of the source, when it is known: then the source is not read once more for it. */
  readonly tree?: StorageTree;
  readonly onProgress?: (progress: UploadProgress) => void;
}

export interface StoredObject {
  readonly root: Hex;
  readonly size: number;
  /** The number of the submission at the Flow contract. */
  readonly txSeq: number;
  readonly state: "uploaded" | "finalised";
  /** The storage fee that was paid now, in neuron; 0 when the root was submitted before. */
  readonly fee: bigint;
  /** Absent when the root was submitted before. */
  readonly transaction?: ConfirmedTransaction;
  /** Addresses of the nodes that hold it. */
  readonly nodes: readonly string[];
}

export interface GetOptions {
  /** Refuses a larger object before a byte of it is asked for. */
  readonly maxBytes?: number;
  readonly onProgress?: (progress: { readonly root: Hex; readonly done: number; readonly total: number }) => void;
}

export interface FetchedObject {
  readonly root: Hex;
  readonly size: number;
  readonly txSeq: number;
  /**
   * What the size rests on, because the root does not commit to zeros at the end of a file: the Submit event, or only what
   * the nodes say, when the RPC node does not hold the event any more.
   */
  readonly sizeFrom: "chain" | "nodes";
  /** Addresses of the nodes the bytes came from. */
  readonly nodes: readonly string[];
}

/** A node and what it says about one root. */
export interface NodeStatus {
  readonly url: string;
  readonly shardId: number;
  readonly numShard: number;
  /** Absent when the node does not know the root. */
  readonly file?: {
    readonly txSeq: number;
    readonly size: number;
    readonly finalised: boolean;
    readonly pruned: boolean;
    readonly uploadedSegments: number;
  };
  /** Why the node could not be asked. */
  readonly problem?: string;
}

/** What the chain says about one root. */
export interface Submission {
  readonly txSeq: number;
  readonly size: number;
  readonly submitter: Address;
  readonly blockNumber: number;
  readonly transactionHash: Hex;
}

export interface ObjectStatus {
  readonly root: Hex;
  /**
   * `finalised`: nodes of every shard hold it whole. `submitted`: it is known, but not whole everywhere. `pruned`: it was,
   * and its bytes were dropped. `unknown`: no node that answered knows it.
   */
  readonly state: "finalised" | "submitted" | "pruned" | "unknown";
  readonly nodes: readonly NodeStatus[];
  /** The submission that the nodes mean, as the chain has it; absent when the RPC node does not hold it. */
  readonly submission?: Submission;
}

export interface UploadEstimate {
  readonly root: Hex;
  readonly size: number;
  /** Sectors of 256 bytes that are paid for, padding included. */
  readonly sectors: number;
  /** Neuron. */
  readonly pricePerSector: bigint;
  /** The storage fee in neuron, exactly what is sent: 0 when the root was submitted before. */
  readonly fee: bigint;
  /** The transaction that {@link StorageClient.put} would send; absent when the root was submitted before. */
  readonly draft?: TransactionDraft;
  /** The tree, to be handed to {@link StorageClient.put}. */
  readonly tree: StorageTree;
}

/** Reads from 0G Storage. Every byte that comes out is checked against the root. Needs no key. */
export interface StorageReader {
  /**
   * The verified segments of an object, in order, each checked against the root before it is yielded. A node that lies is
   * logged and passed over.
   * @throws {StorageIndexerError} when no indexer answers.
   * @throws {ObjectNotFoundError} when no node holds it. {@link ObjectNotFinalError} when it is known but not whole yet.
   * @throws {SegmentInvalidError} {@link NodeLiesError} when nobody has a true copy.
   */
  read(root: Hex, options?: GetOptions): AsyncGenerator<Uint8Array, FetchedObject>;
  /** The object in memory. @throws what {@link StorageReader.read} does. */
  getBytes(root: Hex, options?: GetOptions): Promise<FetchedObject & { readonly bytes: Uint8Array }>;
  /**
   * Writes the object to `file`, whole or not at all.
   * @throws what {@link StorageReader.read} does. {@link OutputExistsError} unless `force`. {@link DiskFullError}
   */
  getFile(root: Hex, file: string, options?: GetOptions & { readonly force?: boolean }): Promise<FetchedObject>;
  /** Whether nodes of every shard hold the object whole. */
  exists(root: Hex): Promise<boolean>;
  status(root: Hex): Promise<ObjectStatus>;
}

/** Reads from and writes to 0G Storage, as one signer. Its uploads run one after the other. */
export interface StorageClient extends StorageReader {
  /**
   * Stores bytes: root offline, submission on chain unless it is there already, segments to nodes of every shard. A run
   * that was interrupted is continued where it was, and is not paid again.
   * @throws {EmptyObjectError} {@link SourceChangedError} {@link StorageIndexerError} {@link ShardsMissingError}
   * @throws {FeeTooLowError} {@link SubmissionRefusedError} {@link UploadIncompleteError} {@link ObjectNotFinalError}
   */
  put(source: StorageSource | Uint8Array, options?: PutOptions): Promise<StoredObject>;
  /** What {@link StorageClient.put} would cost. Sends nothing. */
  estimate(
    source: StorageSource | Uint8Array,
    options?: Pick<PutOptions, "tags" | "replicas">,
  ): Promise<UploadEstimate>;
}
