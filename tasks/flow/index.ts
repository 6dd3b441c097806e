import { emptyTask, task } from "hardhat/config";

import { ACCOUNT, asking, CLAIM, JSON_FLAG, REVEAL_PROMPT, RUN_ID, spending } from "../support/arguments.ts";

/** `flow`: from a prompt to a minted, proven inference. */
export const flowTasks = [
  emptyTask("flow", "From a prompt to a minted, proven inference").build(),
  spending(
    asking(task(["flow", "run"], "Deploy, fund, acknowledge, infer, verify, encrypt, commit and mint, in one command"))
      .addOption(RUN_ID)
      .addOption(CLAIM)
      .addFlag(REVEAL_PROMPT)
      .addFlag({
        name: "retryUnanswered",
        description: "Ask again when an earlier request's answer was lost (may pay twice)",
      }),
  )
    .setAction(() => import("./run.ts"))
    .build(),
  task(["flow", "status"], "Check every step of a run and change nothing")
    .addOption(RUN_ID)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./status.ts"))
    .build(),
  asking(task(["flow", "plan"], "Print the bill of a run and spend nothing"))
    .addOption(ACCOUNT)
    .addOption(CLAIM)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./plan.ts"))
    .build(),
];
