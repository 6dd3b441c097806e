/** A run's part in the budgets: what it sets aside, and what became of that. */

import { chainCall } from "../chain/revert.ts";
import { rawRpc } from "../chain/fees.ts";
import type { Expense } from "../guards/budgets.ts";
import type { FlowContext, FlowPlan } from "./context.ts";
import { factsOf } from "./journal.ts";
import { feeOfRequest, spentUnder } from "./spent.ts";

/** What a plan spends for good: gas and storage first, then answers. */
export function expensesOf(run: string, { rows, terms }: FlowPlan): readonly Expense[] {
  const sum = (...kinds: (typeof rows)[number]["from"][]) =>
    rows.filter(({ from }) => kinds.includes(from)).reduce((total, { amount }) => total + amount, 0n);
  const fees = sum("fee");
  return [
    { run, what: "pay gas and storage", worst: sum("wallet", "storage", "gift") },
    ...(terms === undefined || fees === 0n
      ? []
      : [{ run, what: `ask ${terms.model}`, provider: terms.provider, worst: fees }]),
  ];
}

/**
 * Settles what commands of the run set aside, as far as the chain and the journal know what became of it. What they do
 * not know stays set aside, in full.
 */
export async function settleReservations(ctx: Pick<FlowContext, "budgets" | "journal" | "read" | "owner" | "id">) {
  const { budgets, journal, read, owner, id } = ctx;
  const open = budgets?.unsettledOf(id) ?? [];
  if (budgets === undefined || open.length === 0) return;
  const counted = await chainCall(
    `Reading the nonce of ${owner}`,
    rawRpc(read.provider, "eth_getTransactionCount", [owner, "latest"]),
  );
  const landed = Number(BigInt(counted as string));
  for (const { id: reservation, provider } of open) {
    const actual =
      provider === undefined ? await spentUnder(read, journal, reservation, landed) : feeUnder(ctx, reservation);
    if (actual !== undefined) await budgets.settle(reservation, actual);
  }
}

/** Undefined while nobody knows whether the request was charged. */
function feeUnder({ journal }: Pick<FlowContext, "journal">, reservation: string): bigint | undefined {
  const asked = factsOf(journal, "asked").find((fact) => fact.reservation === reservation);
  if (asked === undefined) return 0n; // its process ended before it asked
  const { fee, known } = feeOfRequest(journal.facts, asked);
  return known ? fee : undefined;
}
