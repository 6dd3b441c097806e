/** A batch's part in the budgets of all runs: one reservation a command for answers, and one for gas and storage. */

import type { Bill } from "../flow/bill.ts";
import type { Budgets, Expense, Reservation } from "../guards/budgets.ts";
import type { Address } from "../hex.ts";
import type { BatchPlan, BatchQueue } from "./queue.ts";
import type { ItemState } from "./state.ts";

/** The name that a batch's expenses have in the book: no run has such a one. */
export function bookName({ id }: Pick<BatchPlan, "id">): string {
  return `batch ${id}`;
}

/** What a command will spend for good at worst. A deposit or a transfer stays the user's. */
export function expensesOf(run: string, bill: Bill, provider: Address | undefined): readonly Expense[] {
  const sum = (...from: readonly string[]) =>
    bill.rows.filter((row) => from.includes(row.from)).reduce((total, { amount }) => total + amount, 0n);
  const onChain = { run, what: "mint the batch", worst: sum("wallet", "storage") };
  const answers = {
    run,
    what: "ask the batch's items",
    worst: sum("fee"),
    ...(provider === undefined ? {} : { provider }),
  };
  return [onChain, answers].filter(({ worst }) => worst > 0n);
}

/**
 * Neuron that a provider was paid for the batch, or may have been: lost answers count at their worst.
 * @param apart states of items that are left out.
 */
export async function paidTo(queue: BatchQueue, provider: Address, apart: readonly ItemState[] = []): Promise<bigint> {
  let paid = 0n;
  for await (const { state, provider: asked, fee, worst } of queue.each()) {
    if (asked !== provider || apart.includes(state)) continue;
    paid += BigInt((state === "unknown" || state === "asked" ? worst : fee) ?? 0);
  }
  return paid;
}

/**
 * Settles what a command set aside for answers that was killed: at what its provider can have been paid at most. Only for
 * whoever knows that nobody else works on the batch: what is under way must stay set aside.
 */
export async function settleLeftovers(budgets: Budgets, run: string, queue: BatchQueue): Promise<void> {
  for (const { id, provider, worst } of budgets.unsettledOf(run)) {
    if (provider === undefined) continue; // gas is counted in full, because nobody here knows
    const paid = await paidTo(queue, provider);
    await budgets.settle(id, paid < worst ? paid : worst);
  }
}

/** What a command really spent. Neuron; absent where more may come of it, so that all of it stays set aside. */
export interface Spent {
  readonly answers?: bigint;
  readonly onChain?: bigint;
}

/** Sets expenses aside, works, and settles with what was really spent. @throws {BudgetExceededError} before any work. */
export async function withinBudgets<T>(
  budgets: Budgets | undefined,
  expenses: readonly Expense[],
  work: () => Promise<T>,
  spent: (outcome: T | undefined) => Promise<Spent>,
): Promise<T> {
  if (budgets === undefined) return work();
  const reserved: (readonly [Expense, Reservation])[] = [];
  try {
    for (const expense of expenses) reserved.push([expense, await budgets.reserve(expense)]);
  } catch (error) {
    for (const [, reservation] of reserved) await reservation.release();
    throw error;
  }
  const settle = async (outcome?: T) => {
    const { answers, onChain } = await spent(outcome);
    for (const [{ provider }, reservation] of reserved) {
      const actual = provider === undefined ? onChain : answers;
      if (actual !== undefined) await reservation.settle(actual);
    }
  };
  let outcome: T;
  try {
    outcome = await work();
  } catch (error) {
    // What stopped the batch is what its user must hear; what could not be settled stays set aside.
    await settle().catch(() => undefined);
    throw error;
  }
  await settle(outcome);
  return outcome;
}
