import { ZERO_ADDRESS } from "../../lib/hex.ts";
import { planRegistration } from "../../lib/operator/service.ts";
import { translateRefusal } from "../../lib/compute/translate.ts";
import { withUnit } from "../../lib/units.ts";
import type { Answer } from "../support/action.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { readOffer, type OfferArguments } from "../support/offer.ts";
import { plannedAnswer, sendPlanned } from "../support/planned.ts";
import { openWriter, spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments, OfferArguments {
  readonly as: string | undefined;
}

const EXAMPLE =
  "provider register --type chatbot --url https://broker.example --model maker/model --verifiability TeeML " +
  "--signer 0x… --input-price 0.15/M --output-price 0.15/M";

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const given = await readOffer(args);
  const offer = {
    serviceType: required(given.serviceType, "--type", EXAMPLE),
    url: required(given.url, "--url", EXAMPLE),
    model: required(given.model, "--model", EXAMPLE),
    verifiability: given.verifiability ?? "",
    inputPrice: given.inputPrice ?? 0n,
    outputPrice: given.outputPrice ?? 0n,
    additionalInfo: given.additionalInfo ?? "",
    teeSignerAddress: given.teeSignerAddress ?? ZERO_ADDRESS,
  };
  return withConnection(
    hre,
    async (open) => {
      const { network } = open;
      const writer = await openWriter(open, args, io);
      const provider = writer.owner;
      const { stake, draft } = await planRegistration(open.read, provider, offer);
      io.log(`stake: ${withUnit(stake)}, returned in full by npx hardhat provider remove`);
      const translate = translateRefusal({ kind: "operate", values: { provider } });
      const planned = await sendPlanned(writer, [draft], args, io, draft.what, { translate });
      const common = { network: network.name, mode: network.mode, provider, stake, offer };
      return plannedAnswer(network, planned, common, () => ({
        data: { registered: true },
        text: [`${provider} sells ${offer.model}; users see it once the owner of 0G's contract endorses its signer`],
      }));
    },
    io,
  );
});
