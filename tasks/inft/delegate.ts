import { UsageError } from "../../lib/errors.ts";
import { parseAddress, type Address } from "../../lib/hex.ts";
import { delegateDraft, readDelegate } from "../../lib/inft/delegate.ts";
import type { Answer } from "../support/action.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { locateInft } from "../support/inft.ts";
import { plannedAnswer, sendPlanned } from "../support/planned.ts";
import { openWriter, spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly delegate: string;
  readonly none: boolean;
  readonly inft: string | undefined;
  readonly as: string | undefined;
}

function wanted(args: Arguments): Address | undefined {
  if (!args.none) {
    return parseAddress(required(args.delegate, "The delegate (or --none)", "inft delegate 0x…"), "delegate");
  }
  if (args.delegate === "") return undefined;
  throw new UsageError({
    message: "Both a delegate and --none are given",
    remedy: "Name the delegate, or give --none alone to end the delegation.",
    details: { delegate: args.delegate },
  });
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const delegate = wanted(args);
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const { address: inft } = await locateInft(open, args.inft);
      const writer = await openWriter(open, args, io);
      const { owner } = writer;
      const before = await readDelegate(read, inft, owner);
      const drafts = before === delegate ? [] : [delegateDraft(inft, delegate)];
      const planned = await sendPlanned(writer, drafts, args, io, "delegate");
      const common = { network: network.name, mode: network.mode, inft, account: owner, before, delegate };
      const says = delegate === undefined ? `nobody but ${owner} itself` : `${delegate}, beside ${owner} itself,`;
      return plannedAnswer(network, planned, common, () => ({ text: [`${says} may sign access proofs for it`] }));
    },
    io,
  );
});
