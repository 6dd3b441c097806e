import { EXIT, ZgError } from "../errors.ts";
import { format0g, withUnit } from "../units.ts";
import type { Spending } from "./context.ts";

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

/** Counts what leaves the wallet, gas included, and refuses what would pass the cap. One per command. */
export class WalletSpending implements Spending {
  readonly #cap: bigint | undefined;
  #agreed: bigint | undefined;
  #spent = 0n;
  /** What transactions whose end is not known may still cost. */
  readonly #reserved = new Map<string, bigint>();

  constructor(cap?: bigint) {
    this.#cap = cap;
  }

  /** Neuron that really left the wallet so far. */
  get spent(): bigint {
    return this.#spent;
  }

  /** Limits the whole command to what its user agreed to, in neuron. */
  agree(limit: bigint): void {
    this.#agreed = limit;
  }

  /** @throws {MaxSpendExceededError} {@link PlanExceededError} */
  reserve(what: string, worst: bigint): void {
    const others = [...this.#reserved].filter(([other]) => other !== what);
    const needed = others.reduce((sum, [, amount]) => sum + amount, this.#spent + worst);
    if (this.#cap !== undefined && needed > this.#cap) {
      throw new MaxSpendExceededError({ what, cap: this.#cap, needed, spent: this.#spent });
    }
    if (this.#agreed !== undefined && needed > this.#agreed) {
      throw new PlanExceededError({ what, needed, planned: this.#agreed });
    }
    this.#reserved.set(what, worst);
  }

  settle(what: string, actual: bigint): void {
    this.#reserved.delete(what);
    this.#spent += actual;
  }
}
