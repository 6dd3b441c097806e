/** One transaction on its way: what is signed with its nonce, at the first price and at better ones. */

import type { BaseWallet, Signer } from "ethers";

import type { Address, Hex } from "../hex.ts";
import { ZgError } from "../errors.ts";
import { withUnit } from "../units.ts";
import type { Reservation, WriteContext } from "./context.ts";
import { bumpedFees, currentFees, rawRpc, type Fees } from "./fees.ts";
import type { Watched } from "./inclusion.ts";
import type { NonceStream } from "./nonces.ts";
import { TransactionRefusedError } from "./outcomes.ts";
import { asChainError, chainCall, revertDataOf, RpcUnreachableError } from "./revert.ts";
import { LIMITED } from "./rpc-exchange.ts";
import { signLocally } from "./sign-locally.ts";
import { MaxSpendExceededError, PlanExceededError } from "./spending.ts";

/** What is signed, but for nonce and price. */
export interface Unpriced {
  readonly type: 2;
  readonly chainId: number;
  readonly to: Address | null;
  readonly data: Hex;
  readonly value: bigint;
  readonly gasLimit: bigint;
}

export interface OutgoingParts {
  readonly what: string;
  readonly from: Address;
  readonly request: Unpriced;
  readonly fees: Fees;
  readonly nonces: NonceStream;
  readonly reservation: Reservation | undefined;
}

/** How much dearer than the first price a replacement may be where nobody set a limit: a node can name any price. */
const DEAREST = 4n;

function isLocal(signer: Signer): signer is BaseWallet {
  return "signingKey" in signer;
}

export class Outgoing implements Watched {
  readonly what: string;
  readonly from: Address;
  readonly nonce: number;
  readonly replace?: () => Promise<void>;
  readonly again: () => Promise<boolean>;
  readonly #ctx: WriteContext;
  readonly #parts: OutgoingParts;
  readonly #hashes: Hex[] = [];
  #fees: Fees;
  #mayBeSent = false;
  /** The newest that was given to a node; a remote signer keeps it to itself. */
  #raw: string | undefined;

  constructor(ctx: WriteContext, parts: OutgoingParts, nonce: number) {
    this.#ctx = ctx;
    this.#parts = parts;
    this.what = parts.what;
    this.from = parts.from;
    this.nonce = nonce;
    this.#fees = parts.fees;
    if (!isLocal(ctx.signer)) {
      this.again = async () => Promise.resolve(true); // its signer may hold it where no node shows it
      return;
    }
    this.again = async () => this.#again();
    this.replace = async () => this.#replace();
  }

  /** Whether a remote signer may have sent it, although {@link send} failed. */
  get mayBeSent(): boolean {
    return this.#mayBeSent;
  }

  hashes(): readonly Hex[] {
    return this.#hashes;
  }

  /**
   * Signs, records and broadcasts. To be called in its nonce's turn.
   * @throws {TransactionRefusedError} {@link ContractRevertError} when a node did not take it: then no node has it.
   * @throws {RpcUnreachableError} when none was there to take it.
   */
  async send(fees: Fees = this.#fees): Promise<void> {
    const { signer } = this.#ctx;
    const request = { ...this.#parts.request, ...fees, nonce: this.nonce };
    if (isLocal(signer)) await this.#sendSigned(signLocally(signer, request));
    else await this.#sendRemotely(request);
    this.#fees = fees;
  }

  /** A remote signer signs and sends in one step, so that its hash can only be recorded after. */
  async #sendRemotely(request: Parameters<Signer["sendTransaction"]>[0]): Promise<void> {
    this.#mayBeSent = true;
    const sending = chainCall(`To ${this.what}`, this.#ctx.signer.sendTransaction(request));
    const { hash } = await sending.catch((error: unknown) => {
      this.#mayBeSent = error instanceof RpcUnreachableError && !wasRefused(error);
      throw error;
    });
    this.#hashes.push(hash as Hex);
    this.#parts.nonces.sent(this.#ctx, this.nonce, { hash: hash as Hex });
    await this.#record(hash as Hex);
  }

  async #sendSigned({ raw, hash }: ReturnType<typeof signLocally>): Promise<void> {
    const { provider } = this.#ctx;
    const { nonces } = this.#parts;
    await this.#record(hash);
    nonces.sent(this.#ctx, this.nonce, { hash, again: async () => this.#again() });
    this.#hashes.push(hash);
    const before = this.#raw;
    this.#raw = raw;
    try {
      // Not `broadcastTransaction`, which takes what was just made apart again, for longer than a node takes to include it.
      await rawRpc(provider, "eth_sendRawTransaction", [raw]);
    } catch (error) {
      // Without a "no" from the node nobody knows whether it took the transaction: a second one might pay twice.
      if (!wasRefused(error) || (await this.#mayBeKnown(hash))) return;
      nonces.refused(this.#ctx, this.nonce, hash);
      this.#hashes.pop();
      this.#raw = before;
      throw this.#refusal(hash, error);
    }
  }

  async #record(hash: Hex): Promise<void> {
    const { what, nonce, from } = this;
    await this.#ctx.onSigned?.({ what, hash, nonce, from });
  }

  /** A node that takes a transaction, or has it, may still answer with an error. */
  async #mayBeKnown(hash: Hex): Promise<boolean> {
    return (await this.#ctx.provider.getTransaction(hash).catch(() => null)) !== null;
  }

  #refusal(hash: Hex, error: unknown): ZgError {
    const { what, nonce } = this;
    if (revertDataOf(error) !== undefined) return asChainError(`To ${what}`, error);
    const refusal = refusalOf(error);
    if (refusal?.by !== "a node") return new RpcUnreachableError(`To ${what}`, error); // nobody was there
    return new TransactionRefusedError({ what, hash, nonce, reason: refusal.reason }, error);
  }

  /** Gives the same bytes to a node again, which can pay only once. Says whether it took them, or had them. */
  async #again(): Promise<boolean> {
    if (this.#raw === undefined) return false;
    try {
      await rawRpc(this.#ctx.provider, "eth_sendRawTransaction", [this.#raw]);
      return true;
    } catch (error) {
      return !wasRefused(error);
    }
  }

  /** Sends the same for a better price, unless that is more than was agreed to; then what was sent goes on waiting. */
  async #replace(): Promise<void> {
    const { reservation, request, fees: first, nonces } = this.#parts;
    const { log, gasPrice } = this.#ctx;
    try {
      const fees = bumpedFees(this.#fees, await currentFees(this.#ctx));
      const ceiling = gasPrice ?? DEAREST * first.maxFeePerGas;
      if (fees.maxFeePerGas > ceiling) {
        log?.(`${this.what}: waits on; a better price would be above ${ceiling} neuron a unit of gas`);
        return;
      }
      const held = request.value + request.gasLimit * this.#fees.maxFeePerGas;
      reservation?.resize(request.value + request.gasLimit * fees.maxFeePerGas);
      try {
        await nonces.hold(this.#ctx, this.what, async () => this.send(fees));
      } catch (error) {
        reservation?.resize(held);
        throw error;
      }
      const extra = withUnit(request.gasLimit * (fees.maxFeePerGas - first.maxFeePerGas));
      log?.(`${this.what}: not in a block yet; sent again for up to ${extra} more, as ${this.#hashes.at(-1)}`);
    } catch (error) {
      // Whatever keeps the better price from being sent, the one before may still land.
      if (!(error instanceof ZgError) || error.code === "ZG_ABORTED") throw error;
      const agreed = error instanceof MaxSpendExceededError || error instanceof PlanExceededError;
      log?.(`${this.what}: waits on${agreed ? "; a better price is more than was agreed to" : `: ${error.message}`}`);
    }
  }
}

/** Hardhat's code for whatever went wrong on the way to the node or back. */
const NO_ANSWER = -1;
const NOBODY_THERE = new Set(["ECONNREFUSED", "ENOTFOUND"]);

/** Whether somebody said no to a request: then nobody has taken it. */
type Refusal =
  { readonly by: "a node"; readonly reason: string } | { readonly by: "nobody" } | { readonly by: "unknown" };

/**
 * What became of a request, by what ethers, Hardhat or a node wrapped around it. The outermost word counts: below "no
 * answer" may lie a number that is no node's, such as that of a time-out.
 */
function refusalOf(error: unknown, depth = 0): Refusal | undefined {
  if (typeof error !== "object" || error === null || depth > 6) return undefined;
  const { code, message, error: inner, info, cause } = error as Record<string, unknown>;
  if (code === NO_ANSWER || error instanceof DOMException) return { by: "unknown" };
  if (NOBODY_THERE.has(String(code))) return { by: "nobody" };
  if (code === LIMITED || typeof code === "number") {
    return { by: "a node", reason: String(message).split("\n", 1)[0]?.slice(0, 300) ?? "" };
  }
  for (const nested of [inner, info, cause]) {
    const found = refusalOf(nested, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a node said no, or none was there to take it. */
export function wasRefused(error: unknown): boolean {
  const refusal = refusalOf(error);
  return refusal !== undefined && refusal.by !== "unknown";
}
