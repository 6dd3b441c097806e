import { parseAddress } from "../../../lib/hex.ts";
import { activeIn, readAttestorsOf, removeAttestorDraft } from "../../../lib/inft/attestor/set.ts";
import type { Answer } from "../../support/action.ts";
import { required, type SpendingArguments } from "../../support/arguments.ts";
import { withConnection } from "../../support/connection.ts";
import { locateInft } from "../../support/inft.ts";
import { plannedAnswer, sendPlanned } from "../../support/planned.ts";
import { openWriter, spendingAction } from "../../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly attestor: string;
  readonly inft: string | undefined;
  readonly as: string | undefined;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const attestor = parseAddress(required(args.attestor, "The attestor", "inft attestor remove 0x…"), "attestor");
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const { address: inft } = await locateInft(open, args.inft);
      const set = await readAttestorsOf(read, inft);
      const { verifier, threshold, attestors } = set;
      const common = { network: network.name, mode: network.mode, inft, verifier, attestor };
      if (!attestors.some(({ address }) => address === attestor)) {
        return {
          data: { ...common, removed: false },
          text: [`${attestor} is no attestor of ${verifier}; nothing was sent`],
        };
      }
      const left = activeIn({ ...set, attestors: attestors.filter(({ address }) => address !== attestor) });
      if (left < threshold) {
        io.log(
          `note: ${left} attestors are left then, and ${threshold} must sign: until more count, no data changes hands`,
        );
      }
      const writer = await openWriter(open, args, io);
      const draft = removeAttestorDraft(verifier, attestor);
      const planned = await sendPlanned(writer, [draft], args, io, "remove the attestor");
      return plannedAnswer(network, planned, common, () => ({
        data: { removed: true, left },
        text: [`${attestor} does not count any more`],
      }));
    },
    io,
  );
});
