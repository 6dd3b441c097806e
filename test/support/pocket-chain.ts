/**
 * A chain of one contractless world in memory, with a pool, blocks on demand, and every mishap a test asks for: what EDR
 * cannot do, because it includes at once, forgets nothing and never takes a block back.
 */

import { JsonRpcApiProvider, keccak256, Network, Transaction, toUtf8Bytes, type JsonRpcPayload } from "ethers";

import type { Hex } from "../../lib/hex.ts";

/** What a node keeps of a transaction, worked out once: ethers recovers the sender at every look. */
export interface Taken {
  readonly hash: Hex;
  readonly from: Hex;
  readonly to: Hex | null;
  readonly nonce: number;
  readonly value: bigint;
  readonly data: string;
  readonly gasLimit: bigint;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  readonly signature: { readonly r: string; readonly s: string; readonly yParity: number };
}

interface Block {
  readonly number: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly transactions: readonly Taken[];
}

/** A node's "no", with the code go-ethereum gives it. */
class Refusal extends Error {
  readonly code: number;
  constructor(message: string, code = -32000) {
    super(message);
    this.code = code;
  }
}

/** Answers with an error instead. */
export function refuse(message: string, code?: number): never {
  throw new Refusal(message, code);
}

const hex = (value: bigint | number): Hex => `0x${value.toString(16)}`;
const GAS_USED = 21_000n;
const BASE_FEE = 7n;

let chains = 0;

export class PocketChain {
  readonly chainId: number;
  /** Whether what is taken is in a block at once. */
  includesAtOnce = true;
  /** What the nodes add to a hash, so that a block made again is another. */
  #salt = 0;
  readonly #balances = new Map<string, bigint>();
  readonly #pool: Taken[] = [];
  readonly #replaced: Taken[] = [];
  readonly #blocks: Block[] = [];
  /** Every method asked for, in order. */
  readonly asked: string[] = [];
  /** Called before a request is answered: throws to refuse it, answers something to answer for the chain. */
  intercept: (method: string, params: readonly unknown[]) => unknown = () => undefined;
  /** Whether transactions fail on chain. */
  reverts = false;

  constructor(chainId = 16602) {
    this.chainId = chainId;
    this.mine();
  }

  fund(address: string, neuron: bigint): void {
    this.#balances.set(address.toLowerCase(), neuron);
  }

  balanceOf(address: string): bigint {
    return this.#balances.get(address.toLowerCase()) ?? 0n;
  }

  get height(): number {
    return this.#blocks.length - 1;
  }

  /** What waits to be included, oldest first. */
  get pool(): readonly Taken[] {
    return this.#pool;
  }

  /** What is in blocks, oldest first. */
  get included(): readonly Taken[] {
    return this.#blocks.flatMap(({ transactions }) => transactions);
  }

  /** Makes a block of everything in the pool whose turn it is. */
  mine(): Block {
    const transactions: Taken[] = [];
    for (;;) {
      const next = this.#pool.findIndex((each) => each.nonce === this.#count(each.from) + ofSender(transactions, each));
      if (next < 0) break;
      transactions.push(...this.#pool.splice(next, 1));
    }
    const number = this.#blocks.length;
    const parentHash = this.#blocks.at(-1)?.hash ?? hash(`nothing ${(chains += 1)}`);
    const block = { number, hash: hash(`${this.chainId} ${parentHash} ${this.#salt}`), parentHash, transactions };
    for (const each of transactions) this.#pay(each, 1n);
    this.#blocks.push(block);
    return block;
  }

  /** Puts a transaction that was replaced in the place of what replaced it: a validator had not heard of that. */
  refill(transaction: string): void {
    const old = this.#replaced.find(({ hash: each }) => each === transaction);
    const at = this.#pool.findIndex(({ from, nonce }) => from === old?.from && nonce === old.nonce);
    if (old !== undefined && at >= 0) this.#pool.splice(at, 1, old);
  }

  /** Loses a transaction that is not in a block. */
  forget(transaction: string): void {
    const at = this.#pool.findIndex((each) => each.hash === transaction);
    if (at >= 0) this.#pool.splice(at, 1);
  }

  /** Takes the last blocks back; what was in them is in the pool again, or nowhere. */
  takeBack(blocks: number, and: "keep" | "forget"): void {
    this.#salt += 1;
    for (const { transactions } of this.#blocks.splice(-blocks)) {
      for (const each of transactions) this.#pay(each, -1n);
      if (and === "keep") this.#pool.push(...transactions);
    }
  }

  #pay(each: Taken, sign: bigint): void {
    const fee = GAS_USED * priceOf(each);
    const value = this.reverts ? 0n : each.value;
    this.fund(each.from, this.balanceOf(each.from) - sign * (value + fee));
    if (each.to !== null) this.fund(each.to, this.balanceOf(each.to) + sign * value);
  }

  #count(address: string, height = this.height): number {
    const upTo = this.#blocks.slice(0, height + 1).flatMap(({ transactions }) => transactions);
    return ofSender(upTo, { from: address });
  }

  request(method: string, params: readonly unknown[]): unknown {
    this.asked.push(method);
    const own = this.intercept(method, params);
    if (own !== undefined) return own;
    const [first, second] = params;
    switch (method) {
      case "eth_chainId":
        return hex(this.chainId);
      case "eth_blockNumber":
        return hex(this.height);
      case "eth_maxPriorityFeePerGas":
        return hex(1n);
      case "eth_estimateGas":
        return hex(GAS_USED);
      case "eth_call":
        return "0x";
      case "eth_getBalance":
        return hex(this.balanceOf(first as string));
      case "eth_getTransactionCount":
        return hex(this.#nonceOf(first as string, second as string));
      case "eth_getBlockByNumber":
        return this.#blockAnswer(this.#blocks.at(blockIndex(first as string)), second === true);
      case "eth_getBlockByHash":
        return this.#blockAnswer(
          this.#blocks.find((block) => block.hash === first),
          second === true,
        );
      case "eth_getTransactionByHash":
        return this.#transactionAnswer(first as string);
      case "eth_getTransactionReceipt":
        return this.#receiptAnswer(first as string);
      case "eth_sendRawTransaction":
        return this.#take(taken(first as string));
      default:
        throw new Refusal(`the method ${method} does not exist`, -32601);
    }
  }

  #nonceOf(address: string, tag: string): number {
    if (tag.startsWith("0x")) return this.#count(address, Number(tag));
    let count = this.#count(address);
    if (tag !== "pending") return count;
    const same = (each: Taken) => each.from.toLowerCase() === address.toLowerCase() && each.nonce === count;
    while (this.#pool.some(same)) count += 1;
    return count;
  }

  #take(transaction: Taken): string {
    const { hash: own, from, nonce } = transaction;
    if (this.#pool.some((each) => each.hash === own)) throw new Refusal("already known");
    if (nonce < this.#count(from)) throw new Refusal("nonce too low");
    const cost = transaction.value + transaction.gasLimit * transaction.maxFeePerGas;
    if (this.balanceOf(from) < cost) throw new Refusal("insufficient funds for gas * price + value");
    const rival = this.#pool.findIndex((each) => each.from === from && each.nonce === nonce);
    if (rival >= 0) {
      const old = this.#pool[rival]!;
      const enough = (now: bigint, before: bigint) => now * 10n >= before * 11n;
      const tips = enough(transaction.maxPriorityFeePerGas, old.maxPriorityFeePerGas);
      if (!tips || !enough(transaction.maxFeePerGas, old.maxFeePerGas)) {
        throw new Refusal("replacement transaction underpriced");
      }
      this.#replaced.push(...this.#pool.splice(rival, 1));
    }
    this.#pool.push(transaction);
    if (this.includesAtOnce) this.mine();
    return own;
  }

  #blockAnswer(block: Block | undefined, whole: boolean): unknown {
    if (block === undefined) return null;
    return {
      ...{ number: hex(block.number), hash: block.hash, parentHash: block.parentHash, timestamp: hex(block.number) },
      ...{ baseFeePerGas: hex(BASE_FEE), gasLimit: hex(30_000_000n), gasUsed: hex(0n), difficulty: hex(0n) },
      ...{ nonce: "0x0000000000000000", miner: `0x${"00".repeat(20)}`, extraData: "0x" },
      transactions: block.transactions.map((each) => (whole ? this.#transactionAnswer(each.hash) : each.hash)),
    };
  }

  #blockOf(transaction: string): Block | undefined {
    return this.#blocks.find(({ transactions }) => transactions.some((each) => each.hash === transaction));
  }

  #transactionAnswer(wanted: string): unknown {
    const block = this.#blockOf(wanted);
    const found = [...this.#pool, ...this.included].find((each) => each.hash === wanted);
    if (found === undefined) return null;
    const { from, to, nonce, value, data, gasLimit, maxFeePerGas, maxPriorityFeePerGas, signature } = found;
    return {
      ...{ hash: wanted, from, to, nonce: hex(nonce), value: hex(value), input: data, gas: hex(gasLimit), type: "0x2" },
      ...{
        maxFeePerGas: hex(maxFeePerGas),
        maxPriorityFeePerGas: hex(maxPriorityFeePerGas),
        chainId: hex(this.chainId),
      },
      ...{
        r: signature.r,
        s: signature.s,
        v: hex(signature.yParity),
        yParity: hex(signature.yParity),
        accessList: [],
      },
      ...{ blockHash: block?.hash ?? null, blockNumber: block === undefined ? null : hex(block.number) },
      transactionIndex: block === undefined ? null : hex(block.transactions.indexOf(found)),
    };
  }

  #receiptAnswer(wanted: string): unknown {
    const block = this.#blockOf(wanted);
    const index = block?.transactions.findIndex((each) => each.hash === wanted) ?? -1;
    if (block === undefined || index < 0) return null;
    const each = block.transactions[index]!;
    return {
      ...{
        transactionHash: wanted,
        transactionIndex: hex(index),
        blockHash: block.hash,
        blockNumber: hex(block.number),
      },
      ...{ from: each.from, to: each.to, contractAddress: null, type: "0x2", status: hex(this.reverts ? 0n : 1n) },
      ...{ gasUsed: hex(GAS_USED), cumulativeGasUsed: hex(GAS_USED), effectiveGasPrice: hex(priceOf(each)) },
      ...{ logs: [], logsBloom: `0x${"00".repeat(256)}` },
    };
  }
}

function taken(raw: string): Taken {
  const read = Transaction.from(raw);
  const { nonce, value, data, gasLimit, maxFeePerGas, maxPriorityFeePerGas, signature } = read;
  return {
    ...{ hash: read.hash as Hex, from: read.from as Hex, to: read.to as Hex | null, nonce, value, data, gasLimit },
    ...{ maxFeePerGas: maxFeePerGas!, maxPriorityFeePerGas: maxPriorityFeePerGas!, signature: signature! },
  };
}

function hash(text: string): Hex {
  return keccak256(toUtf8Bytes(text)) as Hex;
}

function priceOf({ maxFeePerGas, maxPriorityFeePerGas }: Taken): bigint {
  const wanted = BASE_FEE + maxPriorityFeePerGas;
  return wanted < maxFeePerGas ? wanted : maxFeePerGas;
}

function ofSender(transactions: readonly Taken[], { from }: { from: string }): number {
  return transactions.filter((each) => each.from.toLowerCase() === from.toLowerCase()).length;
}

function blockIndex(tag: string): number {
  return tag.startsWith("0x") ? Number(tag) : -1;
}

/** A node of the chain, for ethers. */
export class PocketNode extends JsonRpcApiProvider {
  readonly #chain: Pick<PocketChain, "request">;

  constructor(chain: PocketChain, request: PocketChain["request"] = (method, params) => chain.request(method, params)) {
    super(chain.chainId, { staticNetwork: Network.from(chain.chainId), cacheTimeout: -1, batchMaxCount: 1 });
    this.#chain = { request };
    this._start();
  }

  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]) {
    const calls = Array.isArray(payload) ? payload : [payload];
    return Promise.resolve(
      calls.map(({ id, method, params }) => {
        try {
          return { id, result: this.#chain.request(method, params as unknown[]) };
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          return { id, error: { code: error.code, message: error.message } };
        }
      }),
    );
  }
}
