import { readService } from "../../lib/compute/providers.ts";
import { removalDraft, stakeReturned } from "../../lib/operator/service.ts";
import { translateRefusal } from "../../lib/compute/translate.ts";
import { withUnit } from "../../lib/units.ts";
import type { Answer } from "../support/action.ts";
import type { SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { plannedAnswer, sendPlanned } from "../support/planned.ts";
import { openWriter, spendingAction } from "../support/write.ts";

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
      const translate = translateRefusal({ kind: "operate", values: { provider } });
      const planned = await sendPlanned(writer, [draft], args, io, draft.what, { translate });
      const common = { network: network.name, mode: network.mode, provider, model };
      return plannedAnswer(network, planned, common, (sent) => {
        const stake = sent.reduce((sum, { receipt }) => sum + stakeReturned(network, receipt), 0n);
        return { data: { stake, removed: true }, text: [`removed ${model}; ${withUnit(stake)} of stake came back`] };
      });
    },
    io,
  );
});
