import { readService } from "../../lib/compute/providers.ts";
import { removalDraft, stakeReturned } from "../../lib/operator/service.ts";
import { translateRefusal } from "../../lib/compute/translate.ts";
import { withUnit } from "../../lib/units.ts";
import type { Answer } from "../support/action.ts";
import type { SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { sendPlanned } from "../support/planned.ts";
import { openWriter, spendingAction, transactionData, transactionLines } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly as: string | undefined;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  return withConnection(
    hre,
    async (open) => {
      const { network } = open;
      const writer = await openWriter(open, args, io);
      const provider = writer.owner;
      const { model } = await readService(open.read, provider);
      io.log(
        "note: fees that are not settled yet cannot be settled afterwards; npx hardhat provider settle comes first",
      );
      const draft = removalDraft(network, provider);
      const { plan, sent } = await sendPlanned(
        writer,
        [draft],
        args,
        io,
        draft.what,
        translateRefusal({ kind: "operate", values: { provider } }),
      );
      const common = { network: network.name, mode: network.mode, provider, model, plan };
      if (sent === undefined) return { data: { ...common, dryRun: true }, text: ["dry run: nothing was sent"] };
      const stake = sent.reduce((sum, { receipt }) => sum + stakeReturned(network, receipt), 0n);
      return {
        data: { ...common, stake, removed: true, transactions: sent.map((each) => transactionData(network, each)) },
        text: [`removed ${model}; ${withUnit(stake)} of stake came back`, ...transactionLines(network, sent)],
      };
    },
    io,
  );
});
