import { emptyTask, task } from "hardhat/config";

import { JSON_FLAG, PROMPT, option, positional, spending } from "../support/arguments.ts";

export const inferenceTasks = [
  emptyTask("inference", "Ask a provider, and check its answers").build(),
  spending(
    task(["inference", "chat"], "Ask, verify the answer byte for byte, and keep a receipt")
      .addOption(PROMPT.prompt)
      .addOption(PROMPT.system)
      .addOption(PROMPT.messages)
      .addOption(PROMPT.maxTokens)
      .addOption(PROMPT.temperature)
      .addOption(PROMPT.provider)
      .addFlag({ name: "stream", description: "Print the answer as it arrives (on stderr with --json)" })
      .addOption(option("timeout", "Seconds to wait for the answer (default 120)"))
      .addOption(option("out", "Write the receipt to this file")),
  )
    .setAction(() => import("./chat.ts"))
    .build(),
  task(["inference", "verify"], "Re-check a receipt from its bytes and the chain; needs no key")
    .addPositionalArgument(positional("receipt", "Receipt file"))
    .addFlag(JSON_FLAG)
    .setAction(() => import("./verify.ts"))
    .build(),
];
