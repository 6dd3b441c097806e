import { acknowledge, acknowledgeDraft, isAcknowledged } from "../../lib/compute/acknowledge.ts";
import { resolveService } from "../../lib/compute/providers.ts";
import { makeBill } from "../../lib/flow/bill.ts";
import type { Answer } from "../support/action.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { approve, billData } from "../support/spend.ts";
import { openWriter, spendingAction, transactionData, transactionLines, transactionRows } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly provider: string;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const named = required(args.provider, "The provider", "provider acknowledge <address or model>");
  return withConnection(
    hre,
    async (open) => {
      const { provider, expectedSigner } = await resolveService(open.read, named);
      const writer = await openWriter(open, args, io);
      const { ctx, owner } = writer;
      const done = await isAcknowledged(ctx, owner, provider);
      const draft = acknowledgeDraft(ctx.network, provider);
      const bill = makeBill(done ? [] : await transactionRows(writer, draft));
      const common = {
        network: ctx.network.name,
        mode: ctx.network.mode,
        user: owner,
        provider,
        signer: expectedSigner ?? null,
        plan: billData(bill),
      };
      if (!(await approve(bill, args, writer, io, draft.what))) {
        return { data: { ...common, dryRun: true }, text: ["dry run: nothing was sent"] };
      }
      const { changed, transactions } = await acknowledge(ctx, provider);
      return {
        data: { ...common, changed, transactions: transactions.map((sent) => transactionData(ctx.network, sent)) },
        text: [
          changed ? `acknowledged ${provider}` : `${provider} is acknowledged already; nothing was sent`,
          ...transactionLines(ctx.network, transactions),
        ],
      };
    },
    io,
  );
});
