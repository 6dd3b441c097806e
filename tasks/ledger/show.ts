import { chainCall } from "../../lib/chain/revert.ts";
import { listSubAccounts, readLedger, readLimits, SERVICE_KINDS, type SubAccount } from "../../lib/compute/ledger.ts";
import { parseAddress } from "../../lib/hex.ts";
import { format0g, withUnit } from "../../lib/units.ts";
import { action, type Answer } from "../support/action.ts";
import { ownAddress, withConnection } from "../support/connection.ts";
import { duration } from "../support/duration.ts";
import { onNetwork } from "../support/on-network.ts";
import { pairs, table } from "../support/table.ts";

interface Arguments {
  readonly account: string | undefined;
}

function refundText({ refunds }: SubAccount): string {
  if (refunds.length === 0) return "";
  return refunds
    .map(({ amount, remainingSeconds }) =>
      remainingSeconds === 0n
        ? `${format0g(amount)} ready: run ledger retrieve`
        : `${format0g(amount)} in ${duration(remainingSeconds)}`,
    )
    .join("; ");
}

function subAccountLines(accounts: readonly SubAccount[]): string[] {
  if (accounts.length === 0) return ["no sub-accounts"];
  return table(
    [
      ["provider", "service", "balance 0G", "spendable 0G", "acknowledged", "refunds 0G"],
      ...accounts.map((account) => [
        account.provider,
        account.service,
        format0g(account.balance),
        format0g(account.spendable),
        account.acknowledged ? "yes" : "no",
        refundText(account),
      ]),
    ],
    ["left", "left", "right", "right", "left", "left"],
  );
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const account = args.account === undefined ? undefined : parseAddress(args.account, "account");
  return withConnection(
    hre,
    async (open) => {
      const user = account ?? ownAddress(open);
      const [ledger, limits, wallet, ...kinds] = await Promise.all([
        readLedger(open.read, user),
        readLimits(open.read),
        chainCall(`Reading the balance of ${user}`, open.read.provider.getBalance(user)),
        ...SERVICE_KINDS.map(async (kind) => listSubAccounts(open.read, user, kind)),
      ]);
      const subAccounts = kinds.flat();
      const holdings =
        ledger === undefined
          ? [
              [
                "ledger",
                onNetwork(
                  `none; open one with npx hardhat ledger deposit ${format0g(limits.minAccountBalance)}`,
                  open.network.name,
                ),
              ] as const,
            ]
          : [
              ["available", withUnit(ledger.available)] as const,
              ["at providers", withUnit(ledger.locked)] as const,
              ["total", withUnit(ledger.total)] as const,
            ];
      return {
        data: {
          network: open.network.name,
          mode: open.network.mode,
          user,
          wallet,
          ledger: ledger ?? null,
          limits,
          subAccounts,
        },
        text: [
          ...pairs([["account", user], ["wallet", withUnit(wallet)], ...holdings]),
          "",
          ...subAccountLines(subAccounts),
        ],
      };
    },
    io,
  );
});
