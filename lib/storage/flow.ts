/** The contracts of 0G Storage: what a submission costs, how it is sent, where it is found again. */

import { Contract, Interface, keccak256, zeroPadValue, type Log, type TransactionReceipt } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import { readLogs } from "../chain/logs.ts";
import { chainCall, registerErrors, RpcUnreachableError } from "../chain/revert.ts";
import type { TransactionDraft } from "../chain/send.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import type { Submission } from "./client.ts";
import { rootOfNodes, type StorageTree, type SubmissionNode } from "./merkle.ts";

/** Source: npm `@0gfoundation/0g-ts-sdk`, FixedPriceFlow and FixedPrice. The event's own `length` is in sectors. */
const FLOW_ABI = [
  "function market() view returns (address)",
  "function submit(((uint256 size, bytes tags, (bytes32 root, uint256 height)[] nodes) data, address submitter) submission) payable returns (uint256 index, bytes32 digest, uint256 startIndex, uint256 sectors)",
  "function batchSubmit(((uint256 size, bytes tags, (bytes32 root, uint256 height)[] nodes) data, address submitter)[] submissions) payable returns (uint256[] indexes, bytes32[] digests, uint256[] startIndexes, uint256[] lengths)",
  "event Submit(address indexed sender, bytes32 indexed identity, uint256 submissionIndex, uint256 startPos, uint256 sectors, (uint256 size, bytes tags, (bytes32 root, uint256 height)[] nodes) submission)",
  "error NotEnoughFee(uint256 price, uint256 amount, uint256 paid)",
  "error InvalidSubmission()",
  "error EnforcedPause()",
];
const MARKET_ABI = ["function pricePerSector() view returns (uint256)"];

let parsed: Interface | undefined;

/** Parsed on first use, its errors with it. */
function flowInterface(): Interface {
  if (parsed === undefined) {
    parsed = new Interface(FLOW_ABI);
    registerErrors(parsed);
  }
  return parsed;
}

/** How far back the chain is searched where a node refuses the whole of it: hours, while storage nodes lag by minutes. */
const SEARCHED_BLOCKS = 20_000;

/** What a sector of 256 bytes costs, in neuron. Reads the market of the Flow contract. */
export async function readPricePerSector({ network, provider }: ReadContext): Promise<bigint> {
  const flow = new Contract(network.contracts.storageFlow, flowInterface(), provider);
  const market = await chainCall("Reading the storage market", call<string>(flow, "market"));
  return chainCall(
    "Reading the storage price",
    call<bigint>(new Contract(market, MARKET_ABI, provider), "pricePerSector"),
  );
}

async function call<T>(contract: Contract, name: string): Promise<T> {
  return contract.getFunction(name).staticCall() as Promise<T>;
}

/** What is sent for a file: its sectors, padding included. There is no refund; a surplus would pay for the next submitter. */
export function storageFee({ shape }: Pick<StorageTree, "shape">, pricePerSector: bigint): bigint {
  return BigInt(shape.paddedChunks) * pricePerSector;
}

export interface SubmissionTerms {
  readonly tree: StorageTree;
  readonly submitter: Address;
  readonly tags: Hex;
  readonly pricePerSector: bigint;
}

/** The transaction of a submission. */
export function submissionDraft({ network }: Pick<ReadContext, "network">, terms: SubmissionTerms): TransactionDraft {
  const { tree, submitter, tags, pricePerSector } = terms;
  const { shape, nodes, root } = tree;
  return {
    what: `store ${shape.size} bytes as ${root}`,
    to: network.contracts.storageFlow,
    data: flowInterface().encodeFunctionData("submit", [{ data: { size: shape.size, tags, nodes }, submitter }]) as Hex,
    value: storageFee(tree, pricePerSector),
  };
}

/** The transaction of several submissions. */
export function batchSubmissionDraft(
  { network }: Pick<ReadContext, "network">,
  terms: Omit<SubmissionTerms, "tree" | "tags"> & { readonly trees: readonly StorageTree[] },
): TransactionDraft {
  const { trees, submitter, pricePerSector } = terms;
  const submissions = trees.map(({ shape, nodes }) => ({ data: { size: shape.size, tags: "0x", nodes }, submitter }));
  return {
    what: `store ${trees.length} objects`,
    to: network.contracts.storageFlow,
    data: flowInterface().encodeFunctionData("batchSubmit", [submissions]) as Hex,
    value: trees.reduce((sum, tree) => sum + storageFee(tree, pricePerSector), 0n),
  };
}

/** What the Flow contract calls a submission: the hash of its subtrees' roots, whatever its size is. */
function identityOf(nodes: readonly SubmissionNode[]): Hex {
  return keccak256(Buffer.concat(nodes.map(({ root }) => Buffer.from(root.slice(2), "hex")))) as Hex;
}

function submitTopic(): string {
  return flowInterface().getEvent("Submit")?.topicHash ?? "";
}

/** The submission in a log of the Flow contract, and the root it is of; undefined for another log. */
function submissionIn(
  log: Pick<Log, "topics" | "data" | "blockNumber" | "transactionHash">,
): { readonly root: Hex; readonly tags: Hex; readonly submission: Submission } | undefined {
  if (log.topics[0] !== submitTopic()) return undefined;
  const args = flowInterface().decodeEventLog("Submit", log.data, log.topics);
  const { size, tags, nodes } = args["submission"] as {
    size: bigint;
    tags: Hex;
    nodes: { root: Hex; height: bigint }[];
  };
  return {
    root: rootOfNodes(nodes.map(({ root, height }) => ({ root, height: Number(height) }))),
    tags,
    submission: {
      txSeq: Number(args["submissionIndex"]),
      size: Number(size),
      submitter: checksum(args["sender"] as string),
      blockNumber: log.blockNumber,
      transactionHash: log.transactionHash as Hex,
    },
  };
}

/** The submission of `root` that a transaction made. */
export function submissionOf(
  { network }: Pick<ReadContext, "network">,
  root: Hex,
  receipt: TransactionReceipt,
): Submission {
  for (const log of receipt.logs) {
    if (checksum(log.address) !== network.contracts.storageFlow) continue;
    const found = submissionIn(log);
    if (found?.root === root) return found.submission;
  }
  throw new Error(`transaction ${receipt.hash} submitted nothing of root ${root}`);
}

/** A submission, what it is of, and what its sender wrote beside it. */
export interface TaggedSubmission extends Submission {
  readonly root: Hex;
  readonly tags: Hex;
}

/**
 * Everything that these accounts submitted since a block, oldest first. Reads the Submit events of the Flow contract.
 * @throws {RpcUnreachableError}
 */
export async function findSubmissionsBy(
  ctx: ReadContext,
  submitters: readonly Address[],
  fromBlock: number,
): Promise<readonly TaggedSubmission[]> {
  const senders = submitters.map((submitter) => zeroPadValue(submitter, 32));
  const filter = { address: ctx.network.contracts.storageFlow, topics: [submitTopic(), senders] };
  const logs = await readLogs(ctx, "Looking for submissions", filter, fromBlock);
  return logs.flatMap((log) => {
    const found = submissionIn(log);
    return found === undefined ? [] : [{ ...found.submission, root: found.root, tags: found.tags }];
  });
}

export interface FoundSubmissions {
  /** Oldest first, whatever sizes they name. */
  readonly submissions: readonly Submission[];
  /** Whether the whole chain was searched. */
  readonly whole: boolean;
}

/**
 * The submissions of a file that the chain holds. Where the RPC node refuses to search the whole of it, only its last
 * {@link SEARCHED_BLOCKS} blocks count.
 * @throws {RpcUnreachableError}
 */
export async function findSubmissions(ctx: ReadContext, nodes: readonly SubmissionNode[]): Promise<FoundSubmissions> {
  const what = "Looking for the submission";
  const filter = { address: ctx.network.contracts.storageFlow, topics: [submitTopic(), null, identityOf(nodes)] };
  const found = (logs: readonly Log[], whole: boolean) => {
    return { submissions: logs.flatMap((log) => submissionIn(log)?.submission ?? []), whole };
  };
  try {
    const range = { fromBlock: 0, toBlock: "latest" };
    return found(await chainCall(what, ctx.provider.getLogs({ ...filter, ...range })), true);
  } catch (error) {
    if (!(error instanceof RpcUnreachableError)) throw error;
    const latest = await chainCall("Reading the latest block number", ctx.provider.getBlockNumber());
    const from = Math.max(0, latest - SEARCHED_BLOCKS);
    return found(await readLogs(ctx, what, filter, from), from === 0);
  }
}
