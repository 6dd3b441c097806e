import { readLedgerHistory } from "../../lib/compute/ledger-history.ts";
import { parseAddress } from "../../lib/hex.ts";
import { format0g } from "../../lib/units.ts";
import { action, type Answer } from "../support/action.ts";
import { parseCount } from "../support/arguments.ts";
import { ownAddress, withConnection } from "../support/connection.ts";
import { table } from "../support/table.ts";
import { untilText } from "../support/until.ts";

interface Arguments {
  readonly account: string | undefined;
  readonly fromBlock: string;
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const account = args.account === undefined ? undefined : parseAddress(args.account, "account");
  const fromBlock = parseCount(args.fromBlock, "from-block");
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const user = account ?? ownAddress(open);
      const history = await readLedgerHistory(read, user, { fromBlock });
      const rows = history.map((entry) => [
        untilText(entry.time),
        entry.provider,
        entry.service,
        entry.kind,
        ...[entry.amount, entry.balance, entry.pendingRefund].map((neuron) =>
          neuron === undefined ? "" : format0g(neuron),
        ),
      ]);
      return {
        data: { network: network.name, mode: network.mode, user, fromBlock, history },
        text: [
          ...(history.length === 0
            ? ["nothing happened to a sub-account"]
            : table(
                [["when", "provider", "service", "what", "0G", "balance 0G", "refunds 0G"], ...rows],
                ["left", "left", "left", "left", "right", "right", "right"],
              )),
          ...(fromBlock === 0 ? [] : ["An amount that follows from what was before that block is left out."]),
          "Deposits to the ledger and withdrawals from it leave no event on chain.",
        ],
      };
    },
    io,
  );
});
