import {
  parseServiceKind,
  readSubAccount,
  readTransferState,
  transfer,
  transferDraft,
} from "../../lib/compute/ledger.ts";
import { resolveProvider } from "../support/providers.ts";
import { makeBill } from "../../lib/flow/bill.ts";
import { parseAmount, withUnit } from "../../lib/units.ts";
import type { Answer } from "../support/action.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { approve, billData } from "../support/spend.ts";
import { openWriter, spendingAction, transactionData, transactionLines, transactionRows } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly provider: string;
  readonly amount: string;
  readonly service: string;
}

const EXAMPLE = "ledger transfer <provider> 1.1";

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const named = required(args.provider, "The provider", EXAMPLE);
  const amount = parseAmount(required(args.amount, "The amount", EXAMPLE));
  const service = parseServiceKind(args.service);
  return withConnection(
    hre,
    async (open) => {
      const provider = await resolveProvider(open, named, service);
      const writer = await openWriter(open, args, io);
      const { ctx, owner } = writer;
      const state = await readTransferState(ctx, owner, provider, service);
      const { fromRefund, fromAvailable, ...draft } = transferDraft(ctx.network, state, {
        user: owner,
        provider,
        amount,
      });
      const bill = makeBill([
        { what: draft.what, amount: fromAvailable, from: "transfer", note: "ledger to sub-account, refundable" },
        ...(await transactionRows(writer, draft)),
      ]);
      if (fromRefund > 0n) io.log(`note: ${withUnit(fromRefund)} comes out of a pending refund, which this cancels`);
      const common = {
        network: ctx.network.name,
        mode: ctx.network.mode,
        user: owner,
        provider,
        service,
        amount,
        plan: billData(bill),
      };
      if (!(await approve(bill, args, writer, io, draft.what))) {
        return { data: { ...common, dryRun: true }, text: ["dry run: nothing was sent"] };
      }
      const { transactions, opened } = await transfer(ctx, { provider, amount, service });
      const subAccount = await readSubAccount(ctx, owner, provider, service);
      return {
        data: {
          ...common,
          opened,
          fromRefund,
          fromAvailable,
          subAccount,
          transactions: transactions.map((sent) => transactionData(ctx.network, sent)),
        },
        text: [
          `transferred ${withUnit(amount)} to ${provider}; ${withUnit(subAccount?.spendable ?? 0n)} spendable there`,
          ...transactionLines(ctx.network, transactions),
        ],
      };
    },
    io,
  );
});
