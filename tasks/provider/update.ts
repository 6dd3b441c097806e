import { readService } from "../../lib/compute/providers.ts";
import { UsageError } from "../../lib/errors.ts";
import { planUpdate } from "../../lib/operator/service.ts";
import { translateRefusal } from "../../lib/compute/translate.ts";
import type { Answer } from "../support/action.ts";
import type { SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { readOffer, type OfferArguments } from "../support/offer.ts";
import { plannedAnswer, sendPlanned } from "../support/planned.ts";
import { openWriter, spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments, OfferArguments {
  readonly as: string | undefined;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const change = await readOffer(args);
  if (Object.keys(change).length === 0) {
    throw new UsageError({
      message: "Nothing to change was given",
      remedy: "For example: npx hardhat provider update --output-price 0.2/M",
    });
  }
  return withConnection(
    hre,
    async (open) => {
      const { network } = open;
      const writer = await openWriter(open, args, io);
      const provider = writer.owner;
      const { offer, changed, losesEndorsement, draft } = planUpdate(
        network,
        await readService(open.read, provider),
        change,
      );
      const common = { network: network.name, mode: network.mode, provider, offer, changed, losesEndorsement };
      if (changed.length === 0) {
        return { data: { ...common, updated: false }, text: ["it is so already; nothing was sent"] };
      }
      if (losesEndorsement) {
        io.log("note: this takes the endorsement of the signer back: until it is given again, nothing can be settled");
      }
      const translate = translateRefusal({ kind: "operate", values: { provider } });
      const planned = await sendPlanned(writer, [draft], args, io, draft.what, { translate });
      return plannedAnswer(network, planned, common, () => ({
        data: { updated: true },
        text: [`changed ${changed.join(", ")}`],
      }));
    },
    io,
  );
});
