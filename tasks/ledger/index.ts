import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import { ACCOUNT, JSON_FLAG, SERVICE, option, positional, spending } from "../support/arguments.ts";

/** `ledger`: the main account and the sub-accounts at providers. */
export const ledgerTasks = [
  emptyTask("ledger", "Your account at 0G Compute").build(),
  task(["ledger", "show"], "Show ledger, sub-accounts and pending refunds")
    .addOption(ACCOUNT)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./show.ts"))
    .build(),
  task(["ledger", "history"], "List what happened to your sub-accounts, from the contracts' events")
    .addOption(ACCOUNT)
    .addOption({
      name: "fromBlock",
      description: "First block to look at",
      type: ArgumentType.STRING,
      defaultValue: "0",
    })
    .addFlag(JSON_FLAG)
    .setAction(() => import("./history.ts"))
    .build(),
  task(
    ["ledger", "audit"],
    "Compare what providers settled with what the answers kept here cost; exit code 5 when one took too much",
  )
    .addOption(ACCOUNT)
    .addOption({
      name: "fromBlock",
      description: "First block to look at",
      type: ArgumentType.STRING,
      defaultValue: "0",
    })
    .addOption(option("receipts", "Also count these receipts: files, and folders of them, with commas"))
    .addFlag(JSON_FLAG)
    .setAction(() => import("./audit.ts"))
    .build(),
  spending(
    task(["ledger", "deposit"], "Open the ledger or add to it")
      .addPositionalArgument(positional("amount", "0G from the wallet, e.g. 0.5"))
      .addOption(option("for", "Address whose ledger it is, who alone can take it out (default: your own)")),
  )
    .setAction(() => import("./deposit.ts"))
    .build(),
  spending(
    task(["ledger", "transfer"], "Move 0G from the ledger to a provider's sub-account")
      .addPositionalArgument(positional("provider", "Provider address or unique model name"))
      .addPositionalArgument(positional("amount", "0G from the ledger, e.g. 1.1"))
      .addOption(SERVICE),
  )
    .setAction(() => import("./transfer.ts"))
    .build(),
  spending(
    task(["ledger", "retrieve"], "Ask providers for what is left, and collect what has unlocked")
      .addOption(option("provider", "Only from this provider (default: from all)"))
      .addOption(SERVICE),
  )
    .setAction(() => import("./retrieve.ts"))
    .build(),
  spending(
    task(["ledger", "withdraw"], "Move 0G from the ledger back to the wallet").addPositionalArgument(
      positional("amount", "0G, or all"),
    ),
  )
    .setAction(() => import("./withdraw.ts"))
    .build(),
];
