import { latestBlock } from "../../lib/chain/connect.ts";
import { UsageError } from "../../lib/errors.ts";
import { planGrant } from "../../lib/inft/authorize.ts";
import type { Answer } from "../support/action.ts";
import { parseCount, required, type SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { locateInft, parseTokenId } from "../support/inft.ts";
import { plannedAnswer, sendPlanned } from "../support/planned.ts";
import { parseUntil, untilText } from "../support/until.ts";
import { parseUsers } from "../support/users.ts";
import { openWriter, spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly token: string;
  readonly users: string;
  readonly until: string | undefined;
  readonly permissions: string;
  readonly inft: string | undefined;
  readonly as: string | undefined;
}

const EXAMPLE = "inft authorize <token> 0x… --until 30d --network localhost";
/** The contract keeps permissions in 24 bits. */
const MOST_PERMISSIONS = 2 ** 24 - 1;

function permissionBits(text: string): number {
  const bits = parseCount(text, "permissions");
  if (bits <= MOST_PERMISSIONS) return bits;
  throw new UsageError({
    message: `--permissions ${bits} does not fit into 24 bits`,
    remedy: `Give a whole number from 0 to ${MOST_PERMISSIONS}; what its bits mean is up to the service.`,
    details: { permissions: text },
  });
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = parseTokenId(required(args.token, "The token id", EXAMPLE));
  const users = parseUsers(required(args.users, "The user", EXAMPLE));
  const permissions = permissionBits(args.permissions);
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const { address: inft } = await locateInft(open, args.inft);
      const { timestamp } = await latestBlock(read);
      const expiry = args.until === undefined ? 0n : parseUntil(args.until, "until", BigInt(timestamp));
      const writer = await openWriter(open, args, io);
      const { drafts, granting, already } = await planGrant(read, { inft, tokenId, users, expiry, permissions });
      const common = { network: network.name, mode: network.mode, inft, tokenId, expiry, permissions, already };
      const planned = await sendPlanned(writer, drafts, args, io, "authorise");
      return plannedAnswer(network, planned, common, () => ({
        data: { authorized: granting },
        text: [
          ...granting.map((user) => `${user} may use the data of token ${tokenId} (${untilText(expiry)})`),
          ...already.map((user) => `${user} may already, on these terms`),
        ],
      }));
    },
    io,
  );
});
