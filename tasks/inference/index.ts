import { emptyTask, task } from "hardhat/config";

import { asking, CLAIM, JSON_FLAG, option, positional, spending } from "../support/arguments.ts";
import { gatewayTasks } from "./gateway-tasks.ts";
import { keyTasks } from "./key-tasks.ts";
import { serviceTasks } from "./service-tasks.ts";

export const inferenceTasks = [
  emptyTask("inference", "Ask a provider, and check its answers").build(),
  spending(
    asking(task(["inference", "chat"], "Ask, verify the answer byte for byte, and keep a receipt"))
      .addFlag({ name: "stream", description: "Print the answer as it arrives (on stderr with --json)" })
      .addOption(CLAIM)
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
  ...keyTasks,
  ...serviceTasks,
  ...gatewayTasks,
];
