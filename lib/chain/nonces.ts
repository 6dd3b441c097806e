/**
 * One order of nonces for each key and chain in this process, whoever sends and over whichever provider object.
 *
 * The node's count decides. What was sent from here matters only where the node counts less than that: it lags, or it
 * forgot a transaction, which is then given to it again.
 */

import { pause, untilAborted } from "../pause.ts";
import type { Address, Hex } from "../hex.ts";
import { chainIdentity } from "./connect.ts";
import type { WriteContext } from "./context.ts";
import { nextNonce } from "./fees.ts";
import type { LastSigned } from "./nonce-file.ts";
import { chainCall } from "./revert.ts";

/** A transaction that was given to a node, and whose end is not known. */
export interface InFlight {
  /** Of what was sent with this nonce, the newest last: a replacement has a hash of its own. */
  readonly hashes: readonly Hex[];
  /** Gives the newest to the node again; absent when nobody waits for it any more, so that its nonce is free. */
  readonly again?: () => Promise<unknown>;
}

type NonceContext = Pick<WriteContext, "network" | "provider" | "signal" | "sharedNonces" | "time">;

const streams = new Map<string, NonceStream>();

/** The stream of a key on the chain that `ctx` is connected to. */
export async function nonceStream(ctx: Pick<NonceContext, "network" | "provider">, key: Address): Promise<NonceStream> {
  const chain = await chainIdentity(ctx);
  const name = `${chain} ${key}`;
  const known = streams.get(name);
  if (known !== undefined) return known;
  const stream = new NonceStream(chain, key);
  streams.set(name, stream);
  return stream;
}

/** How long a node of a live network may take to hear of a transaction that another node has. */
const LAG_MS = 5_000;
const LAG_POLL_MS = 250;

/** Hands out a key's nonces, one turn after the other. */
export class NonceStream {
  readonly #chain: string;
  readonly #key: Address;
  readonly #inFlight = new Map<number, InFlight>();
  /** The highest that is in a block. */
  #landed: Omit<LastSigned, "chain"> | undefined;
  /** What the processes shared before the newest was sent. */
  #sharedBefore: LastSigned | undefined;
  #lastTurn: Promise<void> = Promise.resolve();

  constructor(chain: string, key: Address) {
    this.#chain = chain;
    this.#key = key;
  }

  /**
   * Runs `send` with the next nonce when nobody else signs with the key, here or in another process. Only what `send`
   * reports by {@link sent} takes the nonce; else the next turn gets the same.
   * @throws {AbortedError} while waiting for the turn. {@link LockHeldError} {@link RpcUnreachableError}
   */
  async turn<T>(ctx: NonceContext, what: string, send: (nonce: number) => Promise<T>): Promise<T> {
    return this.hold(ctx, what, async () => send(await this.#next(ctx)));
  }

  /** Runs `work` when nobody else signs with the key: for what takes no new nonce. */
  async hold<T>(ctx: NonceContext, what: string, work: () => Promise<T>): Promise<T> {
    const before = this.#lastTurn;
    let end: (() => void) | undefined;
    this.#lastTurn = new Promise((resolve) => {
      end = resolve;
    });
    try {
      await untilAborted(before, ctx.signal, `Waiting to ${what}`);
      return await (ctx.sharedNonces?.exclusively(`sign with ${this.#key}, to ${what}`, work) ?? work());
    } finally {
      // Whoever gave up waiting leaves the turns before it in order.
      void before.then(end);
    }
  }

  /** Says that a transaction with this nonce is signed, and goes to a node now. To be called in its turn. */
  sent(ctx: NonceContext, nonce: number, { hash, again }: { hash: Hex; again?: () => Promise<unknown> }): void {
    const hashes = [...(this.#inFlight.get(nonce)?.hashes ?? []), hash];
    this.#inFlight.set(nonce, { hashes, ...(again === undefined ? {} : { again }) });
    this.#sharedBefore = ctx.sharedNonces?.read();
    const isLater = this.#sharedBefore?.chain === this.#chain && this.#sharedBefore.nonce > nonce;
    if (!isLater) ctx.sharedNonces?.write({ chain: this.#chain, nonce, hash });
  }

  /** Says that no node holds this transaction, so that the next turn gets its nonce unless an earlier one has it. To be called in its turn. */
  refused(ctx: NonceContext, nonce: number, hash: Hex): void {
    const { hashes = [], again } = this.#inFlight.get(nonce) ?? {};
    const earlier = hashes.filter((other) => other !== hash);
    if (earlier.length === 0) this.#inFlight.delete(nonce);
    else this.#inFlight.set(nonce, { hashes: earlier, ...(again === undefined ? {} : { again }) });
    if (ctx.sharedNonces?.read()?.hash === hash) ctx.sharedNonces.write(this.#sharedBefore);
  }

  /** Says that a transaction with this nonce is in a block. */
  landed(nonce: number, hash: Hex): void {
    this.#inFlight.delete(nonce);
    if (this.#landed === undefined || this.#landed.nonce < nonce) this.#landed = { nonce, hash };
  }

  /** Says that nobody waits for the transaction any more: as long as a node holds it, its nonce stays taken. */
  abandoned(nonce: number): void {
    const { hashes } = this.#inFlight.get(nonce) ?? { hashes: [] };
    if (hashes.length > 0) this.#inFlight.set(nonce, { hashes });
  }

  async #next(ctx: NonceContext): Promise<number> {
    let next = await this.#count(ctx);
    for (const nonce of this.#inFlight.keys()) if (nonce < next && this.#isOver(nonce)) this.#inFlight.delete(nonce);
    for (let sent = this.#inFlight.get(next); sent !== undefined; sent = this.#inFlight.get(next)) {
      if (!(await this.#isHeld(ctx, sent))) return next;
      next += 1;
    }
    const last = this.#lastKnown(ctx);
    if (last === undefined || last.nonce < next) return next;
    // Sent with this key, and this node does not count it: a node of many may lag; one that is alone forgot.
    for (let waited = 0; ; waited += LAG_POLL_MS) {
      if (await isKnown(ctx, last.hash)) return last.nonce + 1;
      if (waited >= (ctx.network.confirmations === 0 ? 0 : LAG_MS)) return next;
      await (ctx.time?.sleep ?? pause)(LAG_POLL_MS, ctx.signal, `Waiting for the nonce of ${this.#key}`);
      const counted = await this.#count(ctx);
      if (counted > last.nonce) return counted;
    }
  }

  /** Nobody waits for it, and the chain is past it. */
  #isOver(nonce: number): boolean {
    return this.#inFlight.get(nonce)?.again === undefined;
  }

  async #count({ provider }: NonceContext): Promise<number> {
    return chainCall(`Reading the nonce of ${this.#key}`, nextNonce(provider, this.#key));
  }

  #lastKnown(ctx: NonceContext): Omit<LastSigned, "chain"> | undefined {
    const shared = ctx.sharedNonces?.read();
    if (shared?.chain !== this.#chain) return this.#landed;
    return this.#landed !== undefined && this.#landed.nonce > shared.nonce ? this.#landed : shared;
  }

  /** Whether the node holds a transaction of this nonce, given to it again if need be. */
  async #isHeld(ctx: NonceContext, { hashes, again }: InFlight): Promise<boolean> {
    const held = async () => {
      for (const hash of hashes.toReversed()) if (await isKnown(ctx, hash)) return true;
      return false;
    };
    if (await held()) return true;
    if (again === undefined) return false;
    await again();
    return held();
  }
}

async function isKnown({ provider }: NonceContext, hash: Hex): Promise<boolean> {
  return (await chainCall(`Looking for ${hash}`, provider.getTransaction(hash))) !== null;
}
