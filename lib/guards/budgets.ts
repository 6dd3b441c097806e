/** Caps on what is spent for good, over all runs and processes of a network: gas, storage and answers. Neuron. */

import { randomUUID } from "node:crypto";

import type { Address } from "../hex.ts";
import { utcDay, type Book, type Reserved, type Sum, type Tally } from "./book.ts";
import { BudgetExceededError, type CapKind } from "./errors.ts";

/** Absent: no cap. */
export interface Caps {
  /** All that is spent in one UTC day. */
  readonly day?: bigint;
  /** All that one provider was ever paid, as the book has it. */
  readonly provider?: bigint;
}

/** What is about to be spent. A deposit or a transfer is none: it stays the user's. */
export interface Expense {
  readonly run: string;
  /** For errors: `ask local/model`. */
  readonly what: string;
  /** Whom it pays. Absent: gas and storage, which count for the day alone. */
  readonly provider?: Address;
  readonly worst: bigint;
}

/** Money set aside. A process that dies before it settles leaves it counted in full. */
export interface Reservation {
  readonly id: string;
  readonly worst: bigint;
  /** Counts what was really spent instead, which may be more. Only the first settlement of a reservation counts. */
  settle(actual: bigint): Promise<void>;
  /** Nothing was spent. */
  release(): Promise<void>;
}

export class Budgets {
  readonly caps: Caps;
  readonly #book: Book;
  readonly #clock: () => number;

  /** @param clock Unix milliseconds. */
  constructor({ book, caps = {}, clock }: { book: Book; caps?: Caps; clock: () => number }) {
    this.#book = book;
    this.caps = caps;
    this.#clock = clock;
  }

  /**
   * Sets the worst case of an expense aside, on the disk, before it is made.
   * @throws {BudgetExceededError} when it does not fit under a cap; then nothing is set aside. {@link BudgetBookError}
   */
  async reserve(expense: Expense): Promise<Reservation> {
    const { run, what, provider, worst } = expense;
    const id = randomUUID();
    const at = new Date(this.#clock()).toISOString();
    const entry: Reserved = {
      ...{ event: "reserved", id, at, run, what, worst },
      ...(provider === undefined ? {} : { provider }),
    };
    await this.#book.write((tally) => {
      this.#assertFits(tally, expense, utcDay(at));
      return [entry];
    });
    return { id, worst, settle: async (actual) => this.settle(id, actual), release: async () => this.settle(id, 0n) };
  }

  /** Settles a reservation by its id: also one that a process left which is gone. One that is settled stays as it is. */
  async settle(id: string, actual: bigint): Promise<void> {
    await this.#book.write((tally) => (tally.isOpen(id) ? [{ event: "settled", id, actual }] : []));
  }

  /**
   * Asserts that an expense would fit now, and sets nothing aside: for plans.
   * @throws {BudgetExceededError} {@link BudgetBookError}
   */
  assertWouldFit(expenses: readonly Expense[]): void {
    const tally = this.#book.read();
    const day = utcDay(new Date(this.#clock()).toISOString());
    let before = 0n;
    const paid = new Map<Address, bigint>();
    for (const { provider, worst, ...expense } of expenses) {
      before += worst;
      assertUnder("day", this.caps.day, { ...expense, worst: before }, tally.ofDay(day), day);
      if (provider === undefined) continue;
      const toProvider = (paid.get(provider) ?? 0n) + worst;
      paid.set(provider, toProvider);
      const counted = tally.ofProvider(provider);
      assertUnder("provider", this.caps.provider, { ...expense, worst: toProvider }, counted, provider);
    }
  }

  /** What a run has spent so far, by all commands of it. */
  spentBy(run: string): Sum {
    return this.#book.read().ofRun(run);
  }

  /** What a run set aside and never settled, because its process ended. */
  unsettledOf(run: string): readonly Reserved[] {
    return this.#book.read().openOf(run);
  }

  #assertFits(tally: Tally, expense: Expense, day: string): void {
    const { provider } = expense;
    assertUnder("day", this.caps.day, expense, tally.ofDay(day), day);
    if (provider !== undefined) {
      assertUnder("provider", this.caps.provider, expense, tally.ofProvider(provider), provider);
    }
  }
}

function assertUnder(cap: CapKind, limit: bigint | undefined, expense: Expense, counted: Sum, of: string): void {
  if (limit === undefined || counted.spent + counted.reserved + expense.worst <= limit) return;
  const { what, worst } = expense;
  throw new BudgetExceededError({ ...{ cap, limit, what, worst }, ...counted, of });
}
