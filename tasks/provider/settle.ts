import {
  previewSettlement,
  readSettlements,
  settlementBatches,
  settlementDraft,
  settlementResults,
  type SignedSettlement,
} from "../../lib/operator/settle.ts";
import { translateRefusal } from "../../lib/compute/translate.ts";
import type { Address } from "../../lib/hex.ts";
import type { SettlementStatus } from "../../lib/protocol/settlement.ts";
import { withUnit } from "../../lib/units.ts";
import type { Answer } from "../support/action.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { plannedAnswer, sendPlanned } from "../support/planned.ts";
import { table } from "../support/table.ts";
import { openWriter, spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly file: string;
  readonly allowPartial: boolean;
  readonly as: string | undefined;
}

interface Outcome {
  readonly user: Address;
  /** Neuron. */
  readonly fee: bigint;
  readonly status: SettlementStatus;
  /** Neuron that stays unpaid. */
  readonly unsettled: bigint;
  readonly sent: boolean;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const items = await readSettlements(
    required(args.file, "The file of settlements", "provider settle settlements.json"),
  );
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const writer = await openWriter(open, args, io);
      const provider = writer.owner;
      const previewed: Outcome[] = [];
      for (const batch of settlementBatches(items)) {
        const { failed, partial } = await previewSettlement(read, provider, batch);
        for (const item of batch) previewed.push(expected(item, failed, partial, args.allowPartial));
      }
      for (const line of outcomeLines(previewed)) io.log(line);
      const users = new Set(previewed.filter(({ sent }) => sent).map(({ user }) => user));
      const batches = settlementBatches(items.filter(({ user }) => users.has(user)));
      const drafts = batches.map((batch) => settlementDraft(network, batch));
      const common = { network: network.name, mode: network.mode, provider };
      if (drafts.length === 0) {
        return { data: { ...common, outcomes: previewed }, text: ["nothing of this can be settled; nothing was sent"] };
      }
      const what = `settle the fees of ${users.size} users`;
      const translate = translateRefusal({ kind: "operate", values: { provider } });
      const planned = await sendPlanned(writer, drafts, args, io, what, { translate });
      return plannedAnswer(network, planned, { ...common, outcomes: previewed }, (sent) => {
        const results = new Map(sent.flatMap(({ receipt }) => [...settlementResults(network, receipt)]));
        const outcomes = previewed.map((outcome) => ({ ...outcome, ...results.get(outcome.user) }));
        return { data: { outcomes }, text: outcomeLines(outcomes) };
      });
    },
    io,
  );
});

/** What a batch would do with one item. A partial payment is sent only when asked for: the rest can never be collected. */
function expected(
  { user, totalFee: fee }: SignedSettlement,
  failed: ReadonlyMap<Address, SettlementStatus>,
  partial: ReadonlyMap<Address, bigint>,
  allowPartial: boolean,
): Outcome {
  const failure = failed.get(user);
  if (failure !== undefined) return { user, fee, status: failure, unsettled: fee, sent: false };
  const unsettled = partial.get(user);
  if (unsettled !== undefined) return { user, fee, status: "partial", unsettled, sent: allowPartial };
  return { user, fee, status: "success", unsettled: 0n, sent: true };
}

function outcomeLines(outcomes: readonly Outcome[]): string[] {
  const rows = outcomes.map(({ user, fee, status, unsettled, sent }) => [
    user,
    withUnit(fee),
    status,
    unsettled === 0n ? "" : `${withUnit(unsettled)} unpaid`,
    sent ? "" : "left out",
  ]);
  return table([["user", "fee", "", "", ""], ...rows], ["left", "right"]);
}
