import { parseServiceKind, retrieve, retrieveDraft, serviceName, type Retrieved } from "../../lib/compute/ledger.ts";
import { ledgerManager } from "../../lib/chain/contracts.ts";
import { chainCall } from "../../lib/chain/revert.ts";
import { planRetrieve, retrieveCandidates } from "../../lib/compute/retrieve.ts";
import { makeBill } from "../../lib/flow/bill.ts";
import { format0g, withUnit } from "../../lib/units.ts";
import type { Answer } from "../support/action.ts";
import type { SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { duration } from "../support/duration.ts";
import { onNetwork } from "../support/on-network.ts";
import { resolveProvider } from "../support/providers.ts";
import { approve, billData } from "../support/spend.ts";
import { table } from "../support/table.ts";
import { openWriter, spendingAction, transactionData, transactionLines, transactionRows } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly provider: string | undefined;
  readonly service: string;
}

function note({ skipped, pending, remainingSeconds }: Retrieved): string {
  if (skipped === "empty") return "empty";
  if (skipped === "too-many-refunds") return "five refunds wait already; collect one first";
  if (pending === 0n || remainingSeconds === undefined) return "";
  return remainingSeconds === 0n ? "ready: run this again" : `run this again in ${duration(remainingSeconds)}`;
}

function lines(providers: readonly Retrieved[]): string[] {
  if (providers.length === 0) return ["no sub-accounts: nothing to retrieve"];
  return table(
    [
      ["provider", "back in ledger 0G", "newly asked 0G", "waiting 0G", ""],
      ...providers.map((each) => [
        each.provider,
        format0g(each.processed),
        format0g(each.requested),
        format0g(each.pending),
        note(each),
      ]),
    ],
    ["left", "right", "right", "right", "left"],
  );
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const service = parseServiceKind(args.service);
  return withConnection(
    hre,
    async (open) => {
      const providers = args.provider === undefined ? undefined : [await resolveProvider(open, args.provider, service)];
      const writer = await openWriter(open, args, io);
      const { ctx, owner } = writer;
      const sending = (await retrieveCandidates(ctx, owner, service, providers))
        .filter((account) => planRetrieve(account) === "send")
        .map((account) => account.provider);
      const name = await serviceName(ctx, service);
      // One call carries so many providers at most; the first is estimated and stands for each.
      const batchSize = Number(
        await chainCall("Reading the batch size", ledgerManager(ctx.network, ctx.provider).MAX_PROVIDERS_PER_BATCH()),
      );
      const calls = Math.ceil(sending.length / batchSize);
      const [row] =
        calls === 0 ? [] : await transactionRows(writer, retrieveDraft(ctx.network, name, sending.slice(0, batchSize)));
      const bill = makeBill(row === undefined ? [] : [{ ...row, amount: row.amount * BigInt(calls) }]);
      const common = { network: ctx.network.name, mode: ctx.network.mode, user: owner, service, plan: billData(bill) };
      if (!(await approve(bill, args, writer, io, "retrieve"))) {
        return { data: { ...common, dryRun: true, from: sending }, text: ["dry run: nothing was sent"] };
      }
      const { transactions, ...result } = await retrieve(ctx, {
        service,
        ...(providers === undefined ? {} : { providers }),
      });
      return {
        data: { ...common, ...result, transactions: transactions.map((sent) => transactionData(ctx.network, sent)) },
        text: [
          ...lines(result.providers),
          ...(result.processed > 0n
            ? [
                onNetwork(
                  `${withUnit(result.processed)} can be withdrawn: npx hardhat ledger withdraw all`,
                  ctx.network.name,
                ),
              ]
            : []),
          ...transactionLines(ctx.network, transactions),
        ],
      };
    },
    io,
  );
});
