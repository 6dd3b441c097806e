/** Every way a guard says no. The Why and How of each code is in docs/errors.md. */

import { DomainError, EXIT } from "../errors.ts";
import type { Address } from "../hex.ts";
import { format0g, withUnit } from "../units.ts";

/** What a cap counts over. */
export type CapKind = "day" | "provider";

/** An expense does not fit under a cap. Nothing was sent for it, and nothing of it stays set aside. */
export class BudgetExceededError extends DomainError {
  constructor(values: {
    readonly cap: CapKind;
    readonly limit: bigint;
    readonly what: string;
    readonly worst: bigint;
    /** What the cap counts already, and what of it may turn out to be less. */
    readonly spent: bigint;
    readonly reserved: bigint;
    /** UTC day, or provider. */
    readonly of: string;
  }) {
    const { cap, limit, what, worst, spent, reserved, of } = values;
    const total = spent + reserved + worst;
    const whose = cap === "day" ? `what is spent on ${of} (UTC)` : `what provider ${of} was paid`;
    super(
      "ZG_BUDGET",
      EXIT.precondition,
      `To ${what} could bring ${whose} to ${withUnit(total)}, above --${cap}-cap ${withUnit(limit)} ` +
        `(${withUnit(spent)} spent, ${withUnit(reserved)} set aside for what is under way or was never settled)`,
      cap === "day"
        ? `Wait for the next day (UTC), or allow it with --day-cap ${format0g(total)} (ZG_DAY_CAP).`
        : `Use another provider (npx hardhat provider list), or allow it with --provider-cap ${format0g(total)} (ZG_PROVIDER_CAP).`,
      values,
    );
  }
}

/** The book of what was spent cannot be read. It is left as it is, and nothing is spent. */
export class BudgetBookError extends DomainError {
  constructor(values: { readonly file: string; readonly problem: string }, cause?: unknown) {
    super(
      "ZG_BUDGET_BOOK",
      EXIT.precondition,
      `${values.file}, which counts what was spent, ${values.problem}`,
      "Restore the file, or move it away: then what was spent before counts for nothing.",
      values,
      cause,
    );
  }
}

/** A service costs more than the user allows. */
export class PriceCeilingError extends DomainError {
  constructor(values: {
    readonly provider: Address;
    readonly model: string;
    /** Neuron per million tokens in and out. */
    readonly price: bigint;
    readonly ceiling: bigint;
  }) {
    const { provider, model, price, ceiling } = values;
    super(
      "ZG_PRICE_CEILING",
      EXIT.precondition,
      `${model} at ${provider} costs ${withUnit(price)} per million tokens in and out, above the price ceiling of ${withUnit(ceiling)}`,
      `Choose another (npx hardhat provider list), or allow it with --max-price ${format0g(price)} (ZG_MAX_PRICE).`,
      values,
    );
  }
}

/** What the chain lists of a service is no longer what the plan was made with. Nothing was asked. */
export class TermsChangedError extends DomainError {
  constructor(values: {
    readonly provider: Address;
    readonly field: string;
    readonly planned: string;
    readonly now: string;
  }) {
    const { provider, field, planned, now } = values;
    super(
      "ZG_TERMS_CHANGED",
      EXIT.precondition,
      `The ${field} of provider ${provider} was ${planned} when the plan was made, and is ${now} now; nothing was asked`,
      "Look at it (npx hardhat provider show), then start another run, whose plan is made with it. What is funded stays.",
      values,
    );
  }
}
