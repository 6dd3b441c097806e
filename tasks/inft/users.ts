import { readUsers } from "../../lib/inft/users.ts";
import { action, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { locateInft, parseTokenId } from "../support/inft.ts";
import { table } from "../support/table.ts";
import { untilText } from "../support/until.ts";

interface Arguments {
  readonly token: string;
  readonly inft: string | undefined;
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = parseTokenId(required(args.token, "The token id", "inft users <token> --network localhost"));
  return withConnection(
    hre,
    async (open) => {
      const { address: inft, fromBlock } = await locateInft(open, args.inft);
      const { active, expired } = await readUsers(open.read, { inft, tokenId, fromBlock });
      const ended = expired.length === 0 ? "" : `; ${expired.length} expired`;
      return {
        data: { network: open.network.name, inft, tokenId, users: active, expired },
        text: [
          ...(active.length === 0
            ? []
            : table([
                ["user", "until", "permissions"],
                ...active.map(({ user, expiry, permissions }) => [user, untilText(expiry), permissions.toString()]),
              ])),
          `${active.length} may use the data of token ${tokenId}${ended}`,
        ],
      };
    },
    io,
  );
});
