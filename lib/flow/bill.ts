/** What a command is about to spend, at worst, row by row. Shown before anything is sent. */

import { MaxSpendExceededError, PlanExceededError } from "../chain/spending.ts";

export interface BillRow {
  readonly what: string;
  /** Neuron, at worst. */
  readonly amount: bigint;
  /**
   * Where it leaves: `wallet` pays gas; `storage` goes from the wallet to 0G Storage, `gift` into somebody else's ledger,
   * both for good; `deposit` goes from wallet to ledger; `transfer` from ledger to a provider's sub-account; `fee` from a
   * sub-account to the provider.
   */
  readonly from: "wallet" | "storage" | "gift" | "deposit" | "transfer" | "fee";
  readonly note: string;
}

export interface Bill {
  readonly rows: readonly BillRow[];
  /** Neuron the wallet must hold: gas, values and deposits. */
  readonly walletTotal: bigint;
  /** Neuron of it that is gas, at the maximum fee. */
  readonly gas: bigint;
  /** Neuron that leaves wallet and ledger together, each counted once: what `--max-spend` caps. */
  readonly exposure: bigint;
  /** Neuron of the exposure that can be retrieved and withdrawn again. */
  readonly refundable: bigint;
  /** Neuron that earlier commands of the same run add to its exposure. Absent: none. */
  readonly before?: bigint;
}

function sum(rows: readonly BillRow[], from: BillRow["from"]): bigint {
  return rows.filter((row) => row.from === from).reduce((total, row) => total + row.amount, 0n);
}

function excess(amount: bigint, covered: bigint): bigint {
  return amount > covered ? amount - covered : 0n;
}

/**
 * Adds a bill up. Money moves wallet → ledger → sub-account → provider; a transfer counts only as far as this bill's
 * deposits do not already cover it, and a fee only as far as its transfers do not.
 */
export function makeBill(rows: readonly BillRow[]): Bill {
  const gas = sum(rows, "wallet");
  const wallet = gas + sum(rows, "storage") + sum(rows, "gift");
  const deposits = sum(rows, "deposit");
  const transfers = sum(rows, "transfer");
  const fees = sum(rows, "fee");
  const moved = deposits + excess(transfers, deposits);
  const exposure = wallet + moved + excess(fees, transfers);
  return { rows, walletTotal: wallet + deposits, gas, exposure, refundable: excess(moved, fees) };
}

/**
 * Asserts that a bill stays under the user's cap.
 * @throws {MaxSpendExceededError} before anything is sent.
 */
export function assertWithin(bill: Bill, cap: bigint | undefined, what: string): void {
  const { exposure, before = 0n } = bill;
  // What is planned comes to nothing more when a run only looks whether it is done.
  if (cap !== undefined && exposure > 0n && before + exposure > cap) {
    throw new MaxSpendExceededError({ what, cap, needed: before + exposure, spent: before });
  }
}

/** A bill with what earlier commands of the same run moved: money they moved on counts once, as within one bill. */
export function withBefore(bill: Bill, earlier: readonly BillRow[]): Bill {
  const before = makeBill([...earlier, ...bill.rows]).exposure - bill.exposure;
  return before === 0n ? bill : { ...bill, before };
}

/**
 * Asserts that a step moves no more than the plan said of moves of its kind. What a step needs is worked out again when
 * its turn comes, partly from what the provider says, which must not be able to add to what was agreed to.
 * @throws {PlanExceededError} before anything is sent.
 */
export function assertPlanned(plan: Bill | undefined, from: BillRow["from"], needed: bigint, what: string): void {
  if (plan === undefined) return;
  const planned = sum(plan.rows, from);
  if (needed > planned) throw new PlanExceededError({ what, needed, planned });
}
