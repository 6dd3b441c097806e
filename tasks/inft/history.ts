import { readHistory, type HistoryEntry } from "../../lib/inft/history.ts";
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

function story(entry: HistoryEntry): string {
  switch (entry.kind) {
    case "minted": {
      const { to, by, proven, mode, cloneOf } = entry;
      const what = proven ? `a proven inference (${mode ?? ""})` : "unproven";
      return `for ${to} by ${by}, ${cloneOf === undefined ? what : `a clone of ${cloneOf}, unproven`}`;
    }
    case "transferred":
      return `from ${entry.from} to ${entry.to}, ${entry.withKeys ? "with its data keys" : "without data"}`;
    case "cloned":
      return `for ${entry.to}, as token ${entry.newTokenId}`;
    case "updated":
      return entry.dataHashes.length === 0 ? "holds no data since" : `data ${entry.dataHashes.join(", ")}`;
    case "keys published":
      return `${entry.keys} sealed to ${entry.to}`;
    case "authorised":
      return `${entry.user}, until ${untilText(entry.expiry)}, permissions ${entry.permissions}`;
    case "authorisation revoked":
      return entry.user;
    case "authorisations cleared":
      return `epoch ${entry.epoch} begins without users`;
    case "transfer staged":
      return `to ${entry.to}, good until ${untilText(entry.deadline)}`;
    case "staged transfer ended":
      return "it will not happen as it was";
    case "burnt":
      return `by the will of ${entry.from}`;
  }
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = parseTokenId(required(args.token, "The token id", "inft history <token> --network localhost"));
  return withConnection(
    hre,
    async (open) => {
      const { address: inft, fromBlock } = await locateInft(open, args.inft);
      const history = await readHistory(open.read, { inft, tokenId, fromBlock });
      return {
        data: { network: open.network.name, inft, tokenId, history },
        text: table(
          history.map((entry) => [
            untilText(entry.time),
            `block ${entry.block}`,
            entry.kind,
            story(entry),
            entry.transaction,
          ]),
        ),
      };
    },
    io,
  );
});
