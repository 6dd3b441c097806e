import { UsageError } from "../../lib/errors.ts";
import { clearDraft, revokeDrafts } from "../../lib/inft/authorize.ts";
import type { Answer } from "../support/action.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { locateInft, parseTokenId } from "../support/inft.ts";
import { plannedAnswer, sendPlanned } from "../support/planned.ts";
import { parseUsers } from "../support/users.ts";
import { openWriter, spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly token: string;
  readonly users: string;
  readonly all: boolean;
  readonly inft: string | undefined;
  readonly as: string | undefined;
}

const EXAMPLE = "inft revoke <token> 0x… --network localhost";

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = parseTokenId(required(args.token, "The token id", EXAMPLE));
  if (args.all && args.users !== "") {
    throw new UsageError({
      message: "Both a user and --all are given",
      remedy: "Name the users to revoke, or give --all alone.",
      details: { users: args.users },
    });
  }
  const users = args.all ? [] : parseUsers(required(args.users, "The user (or --all)", EXAMPLE));
  return withConnection(
    hre,
    async (open) => {
      const { network } = open;
      const { address: inft } = await locateInft(open, args.inft);
      const writer = await openWriter(open, args, io);
      const drafts = args.all ? [clearDraft({ inft, tokenId })] : revokeDrafts({ inft, tokenId, users });
      const planned = await sendPlanned(writer, drafts, args, io, "revoke");
      const common = { network: network.name, mode: network.mode, inft, tokenId };
      return plannedAnswer(network, planned, common, () => ({
        data: { revoked: args.all ? "all" : users },
        text: args.all
          ? [`nobody but its owner may use the data of token ${tokenId}`]
          : users.map((user) => `${user} may no longer use the data of token ${tokenId}`),
      }));
    },
    io,
  );
});
