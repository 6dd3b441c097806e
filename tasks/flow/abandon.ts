import { serviceName, retrieveDraft, readLedger, readLimits, withdrawDraft } from "../../lib/compute/ledger.ts";
import { abandon, heldAnswer, NOT_RETRIEVED, retrievable } from "../../lib/flow/abandon.ts";
import { makeBill, type BillRow } from "../../lib/flow/bill.ts";
import { RunUnknownError } from "../../lib/flow/errors.ts";
import { assertSameRun, reconcile } from "../../lib/flow/flow.ts";
import { lastFact } from "../../lib/flow/journal.ts";
import { withUnit } from "../../lib/units.ts";
import type { Answer } from "../support/action.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { selectedNetwork, withConnection } from "../support/connection.ts";
import { assertRunsKept, flowContext, keepsHere } from "../support/flow.ts";
import { onNetwork } from "../support/on-network.ts";
import { approve, billData } from "../support/spend.ts";
import { openStores } from "../support/stores.ts";
import { openWriter, spendingAction, transactionData, transactionLines, transactionRows } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly id: string | undefined;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  assertRunsKept(selectedNetwork(hre));
  const id = required(args.id, "The name of the run", "flow abandon --network localhost --id first");
  return withConnection(
    hre,
    async (open) => {
      const { network } = open;
      const stores = openStores(hre, open.read);
      const journal = stores.journal(id);
      const started = lastFact(journal, "started");
      if (started === undefined) throw new RunUnknownError({ id, network: network.name });
      const { question } = started;
      const writer = await openWriter(open, args, io);
      const noStorage = true;
      const parts = { open, stores, journal, question, noStorage, io, writer, id, retryUnanswered: false, caps: {} };
      const ctx = await flowContext(parts);
      if (lastFact(journal, "abandoned") === undefined) {
        assertSameRun(journal, { ...ctx, stores: !keepsHere(journal) });
      }
      if (!args.dryRun) journal.hold();
      try {
        if (!args.dryRun) await reconcile(ctx);
        const found = await retrievable(ctx);
        const rows: BillRow[] = [];
        const sending = found.providers.filter(({ plan }) => plan === "send").map(({ provider }) => provider);
        if (sending.length > 0) {
          const draft = retrieveDraft(network, await serviceName(writer.ctx, "inference"), sending);
          rows.push(...(await transactionRows(writer, draft)));
        }
        if (found.withdrawable > 0n) {
          const [limits, ledger] = await Promise.all([readLimits(writer.ctx), readLedger(writer.ctx, writer.owner)]);
          const asked = { user: writer.owner, amount: found.withdrawable };
          rows.push(...(await transactionRows(writer, withdrawDraft(network, limits, ledger, asked))));
        }
        const bill = makeBill(rows);
        const held = heldAnswer(journal);
        const common = {
          ...{ network: network.name, mode: network.mode, id, owner: ctx.owner, plan: billData(bill) },
          ...{ retrievable: found, answerHeld: held !== undefined, journal: stores.journalFile(id) },
        };
        for (const { provider, plan, spendable } of found.providers) {
          const what = plan === "send" ? `${withUnit(spendable)} is asked back` : NOT_RETRIEVED[plan];
          io.log(`${provider}: ${what}. Other runs with this provider share the sub-account`);
        }
        if (!(await approve(bill, args, writer, io, `abandon run ${id}`))) {
          return { data: { ...common, dryRun: true }, text: ["dry run: nothing was sent"] };
        }
        const { providers, withdrawn, transactions } = await abandon(ctx, found);
        const pending = providers.reduce((sum, each) => sum + each.pending, 0n);
        return {
          data: {
            ...common,
            providers,
            withdrawn,
            transactions: transactions.map((sent) => transactionData(network, sent)),
          },
          text: [
            `run ${id} is abandoned`,
            ...(held === undefined ? [] : [`the answer it paid for is kept in ${stores.journalFile(id) ?? "memory"}`]),
            ...(pending === 0n
              ? []
              : [
                  onNetwork(
                    `${withUnit(pending)} is on its way back; collect it when it unlocks: npx hardhat ledger retrieve`,
                    network.name,
                  ),
                ]),
            ...(withdrawn === 0n ? [] : [`${withUnit(withdrawn)} is back in the wallet`]),
            ...transactionLines(network, transactions),
          ],
        };
      } finally {
        journal.release();
      }
    },
    io,
  );
});
