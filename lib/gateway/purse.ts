/** Limits on what is spent, with room set aside for what is under way. All amounts in neuron. */

import type { Spending } from "../chain/context.ts";
import { Reservations } from "../chain/spending.ts";
import { GatewayBudgetError, PROCESS } from "./errors.ts";

/** Where the fees of requests come from. */
export interface FeePurse {
  /** Sets the worst case of a request aside. @throws {GatewayBudgetError} when it does not fit; then nothing is. */
  reserve(worst: bigint): void;
  /** Replaces a reservation by what was really spent, which may be more: a provider bills what it bills. */
  settle(worst: bigint, fee: bigint): void;
}

/** The budget of one client. */
export class ClientPurse implements FeePurse {
  readonly who: string;
  limit: bigint | undefined;
  #spent: bigint;
  #reserved = 0n;

  constructor(who: string, limit: bigint | undefined, spent = 0n) {
    this.who = who;
    this.limit = limit;
    this.#spent = spent;
  }

  get spent(): bigint {
    return this.#spent;
  }

  reserve(worst: bigint): void {
    const { who, limit } = this;
    if (limit !== undefined && this.#spent + this.#reserved + worst > limit) {
      throw new GatewayBudgetError({ who, limit, spent: this.#spent, reserved: this.#reserved, worst });
    }
    this.#reserved += worst;
  }

  settle(worst: bigint, fee: bigint): void {
    this.#reserved -= worst;
    this.#spent += fee;
  }
}

/**
 * What the whole process may spend: gas, and fees or top-ups, whichever is more, because top-ups are what fees are paid
 * from.
 */
export class ProcessPurse implements FeePurse {
  readonly limit: bigint | undefined;
  #fees = 0n;
  #reserved = 0n;
  #topUps = 0n;
  #gas = 0n;
  readonly #gasPending = new Reservations(
    (_what, gas) => {
      this.#assertFits({ gas });
    },
    (actual) => {
      this.#gas += actual;
    },
  );

  constructor(limit: bigint | undefined) {
    this.limit = limit;
  }

  /** All that left wallet, ledger and sub-accounts, each neuron once. */
  get total(): bigint {
    return this.#gas + larger(this.#fees, this.#topUps);
  }

  reserve(worst: bigint): void {
    this.#assertFits({ fee: worst });
    this.#reserved += worst;
  }

  settle(worst: bigint, fee: bigint): void {
    this.#reserved -= worst;
    this.#fees += fee;
  }

  /** Counts a top-up that is about to be sent. @throws {GatewayBudgetError} when it does not fit. */
  topUp(amount: bigint): void {
    this.#assertFits({ topUp: amount });
    this.#topUps += amount;
  }

  /** What transactions leave in the wallet; a top-up carries no value, so this is its gas. */
  readonly wallet: Spending = { reserve: (what, worst) => this.#gasPending.open(what, worst) };

  #assertFits({ fee = 0n, topUp = 0n, gas = 0n }: { fee?: bigint; topUp?: bigint; gas?: bigint }): void {
    if (this.limit === undefined) return;
    const needed =
      this.#gas + this.#gasPending.total + gas + larger(this.#fees + this.#reserved + fee, this.#topUps + topUp);
    if (needed <= this.limit) return;
    const values = { who: PROCESS, limit: this.limit, spent: this.total, reserved: this.#reserved };
    throw new GatewayBudgetError({ ...values, worst: fee + topUp + gas });
  }
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
