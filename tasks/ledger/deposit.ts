import { deposit, depositDraft, readLedger, readLimits } from "../../lib/compute/ledger.ts";
import { makeBill, type BillRow } from "../../lib/flow/bill.ts";
import { parseAddress } from "../../lib/hex.ts";
import { parseAmount, withUnit } from "../../lib/units.ts";
import type { Answer } from "../support/action.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { approve, billData } from "../support/spend.ts";
import { openWriter, spendingAction, transactionData, transactionLines, transactionRows } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly amount: string;
  readonly for: string | undefined;
}

/** What goes into somebody else's ledger does not come back. */
function given(row: BillRow): BillRow {
  return row.from === "deposit" ? { ...row, from: "gift", note: "theirs: it does not come back to you" } : row;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const amount = parseAmount(required(args.amount, "The amount", "ledger deposit 0.5"));
  const recipient = args.for === undefined ? undefined : parseAddress(args.for, "--for");
  return withConnection(
    hre,
    async (open) => {
      const writer = await openWriter(open, args, io);
      const { ctx } = writer;
      const user = recipient ?? writer.owner;
      const [limits, before] = await Promise.all([readLimits(ctx), readLedger(ctx, user)]);
      const draft = depositDraft(ctx.network, limits, before, amount, recipient);
      const rows = await transactionRows(writer, draft);
      const bill = makeBill(recipient === undefined ? rows : rows.map(given));
      const common = { network: ctx.network.name, mode: ctx.network.mode, user, amount, plan: billData(bill) };
      if (!(await approve(bill, args, writer, io, draft.what))) {
        return { data: { ...common, dryRun: true }, text: ["dry run: nothing was sent"] };
      }
      const { transactions, opened } = await deposit(ctx, amount, recipient);
      const ledger = await readLedger(ctx, user);
      return {
        data: {
          ...common,
          opened,
          ledger,
          transactions: transactions.map((sent) => transactionData(ctx.network, sent)),
        },
        text: [
          `${opened ? "opened the ledger with" : "deposited"} ${withUnit(amount)}${recipient === undefined ? "" : ` for ${recipient}, who alone can take it out`}; ${withUnit(ledger?.available ?? 0n)} available`,
          ...transactionLines(ctx.network, transactions),
        ],
      };
    },
    io,
  );
});
