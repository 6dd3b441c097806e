import { parseAddress } from "../../../lib/hex.ts";
import { activeIn, readAttestorsOf, removeAttestorDraft } from "../../../lib/inft/attestor/set.ts";
import type { Answer } from "../../support/action.ts";
import { required, type SpendingArguments } from "../../support/arguments.ts";
import { withConnection } from "../../support/connection.ts";
import { locateInft } from "../../support/inft.ts";
import { sendPlanned } from "../../support/planned.ts";
import { openWriter, spendingAction, transactionData, transactionLines } from "../../support/write.ts";

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
      const { plan, sent } = await sendPlanned(
        writer,
        [removeAttestorDraft(verifier, attestor)],
        args,
        io,
        "remove the attestor",
      );
      if (sent === undefined) return { data: { ...common, plan, dryRun: true }, text: ["dry run: nothing was sent"] };
      return {
        data: {
          ...common,
          removed: true,
          left,
          plan,
          transactions: sent.map((each) => transactionData(network, each)),
        },
        text: [`${attestor} does not count any more`, ...transactionLines(network, sent)],
      };
    },
    io,
  );
});
