/**
 * The nodes of one network behind one door. The first that is well is asked; another takes over when it fails, limits,
 * lags behind what was seen already, or serves another chain.
 */

import { keccak256 } from "ethers";

import { AbortedError, EXIT, ZgError } from "../errors.ts";
import type { Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import { pause } from "../pause.ts";
import { WrongChainError } from "./connect.ts";
import { exchange, RpcFailure, type RpcAnswer, type RpcCall } from "./rpc-exchange.ts";

/** Two of the addresses given for one network serve chains with one id and different beginnings. */
export class WrongGenesisError extends ZgError {
  constructor(values: { network: string; host: string; genesis: string; expected: string; first: string }) {
    const { network, host, genesis, expected, first } = values;
    super({
      code: "ZG_WRONG_GENESIS",
      exit: EXIT.precondition,
      message: `${host} serves another chain than ${first}, both as ${network}: block 0 is ${genesis}, not ${expected}`,
      remedy: "Leave the RPC address out that is not of this network (see .env.example).",
      details: values,
    });
  }
}

/** How a node did so far. Its address may carry a key, so that only its host is told. */
export interface RpcHealth {
  readonly host: string;
  readonly state: "unused" | "well" | "failing" | "refused";
  readonly requests: number;
  readonly failures: number;
  readonly latestBlock: number | undefined;
  /** Why it was not used, or failed last. */
  readonly problem: string | undefined;
}

export interface RpcLimits {
  /** Of one exchange, at most. Milliseconds; default 30 000, and 10 000 where another node could answer instead. */
  readonly requestMs: number;
  /** For how long all nodes may limit or lag before a request fails. Milliseconds. */
  readonly patienceMs: number;
}

export interface RpcPoolOptions {
  readonly network: Network;
  /** In the order of preference. */
  readonly urls: readonly string[];
  readonly fetch?: typeof fetch;
  /** Milliseconds. */
  readonly clock?: () => number;
  readonly sleep?: typeof pause;
  readonly limits?: Partial<RpcLimits>;
}

const LIMITS: RpcLimits = { requestMs: 30_000, patienceMs: 20_000 };
/** Of one exchange where another node could answer instead. */
const WITH_OTHERS_MS = 10_000;
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;
/** What is known of a node's latest block holds for so long. */
const HEAD_MS = 2_000;
const BEHIND_RETRY_MS = 250;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 5_000;

/** What may be asked twice: all else a node may have done before its answer was lost. */
const REPEATABLE = /^(?:eth|net|web3|debug|txpool)_/;
const BROADCAST = "eth_sendRawTransaction";

interface Node {
  readonly url: string;
  readonly host: string;
  requests: number;
  failures: number;
  /** Failures since it last answered. */
  inARow: number;
  restsUntil: number;
  /** One request at a time finds out whether a node that rested is well again. */
  onTrial: boolean;
  checked: Promise<void> | undefined;
  refusal: ZgError | undefined;
  head: number | undefined;
  headAt: number;
  problem: string | undefined;
}

export class RpcPool {
  readonly #network: Network;
  readonly #nodes: readonly Node[];
  readonly #ask: typeof fetch;
  readonly #clock: () => number;
  readonly #sleep: typeof pause;
  readonly #limits: RpcLimits;
  readonly #closed = new AbortController();
  #genesis: { readonly hash: string; readonly host: string } | undefined;
  /** The highest block that any answer named. */
  #highest = 0;

  constructor({ network, urls, fetch: ask = fetch, clock = Date.now, sleep = pause, limits = {} }: RpcPoolOptions) {
    this.#network = network;
    this.#ask = ask;
    this.#clock = clock;
    this.#sleep = sleep;
    const longest = urls.length > 1 ? WITH_OTHERS_MS : LIMITS.requestMs;
    const { requestMs = longest, patienceMs = LIMITS.patienceMs } = limits;
    this.#limits = { requestMs: Math.min(requestMs, longest), patienceMs };
    this.#nodes = urls.map((url) => ({
      ...{ url, host: new URL(url).host, requests: 0, failures: 0, inARow: 0, restsUntil: 0, onTrial: false },
      ...{ checked: undefined, refusal: undefined, head: undefined, headAt: 0, problem: undefined },
    }));
  }

  /** How each node did, in the order of preference. */
  health(): readonly RpcHealth[] {
    return this.#nodes.map(({ host, requests, failures, inARow, refusal, head, problem }) => ({
      ...{ host, requests, failures, latestBlock: head, problem: refusal?.message ?? problem },
      state: refusal !== undefined ? "refused" : inARow > 0 ? "failing" : requests === 0 ? "unused" : "well",
    }));
  }

  /** Asks each node for its latest block, so that {@link health} says something of all. */
  async probe(): Promise<void> {
    await Promise.all(
      this.#nodes.map(async (node) =>
        this.#attempt(node, async () => this.#readHead(node)).catch((error: unknown) => {
          if (!(error instanceof RpcFailure || error instanceof ZgError)) throw error;
        }),
      ),
    );
  }

  /** Ends what is under way. */
  close(): void {
    this.#closed.abort(new AbortedError(`Asking the nodes of ${this.#network.name}`));
  }

  /**
   * Makes a call at the first node that answers it.
   * @throws {RpcFailure} when none does. {@link WrongChainError} {@link WrongGenesisError} when none may be asked.
   */
  async request(call: RpcCall): Promise<RpcAnswer> {
    const started = this.#clock();
    /** Whether a node may have taken a transaction without saying so. */
    let maybeTaken = false;
    for (let round = 0; ; round++) {
      const failures: { node: Node; failure: RpcFailure }[] = [];
      for (const node of this.#inOrder()) {
        try {
          return await this.#attempt(node, async () => this.#answerOf(node, call, maybeTaken));
        } catch (error) {
          if (error instanceof WrongChainError || error instanceof WrongGenesisError) continue;
          if (!(error instanceof RpcFailure)) throw error;
          failures.push({ node, failure: error });
          const mayHaveActed = error.kind === "silent" || error.kind === "garbled";
          maybeTaken ||= mayHaveActed;
          if (mayHaveActed && !REPEATABLE.test(call.method)) throw this.#none(failures);
        }
      }
      if (failures.length === 0)
        throw this.#nodes.find(({ refusal }) => refusal !== undefined)?.refusal ?? this.#none([]);
      const waitMs = waitOf(
        failures.map(({ failure }) => failure),
        round,
      );
      if (waitMs === undefined || this.#clock() - started + waitMs > this.#limits.patienceMs) {
        throw this.#none(failures, maybeTaken);
      }
      await this.#sleep(waitMs, this.#closed.signal, `Asking the nodes of ${this.#network.name}`);
    }
  }

  /** Those that are well, as preferred; then those that rest, as soon as they end: better than nobody. */
  #inOrder(): readonly Node[] {
    const now = this.#clock();
    const usable = this.#nodes.filter(({ refusal }) => refusal === undefined);
    const rests = (node: Node) => node.restsUntil > now || node.onTrial;
    const resting = usable.filter(rests).toSorted((one, other) => one.restsUntil - other.restsUntil);
    return [...usable.filter((node) => !rests(node)), ...resting];
  }

  async #attempt<T>(node: Node, work: () => Promise<T>): Promise<T> {
    const tries = node.inARow > 0 && !node.onTrial;
    if (tries) node.onTrial = true;
    try {
      await this.#check(node);
      const answer = await work();
      node.inARow = 0;
      node.restsUntil = 0;
      node.problem = undefined;
      return answer;
    } catch (error) {
      if (error instanceof RpcFailure) this.#note(node, error);
      throw error;
    } finally {
      if (tries) node.onTrial = false;
    }
  }

  #note(node: Node, failure: RpcFailure): void {
    node.problem = failure.message;
    if (failure.kind === "behind") return; // it is well, and catches up
    node.failures += 1;
    node.inARow += 1;
    const rest = Math.min(FIRST_REST_MS * 2 ** (node.inARow - 1), LONGEST_REST_MS);
    node.restsUntil = this.#clock() + Math.min(failure.retryAfterMs ?? rest, LONGEST_REST_MS);
  }

  async #exchange(node: Node, call: RpcCall): Promise<RpcAnswer> {
    node.requests += 1;
    return exchange(this.#ask, node.url, call, { timeoutMs: this.#limits.requestMs, stop: this.#closed.signal });
  }

  /** Before its first use: that it serves the chain of its network, and the same one as the others. */
  async #check(node: Node): Promise<void> {
    if (node.refusal !== undefined) throw node.refusal;
    node.checked ??= this.#assertChain(node);
    try {
      await node.checked;
    } catch (error) {
      if (error instanceof RpcFailure) node.checked = undefined;
      else if (error instanceof ZgError && !(error instanceof AbortedError)) node.refusal = error;
      throw error;
    }
  }

  async #assertChain(node: Node): Promise<void> {
    const chainId = quantity(await this.#exchange(node, { method: "eth_chainId", params: [] }));
    if (chainId !== this.#network.chainId) {
      throw new WrongChainError(this.#network, BigInt(chainId), this.#nodes.length > 1 ? node.host : undefined);
    }
    if (this.#nodes.length === 1) return;
    const { result } = await this.#exchange(node, { method: "eth_getBlockByNumber", params: ["0x0", false] });
    const { hash } = (result ?? {}) as { hash?: unknown };
    if (typeof hash !== "string") return; // it keeps no old blocks
    this.#genesis ??= { hash, host: node.host };
    const { hash: expected, host: first } = this.#genesis;
    if (hash === expected) return;
    throw new WrongGenesisError({ network: this.#network.name, host: node.host, genesis: hash, expected, first });
  }

  async #answerOf(node: Node, call: RpcCall, maybeTaken: boolean): Promise<RpcAnswer> {
    if (call.method === BROADCAST) return this.#broadcast(node, call, maybeTaken);
    await this.#assertAbreast(node, call);
    const answer = await this.#exchange(node, call);
    this.#learn(node, call, answer);
    return answer;
  }

  /** The same bytes can be given to any number of nodes; one that has them says no to them. */
  async #broadcast(node: Node, call: RpcCall, maybeTaken: boolean): Promise<RpcAnswer> {
    const answer = await this.#exchange(node, call);
    const [raw] = call.params;
    if (answer.error === undefined || !maybeTaken || typeof raw !== "string") return answer;
    const hash = keccak256(raw) as Hex;
    const known = await this.#exchange(node, { method: "eth_getTransactionByHash", params: [hash] });
    if (known.result !== null && known.result !== undefined) return { result: hash };
    // Another node may have it: this "no" does not mean that nobody took it.
    throw new RpcFailure("silent", `it said no (${answer.error.message}) after another may have taken it`);
  }

  /** Reads go to no node that has not heard yet of what was seen: what it shows would seem undone. */
  async #assertAbreast(node: Node, { method }: RpcCall): Promise<void> {
    if (this.#nodes.length === 1 || this.#network.confirmations === 0 || method === "eth_chainId") return;
    const { head: known = -1, headAt } = node;
    const isFresh = known >= this.#highest && this.#clock() - headAt < HEAD_MS;
    const head = isFresh ? known : await this.#readHead(node);
    if (head >= this.#highest) return;
    throw new RpcFailure("behind", `it is at block ${head}, and block ${this.#highest} was seen`, {
      retryAfterMs: BEHIND_RETRY_MS,
    });
  }

  async #readHead(node: Node): Promise<number> {
    const head = quantity(await this.#exchange(node, { method: "eth_blockNumber", params: [] }));
    this.#saw(node, head);
    return head;
  }

  #learn(node: Node, { method, params }: RpcCall, { result }: RpcAnswer): void {
    if (method === "eth_blockNumber" && isQuantity(result)) this.#saw(node, Number(result));
    if (typeof result !== "object" || result === null) return;
    const { number, blockNumber } = result as { number?: unknown; blockNumber?: unknown };
    if (method === "eth_getBlockByNumber" && params[0] === "latest" && isQuantity(number))
      this.#saw(node, Number(number));
    if (method === "eth_getTransactionReceipt" && isQuantity(blockNumber)) {
      this.#highest = Math.max(this.#highest, Number(blockNumber));
    }
  }

  #saw(node: Node, head: number): void {
    node.head = head;
    node.headAt = this.#clock();
    this.#highest = Math.max(this.#highest, head);
  }

  #none(failures: readonly { node: Node; failure: RpcFailure }[], maybeTaken = false): RpcFailure {
    const reasons = failures.map(({ node, failure }) => `${node.host}: ${failure.message}`).join("; ");
    const last = failures.at(-1)?.failure;
    const kinds = new Set(failures.map(({ failure }) => failure.kind));
    kinds.delete("absent");
    const limited = kinds.delete("limited");
    const notTaken = !maybeTaken && kinds.size === 0;
    return new RpcFailure(!notTaken ? "silent" : limited ? "limited" : "absent", reasons, { cause: last });
  }
}

/** How long to wait when nobody answered, if that may help: some only limit, or lag. */
function waitOf(failures: readonly RpcFailure[], round: number): number | undefined {
  const passing = failures.filter(({ kind }) => kind === "limited" || kind === "behind");
  if (passing.length === 0) return undefined;
  const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** round, LONGEST_BACKOFF_MS);
  return Math.min(...passing.map(({ retryAfterMs = backoff }) => retryAfterMs));
}

function isQuantity(value: unknown): value is Hex {
  return typeof value === "string" && /^0x[0-9a-f]+$/i.test(value);
}

function quantity({ result, error }: RpcAnswer): number {
  if (isQuantity(result)) return Number(result);
  throw new RpcFailure("garbled", error === undefined ? "it answered no number" : `it said no: ${error.message}`);
}
