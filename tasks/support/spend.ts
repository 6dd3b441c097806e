/** Plan and cost before anything is spent: shown, capped, and on live networks asked for. */

import { createInterface } from "node:readline/promises";

import type { ReadContext } from "../../lib/chain/context.ts";
import { assertWalletHolds } from "../../lib/chain/send.ts";
import type { WalletSpending } from "../../lib/chain/spending.ts";
import { assertWithin, type Bill } from "../../lib/flow/bill.ts";
import { EXIT, UsageError, ZgError } from "../../lib/errors.ts";
import type { Address } from "../../lib/hex.ts";
import { format0g, parseAmount } from "../../lib/units.ts";
import type { TaskIo } from "./action.ts";
import type { SpendingArguments } from "./arguments.ts";
import { table } from "./table.ts";

/** A live network, and nobody to ask: neither a terminal nor `--yes`. */
export class ConfirmationRequiredError extends ZgError {
  constructor() {
    super({
      code: "ZG_CONFIRM",
      exit: EXIT.usage,
      message: "This command spends real money, and there is no terminal to ask on",
      remedy:
        "Look at the plan with --dry-run, then add --yes (and --max-spend to be sure). For a script, set ZG_SPENDING_CAP.",
    });
  }
}

/** The user said no. */
export class DeclinedError extends ZgError {
  constructor() {
    super({ code: "ZG_DECLINED", exit: EXIT.precondition, message: "Not confirmed", remedy: "Nothing was sent." });
  }
}

/** The bill as lines for people. */
export function billLines(bill: Bill): string[] {
  if (bill.rows.length === 0) return ["nothing to pay"];
  const rows = bill.rows.map((row) => [row.what, format0g(row.amount), row.note]);
  const before = bill.before ?? 0n;
  return table(
    [
      ["", "0G", ""],
      ...rows,
      ...(before === 0n ? [] : [["spent by earlier commands of this run", format0g(before), "counts for --max-spend"]]),
      [
        "total at worst",
        format0g(bill.exposure),
        bill.refundable === 0n ? "" : `${format0g(bill.refundable)} of it refundable`,
      ],
    ],
    ["left", "right", "left"],
  );
}

/** The bill as data. */
export function billData(bill: Bill) {
  const { rows, exposure: total, walletTotal: wallet, refundable, before } = bill;
  return { rows, total, wallet, refundable, ...(before === undefined ? {} : { before }) };
}

/** The cap of `--max-spend`, in neuron. */
export function spendingCap(args: SpendingArguments): bigint | undefined {
  return args.maxSpend === undefined ? undefined : parseAmount(args.maxSpend, "--max-spend");
}

/**
 * The price of `--gas-price`, in neuron a unit. Without a unit it would be 0G, which nobody means.
 * @throws {UsageError}
 */
export function givenGasPrice({ gasPrice }: SpendingArguments): bigint | undefined {
  if (gasPrice === undefined) return undefined;
  if (/(?:gwei|neuron)\s*$/i.test(gasPrice)) return parseAmount(gasPrice, "--gas-price");
  throw new UsageError({
    message: `--gas-price ${JSON.stringify(gasPrice)} has no unit`,
    remedy: "Give gwei or neuron: --gas-price 4gwei.",
    details: { gasPrice },
  });
}

interface Agreeing {
  readonly ctx: Pick<ReadContext, "network" | "provider">;
  readonly owner: Address;
  readonly spending: Pick<WalletSpending, "agree">;
}

/**
 * Shows the bill, holds it against `--max-spend`, and on a live network asks unless `--yes`. From then on no
 * more can leave the wallet than it says, with gas counted twice.
 * @param options `exact`: with gas counted once, because a cap over more than this command holds.
 * @returns whether to go on; false after `--dry-run`.
 * @throws {MaxSpendExceededError} {@link InsufficientWalletBalanceError} {@link ConfirmationRequiredError}
 *   {@link DeclinedError}
 */
export async function approve(
  bill: Bill,
  args: SpendingArguments,
  { ctx, owner, spending }: Agreeing,
  io: TaskIo,
  what: string,
  { exact = false }: { readonly exact?: boolean } = {},
): Promise<boolean> {
  const { network } = ctx;
  for (const line of billLines(bill)) io.log(line);
  assertWithin(bill, spendingCap(args), what);
  if (args.dryRun) return false;
  if (bill.walletTotal > 0n) await assertWalletHolds(ctx, owner, what, bill.walletTotal);
  // Fees may have doubled by the time of sending, but what a node asks for then is not what was agreed to.
  spending.agree(exact ? bill.walletTotal : bill.walletTotal + bill.gas);
  if (network.mode !== "live" || args.yes || bill.exposure === 0n) return true;
  if (!process.stdin.isTTY || io.json) throw new ConfirmationRequiredError();
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`Spend this on ${network.title}? [y/N] `, { signal: io.signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new DeclinedError();
  } finally {
    prompt.close();
  }
  return true;
}
