import { readLedger, readLimits, withdraw, withdrawDraft } from "../../lib/compute/ledger.ts";
import { makeBill } from "../../lib/flow/bill.ts";
import { parseAmount, withUnit } from "../../lib/units.ts";
import type { Answer } from "../support/action.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { approve, billData } from "../support/spend.ts";
import { openWriter, spendingAction, transactionData, transactionLines, transactionRows } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly amount: string;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const text = required(args.amount, "The amount", "ledger withdraw all");
  const amount = text === "all" ? "all" : parseAmount(text);
  return withConnection(
    hre,
    async (open) => {
      const writer = await openWriter(open, args, io);
      const { ctx, owner } = writer;
      const [limits, before] = await Promise.all([readLimits(ctx), readLedger(ctx, owner)]);
      const {
        amount: paid,
        remaining,
        closesLedger,
        ...draft
      } = withdrawDraft(ctx.network, limits, before, { user: owner, amount });
      const bill = makeBill(await transactionRows(writer, draft));
      const common = {
        network: ctx.network.name,
        mode: ctx.network.mode,
        user: owner,
        amount: paid,
        remaining,
        closesLedger,
        plan: billData(bill),
      };
      if (closesLedger)
        io.log("note: nothing is left anywhere, so the contract deletes the ledger and its sub-accounts");
      if (!(await approve(bill, args, writer, io, draft.what))) {
        return { data: { ...common, dryRun: true }, text: ["dry run: nothing was sent"] };
      }
      const { transactions, locked } = await withdraw(ctx, amount);
      return {
        data: { ...common, locked, transactions: transactions.map((sent) => transactionData(ctx.network, sent)) },
        text: [
          `withdrew ${withUnit(paid)} to the wallet; ${withUnit(remaining)} available, ${withUnit(locked)} at providers`,
          ...transactionLines(ctx.network, transactions),
        ],
      };
    },
    io,
  );
});
