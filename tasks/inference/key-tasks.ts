import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import { AS, JSON_FLAG, option, positional, spending } from "../support/arguments.ts";

const PROVIDER = positional("provider", "Provider address or unique model name");

/** API keys for a provider: bearer secrets, for programs that cannot sign. */
export const keyTasks = [
  emptyTask(["inference", "key"], "API keys for a provider").build(),
  task(["inference", "key", "create"], "Make an API key; sends nothing, shows it once")
    .addPositionalArgument(PROVIDER)
    .addOption(option("label", "Your name for it (default: its token id)"))
    .addOption({
      name: "expires",
      description: "When it ends: 30d, 12h, a date such as 2030-01-31, or never",
      type: ArgumentType.STRING,
      defaultValue: "30d",
    })
    .addOption(option("tokenId", "0 to 254 (default: the highest that is free)"))
    .addOption(option("keystore", "Keep it encrypted in Hardhat's keystore under this name, not in a file"))
    .addOption(AS)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./key/create.ts"))
    .build(),
  task(["inference", "key", "list"], "List the keys made here, and whether the chain still honours them")
    .addFlag(JSON_FLAG)
    .setAction(() => import("./key/list.ts"))
    .build(),
  task(["inference", "key", "inspect"], "Decode a session token or API key, and ask the chain about it")
    .addPositionalArgument(positional("token", "File with the token, - for stdin, or the token"))
    .addFlag({ name: "offline", description: "Do not ask the chain" })
    .addFlag(JSON_FLAG)
    .setAction(() => import("./key/inspect.ts"))
    .build(),
  spending(
    task(["inference", "key", "revoke"], "Revoke some keys on chain")
      .addPositionalArgument(PROVIDER)
      .addPositionalArgument(positional("keys", "Labels or token ids, separated by commas"))
      .addOption(AS),
  )
    .setAction(() => import("./key/revoke.ts"))
    .build(),
  spending(
    task(["inference", "key", "revoke-all"], "Revoke every key and session token at a provider")
      .addPositionalArgument(PROVIDER)
      .addFlag({ name: "wait", description: "Then wait until the provider takes new tokens: up to ten minutes" })
      .addOption(AS),
  )
    .setAction(() => import("./key/revoke-all.ts"))
    .build(),
];
