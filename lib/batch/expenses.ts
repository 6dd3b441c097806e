/** A batch's part in the budgets of all runs: one reservation a command for answers, and one for gas and storage. */

import type { Bill } from "../flow/bill.ts";
import type { Budgets, Expense, Reservation } from "../guards/budgets.ts";
import type { Address } from "../hex.ts";
import type { BatchQueue } from "./queue.ts";
import type { ItemState } from "./state.ts";

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

/** Settles what a command set aside for answers that was killed: at what its provider can have been paid at most. */
export async function settleLeftovers(budgets: Budgets, run: string, queue: BatchQueue): Promise<void> {
  for (const { id, provider, worst } of budgets.unsettledOf(run)) {
    if (provider === undefined) continue; // gas is counted in full, because nobody here knows
    const paid = await paidTo(queue, provider);
    await budgets.settle(id, paid < worst ? paid : worst);
  }
}

/** Sets expenses aside, works, and settles with what was really spent. @throws {BudgetExceededError} before any work. */
export async function withinBudgets<T>(
  budgets: Budgets | undefined,
  expenses: readonly Expense[],
  work: () => Promise<T>,
  spent: () => Promise<{ readonly answers: bigint; readonly onChain: bigint }>,
): Promise<T> {
  if (budgets === undefined) return work();
  const reserved: (readonly [Expense, Reservation])[] = [];
  try {
    for (const expense of expenses) reserved.push([expense, await budgets.reserve(expense)]);
  } catch (error) {
    for (const [, reservation] of reserved) await reservation.release();
    throw error;
  }
  try {
    return await work();
  } finally {
    const { answers, onChain } = await spent();
    for (const [{ provider }, reservation] of reserved) {
      await reservation.settle(provider === undefined ? onChain : answers);
    }
  }
}
