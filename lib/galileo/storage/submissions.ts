/** What was submitted to the Flow, as the chain says it now: a submission whose block is gone never was. */

import type { LogDescription } from "ethers";

import { checksum, type Address, type Hex } from "../../hex.ts";
import { rootOfNodes, type SubmissionNode } from "../../storage/merkle.ts";
import { quantity, type Eip1193 } from "../rpc.ts";
import { FLOW } from "./flow.ts";

export interface Submission {
  /** The index in the Flow, which 0G calls transaction sequence. */
  readonly seq: number;
  /** Of the file; follows from the nodes. */
  readonly root: Hex;
  /** Bytes. */
  readonly size: number;
  /** The sector where it begins. */
  readonly startEntry: number;
  /** The complete trees its padded chunks fall into. */
  readonly nodes: readonly SubmissionNode[];
  readonly submitter: Address;
  readonly transactionHash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
}

interface Block {
  readonly number: number;
  readonly hash: Hex;
}

interface RawLog {
  readonly topics: Hex[];
  readonly data: Hex;
  readonly transactionHash: Hex;
  readonly blockNumber: Hex;
  readonly blockHash: Hex;
}

const SUBMIT = FLOW.getEvent("Submit")?.topicHash;

/**
 * Follows the Flow's `Submit` events when it is asked, so that nothing runs while nobody asks. A chain that was taken
 * back (`evm_revert`, a snapshot, a reorganisation) is followed too.
 */
export class Submissions {
  readonly #rpc: Eip1193;
  readonly #flow: Address;
  readonly #fromBlock: number;
  readonly #known: Submission[] = [];
  #tip: Block | undefined;
  #next: number;
  #syncing: Promise<void> = Promise.resolve();
  #forget: ((gone: Submission) => void)[] = [];

  /** @param fromBlock the first block that may hold a submission; on a fork, its own first. */
  constructor(rpc: Eip1193, flow: Address, fromBlock: number) {
    this.#rpc = rpc;
    this.#flow = flow;
    this.#fromBlock = fromBlock;
    this.#next = fromBlock;
  }

  /** In the order of the Flow. */
  get all(): readonly Submission[] {
    return this.#known;
  }

  get tip(): Block | undefined {
    return this.#tip;
  }

  /** Calls `listener` for every submission that turns out to be gone, after it left {@link all}. */
  onForget(listener: (gone: Submission) => void): void {
    this.#forget.push(listener);
  }

  offForget(listener: (gone: Submission) => void): void {
    this.#forget = this.#forget.filter((other) => other !== listener);
  }

  /** Catches up with the chain as it is now. */
  async sync(): Promise<void> {
    const turn = this.#syncing.then(async () => this.#advance());
    // A failure is its caller's; the next one tries anew.
    this.#syncing = turn.catch(() => undefined);
    return turn;
  }

  async #advance(): Promise<void> {
    const tip = await this.#block("latest");
    const last = this.#tip;
    if (tip.hash === last?.hash) return;
    if (last !== undefined && (tip.number < last.number || !(await this.#stands(last)))) await this.#rewind(tip);
    if (this.#next <= tip.number) this.#known.push(...(await this.#read(this.#next, tip.number)));
    this.#tip = tip;
    this.#next = tip.number + 1;
  }

  /** Back to the last submission whose block still stands: all before it do, too. */
  async #rewind(tip: Block): Promise<void> {
    const gone: Submission[] = [];
    let last = this.#known.at(-1);
    while (last !== undefined) {
      const { blockNumber: number, blockHash: hash } = last;
      if (number <= tip.number && (await this.#stands({ number, hash }))) break;
      this.#known.pop();
      gone.push(last);
      last = this.#known.at(-1);
    }
    this.#next = last === undefined ? this.#fromBlock : last.blockNumber + 1;
    for (const submission of gone) for (const listener of this.#forget) listener(submission);
  }

  async #stands({ number, hash }: Block): Promise<boolean> {
    return (await this.#block(quantity(number))).hash === hash;
  }

  async #block(which: "latest" | Hex): Promise<Block> {
    const request = { method: "eth_getBlockByNumber", params: [which, false] };
    const { number, hash } = (await this.#rpc.request(request)) as { number: Hex; hash: Hex };
    return { number: Number(number), hash };
  }

  async #read(from: number, to: number): Promise<Submission[]> {
    const filter = { address: this.#flow, topics: [SUBMIT], fromBlock: quantity(from), toBlock: quantity(to) };
    const logs = (await this.#rpc.request({ method: "eth_getLogs", params: [filter] })) as RawLog[];
    return logs.flatMap((log) => {
      const event = FLOW.parseLog(log);
      return event === null ? [] : [submissionIn(log, event)];
    });
  }
}

type SubmitArguments = [
  sender: string,
  identity: Hex,
  submissionIndex: bigint,
  startPos: bigint,
  length: bigint,
  submission: [size: bigint, tags: Hex, nodes: [root: Hex, height: bigint][]],
];

function submissionIn(log: RawLog, { args }: LogDescription): Submission {
  const [sender, , seq, startEntry, , [size, , nodes]] = args as unknown as SubmitArguments;
  const subtrees = nodes.map(([root, height]) => ({ root, height: Number(height) }));
  return {
    seq: Number(seq),
    // The chain holds no file root, only what it is over.
    root: rootOfNodes(subtrees),
    size: Number(size),
    startEntry: Number(startEntry),
    nodes: subtrees,
    submitter: checksum(sender),
    transactionHash: log.transactionHash,
    blockNumber: Number(log.blockNumber),
    blockHash: log.blockHash,
  };
}
