/**
 * Waits until a nonce is decided. Receipts may lag, vanish or belong to a block that is taken back, so that the state of
 * the account decides what a missing receipt means.
 */

import type { TransactionReceipt } from "ethers";

import type { Address, Hex } from "../hex.ts";
import { pause, untilAborted } from "../pause.ts";
import type { WriteContext } from "./context.ts";
import { rawRpc } from "./fees.ts";
import { ReceiptPendingError, TransactionDroppedError, TransactionReplacedError } from "./outcomes.ts";
import { transactionOfNonce } from "./nonce-search.ts";

/** Clock and sleep, for tests. */
export interface Time {
  /** Milliseconds. */
  now(): number;
  /** @throws {AbortedError} */
  sleep(ms: number, signal: AbortSignal | undefined, what: string): Promise<void>;
}

export type WaitContext = Pick<
  WriteContext,
  "network" | "provider" | "signal" | "receiptTimeout" | "replaceAfter" | "time" | "log"
>;

/** A nonce that something was sent with. */
export interface Watched {
  readonly what: string;
  readonly from: Address;
  readonly nonce: number;
  /** Of all that was sent with the nonce, the newest last. */
  hashes(): readonly Hex[];
  /** Gives the newest to a node again, and says whether it was taken. */
  readonly again?: () => Promise<boolean>;
  /** Sends the same for a better price, if it may. */
  readonly replace?: () => Promise<void>;
}

const RECEIPT_TIMEOUT_MS = 120_000;
/** Long enough for several blocks of 0G's chains: what is in none of them is priced too low. */
const REPLACE_AFTER_MS = 30_000;
const FIRST_POLL_MS = 20;
const SLOWEST_POLL_MS = 2_000;
/** A receipt that is late by less than this is not worth further questions. */
const LATE_MS = 1_000;
/** For how long no node may hold a transaction before it counts as dropped. */
const DROPPED_AFTER_MS = 15_000;

const SYSTEM_TIME: Time = { now: Date.now, sleep: pause };

/**
 * Polls until one of the transactions of a nonce has a receipt in a block that stays.
 * @throws {TransactionReplacedError} when another took the nonce.
 * @throws {TransactionDroppedError} when no node holds it, nor takes it again.
 * @throws {ReceiptPendingError} when nothing is known in time. {@link AbortedError}
 */
export async function awaitInclusion(ctx: WaitContext, watched: Watched): Promise<TransactionReceipt> {
  return new Wait(ctx, watched).run();
}

type Seen = ConstructorParameters<typeof ReceiptPendingError>[0]["seen"];

class Wait {
  readonly #ctx: WaitContext;
  readonly #watched: Watched;
  readonly #time: Time;
  /** When it was last given to a node for its present price. */
  #priced: number;
  #missingSince: number | undefined;
  #seen: Seen = "no answer";

  constructor(ctx: WaitContext, watched: Watched) {
    this.#ctx = ctx;
    this.#watched = watched;
    this.#time = ctx.time ?? SYSTEM_TIME;
    this.#priced = this.#time.now();
  }

  async run(): Promise<TransactionReceipt> {
    const { what, from, nonce } = this.#watched;
    const timeout = this.#ctx.receiptTimeout ?? RECEIPT_TIMEOUT_MS;
    const started = this.#time.now();
    for (let delay = FIRST_POLL_MS; ; delay = Math.min(delay * 1.5, SLOWEST_POLL_MS)) {
      const receipt = await untilAborted(this.#receipt(), this.#ctx.signal, `Waiting to ${what}`);
      const stands = receipt === undefined ? "no" : await this.#stands(receipt);
      if (receipt !== undefined && stands === "yes") return receipt;
      const waitedMs = this.#time.now() - started;
      if (stands === "no" && waitedMs >= Math.min(LATE_MS, timeout)) await this.#look();
      if (waitedMs >= timeout) {
        const hashes = this.#watched.hashes();
        throw new ReceiptPendingError({ what, from, nonce, hashes, waitedMs, seen: this.#seen });
      }
      await this.#time.sleep(delay, this.#ctx.signal, `Waiting to ${what}`);
    }
  }

  /** A node that fails once or lags behind is asked again until the time is over. */
  async #receipt(): Promise<TransactionReceipt | undefined> {
    for (const hash of this.#watched.hashes().toReversed()) {
      const receipt = await this.#ctx.provider.getTransactionReceipt(hash).catch(() => null);
      if (receipt !== null) return receipt;
    }
    return undefined;
  }

  /** Whether the block of a receipt is still the chain's, with as many on top as the network asks for. */
  async #stands(receipt: TransactionReceipt): Promise<"yes" | "not yet" | "no"> {
    const { network, provider, log } = this.#ctx;
    if (network.confirmations === 0) return "yes";
    this.#seen = "not confirmed";
    const deep = await this.#isDeep(receipt.blockNumber);
    const block = await provider.getBlock(receipt.blockNumber).catch(() => undefined);
    if (block === undefined) return "not yet";
    if (block?.hash === receipt.blockHash) return deep ? "yes" : "not yet";
    log?.(`${this.#watched.what}: block ${receipt.blockNumber} was taken back; looking again`);
    return "no";
  }

  async #isDeep(block: number): Promise<boolean> {
    const latest = await this.#ctx.provider.getBlockNumber().catch(() => undefined);
    return latest !== undefined && latest >= block + this.#ctx.network.confirmations;
  }

  /** What the account says where no receipt is: the nonce is used, or free with or without a transaction waiting. */
  async #look(): Promise<void> {
    const used = await this.#isUsed();
    if (used === undefined) {
      this.#seen = "no answer";
    } else if (used) {
      this.#seen = "nonce used";
      await this.#assertOurs();
    } else if (await this.#isHeld()) {
      this.#seen = "waiting";
      this.#missingSince = undefined;
      await this.#reprice();
    } else if ((await this.#watched.again?.()) === true) {
      this.#seen = "waiting";
      this.#missingSince = undefined;
    } else {
      const now = this.#time.now();
      this.#missingSince ??= now;
      await this.#reprice();
      if (now - this.#missingSince >= DROPPED_AFTER_MS) {
        const { what, from, nonce } = this.#watched;
        throw new TransactionDroppedError({ what, from, nonce, hashes: this.#watched.hashes() });
      }
    }
  }

  async #isUsed(): Promise<boolean | undefined> {
    const { from, nonce } = this.#watched;
    const count = rawRpc(this.#ctx.provider, "eth_getTransactionCount", [from, "latest"]);
    return count.then((answer) => Number(answer) > nonce).catch(() => undefined);
  }

  /** Whether a node knows one of them, in its pool or in a block. An outage says nothing, so that it counts as yes. */
  async #isHeld(): Promise<boolean> {
    for (const hash of this.#watched.hashes().toReversed()) {
      const found = await this.#ctx.provider.getTransaction(hash).catch(() => undefined);
      if (found !== null) return true;
    }
    return false;
  }

  async #assertOurs(): Promise<void> {
    const { what, from, nonce } = this.#watched;
    const found = await transactionOfNonce(this.#ctx.provider, from, nonce).catch(() => undefined);
    const hashes = this.#watched.hashes();
    if (found === undefined || hashes.includes(found.hash)) return; // only its receipt lags
    if (!(await this.#isDeep(found.block))) return;
    throw new TransactionReplacedError({ what, from, nonce, hashes, replacedBy: found.hash, block: found.block });
  }

  async #reprice(): Promise<void> {
    const now = this.#time.now();
    if (now - this.#priced < (this.#ctx.replaceAfter ?? REPLACE_AFTER_MS)) return;
    this.#priced = now;
    await this.#watched.replace?.();
  }
}
