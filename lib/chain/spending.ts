import { EXIT, ZgError } from "../errors.ts";
import { format0g, withUnit } from "../units.ts";
import type { Reservation, Spending } from "./context.ts";

/** Sending would take more out of the wallet or the ledger than `--max-spend` allows. Nothing was sent. */
export class MaxSpendExceededError extends ZgError {
  constructor(values: { what: string; cap: bigint; needed: bigint; spent: bigint }) {
    const { what, cap, needed, spent } = values;
    const already = spent === 0n ? "" : ` (${withUnit(spent)} of it already spent)`;
    super({
      code: "ZG_MAX_SPEND",
      exit: EXIT.precondition,
      message: `To ${what} could bring the total to ${withUnit(needed)}${already}, above --max-spend ${withUnit(cap)}`,
      remedy: `Allow it with --max-spend ${format0g(needed)}, or leave it.`,
      details: values,
    });
  }
}

/** More is needed than the plan said, because a provider or the chain changed since. Nothing was sent for it. */
export class PlanExceededError extends ZgError {
  constructor(values: { what: string; needed: bigint; planned: bigint }) {
    const { what, needed, planned } = values;
    super({
      code: "ZG_PLAN_EXCEEDED",
      exit: EXIT.precondition,
      message: `To ${what} now takes ${withUnit(needed)}, but the plan said at most ${withUnit(planned)}`,
      remedy:
        "What the provider or the chain says changed after the plan. Run the command again and look at its new plan.",
      details: values,
    });
  }
}

/** What open reservations hold: each has a handle of its own, so that two for the same purpose are two. */
export class Reservations {
  readonly #open = new Map<Reservation, bigint>();
  readonly #assertFits: (what: string, more: bigint) => void;
  readonly #spend: (actual: bigint) => void;

  /**
   * @param assertFits throws when `more` neuron do not fit beside what is held.
   * @param spend is told what a reservation ended with.
   */
  constructor(assertFits: (what: string, more: bigint) => void, spend: (actual: bigint) => void) {
    this.#assertFits = assertFits;
    this.#spend = spend;
  }

  /** Neuron that transactions whose end is not known may still take. */
  get total(): bigint {
    return [...this.#open.values()].reduce((sum, amount) => sum + amount, 0n);
  }

  open(what: string, worst: bigint): Reservation {
    this.#assertFits(what, worst);
    const reservation: Reservation = {
      resize: (amount) => {
        const held = this.#open.get(reservation);
        if (held === undefined) return;
        this.#assertFits(what, amount - held);
        this.#open.set(reservation, amount);
      },
      settle: (actual) => {
        if (this.#open.delete(reservation)) this.#spend(actual);
      },
    };
    this.#open.set(reservation, worst);
    return reservation;
  }
}

/** Counts what leaves the wallet, gas included, and refuses what would pass the cap. One per command. */
export class WalletSpending implements Spending {
  readonly #cap: bigint | undefined;
  #agreed: bigint | undefined;
  #spent = 0n;
  readonly #reservations: Reservations;

  constructor(cap?: bigint) {
    this.#cap = cap;
    this.#reservations = new Reservations(
      (what, more) => {
        this.#assertFits(what, more);
      },
      (actual) => {
        this.#spent += actual;
      },
    );
  }

  /** Neuron that really left the wallet so far. */
  get spent(): bigint {
    return this.#spent;
  }

  /** Neuron that transactions whose end is not known may still take. */
  get reserved(): bigint {
    return this.#reservations.total;
  }

  /** Limits the whole command to what its user agreed to, in neuron. */
  agree(limit: bigint): void {
    this.#agreed = limit;
  }

  /** @throws {MaxSpendExceededError} {@link PlanExceededError} */
  reserve(what: string, worst: bigint): Reservation {
    return this.#reservations.open(what, worst);
  }

  #assertFits(what: string, more: bigint): void {
    const needed = this.#spent + this.reserved + more;
    if (this.#cap !== undefined && needed > this.#cap) {
      throw new MaxSpendExceededError({ what, cap: this.#cap, needed, spent: this.#spent });
    }
    if (this.#agreed !== undefined && needed > this.#agreed) {
      throw new PlanExceededError({ what, needed, planned: this.#agreed });
    }
  }
}
