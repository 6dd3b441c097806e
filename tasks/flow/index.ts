import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import {
  ACCOUNT,
  asking,
  CLAIM,
  INDEXER,
  INFT_ADDRESS,
  JSON_FLAG,
  NO_STORAGE,
  option,
  positional,
  PROMPT,
  REVEAL_PROMPT,
  RUN_ID,
  spending,
  WAIT_FINAL,
} from "../support/arguments.ts";
import { guarded, MAX_PRICE } from "../support/guards.ts";

/** Consent to pay once more for what was paid for already, perhaps. */
const RETRY_UNANSWERED = {
  name: "retryUnanswered",
  description: "Ask again when an earlier request's answer was lost (may pay twice)",
} as const;
const RETRY_REJECTED = {
  name: "retryRejected",
  description: "Ask another provider when an answer cannot be proved (pays again)",
} as const;

/** What `--max-spend` counts where a run may be continued. */
const ALL_COMMANDS = "in all commands of the run";

const REDIS = option("redis", "Redis that several machines share the batch in, as redis://… (default: ZG_REDIS_URL)");

/** `flow`: from a prompt to a minted, proven inference. */
export const flowTasks = [
  emptyTask("flow", "From a prompt to a minted, proven inference").build(),
  spending(
    guarded(
      asking(
        task(
          ["flow", "run"],
          "Deploy, fund, acknowledge, infer, verify, encrypt, store, commit and mint, in one command",
        ),
      )
        .addOption(RUN_ID)
        .addOption(CLAIM)
        .addFlag(REVEAL_PROMPT)
        .addFlag(NO_STORAGE)
        .addFlag(WAIT_FINAL)
        .addOption(INDEXER)
        .addFlag(RETRY_UNANSWERED)
        .addFlag(RETRY_REJECTED),
    ).addOption(MAX_PRICE),
    ALL_COMMANDS,
  )
    .setAction(() => import("./run.ts"))
    .build(),
  spending(
    guarded(
      task(["flow", "resume"], "Continue a run with what it was started with, and repeat nothing")
        .addOption(option("id", "Name of the run (default: the one that is open)"))
        .addFlag(WAIT_FINAL)
        .addOption(INDEXER)
        .addFlag(RETRY_UNANSWERED)
        .addFlag(RETRY_REJECTED),
    ),
    ALL_COMMANDS,
  )
    .setAction(() => import("./resume.ts"))
    .build(),
  task(["flow", "list"], "All runs of the network: what became of them, and what each spent")
    .addFlag(JSON_FLAG)
    .setAction(() => import("./list.ts"))
    .build(),
  spending(task(["flow", "abandon"], "Give a run up, and take back what it left in ledger and sub-account"))
    .addOption(RUN_ID)
    .setAction(() => import("./abandon.ts"))
    .build(),
  task(["flow", "status"], "Check every step of a run and change nothing")
    .addOption(RUN_ID)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./status.ts"))
    .build(),
  task(["flow", "audit"], "Replay the audit log of a token's run against the chain; needs no key")
    .addPositionalArgument(positional("token", "Token id"))
    .addOption(option("root", "The log (default: the one whose submission names the token)"))
    .addOption(option("receipt", "Receipt of the run, to be held against the log, too"))
    .addOption(INFT_ADDRESS)
    .addOption(INDEXER)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./audit.ts"))
    .build(),
  spending(
    guarded(
      task(["flow", "batch"], "Ask, prove and mint every line of a file, many at a time; repeats nothing it did before")
        .addPositionalArgument(
          positional("file", 'JSONL file: {"prompt": …} or {"messages": …} a line, with id if you like'),
        )
        .addOption(RUN_ID)
        .addOption(PROMPT.provider)
        .addOption(PROMPT.system)
        .addOption(PROMPT.maxTokens)
        .addOption(PROMPT.temperature)
        .addOption({
          name: "concurrency",
          description: "Requests at a time; with --redis, 0 leaves the asking to workers",
          type: ArgumentType.STRING,
          defaultValue: "16",
        })
        .addOption(REDIS)
        .addOption(CLAIM)
        .addFlag(REVEAL_PROMPT)
        .addFlag({ name: "noMint", description: "Prove the answers and keep them, without making tokens of them" })
        .addFlag(NO_STORAGE)
        .addOption(INDEXER)
        .addOption(option("out", "Where the results go, one JSON object a line (default: beside the batch, in .0g/)"))
        .addFlag({
          name: "retryUnanswered",
          description: "Ask items again whose answer was lost or could not be used (may pay twice)",
        }),
    ).addOption(MAX_PRICE),
  )
    .setAction(() => import("./batch.ts"))
    .build(),
  spending(
    task(
      ["flow", "batch-worker"],
      "Help to ask the items of a batch in Redis; mints nothing, and needs an API key at most",
    )
      .addOption(RUN_ID)
      .addOption(REDIS)
      .addOption({
        name: "concurrency",
        description: "Requests at a time",
        type: ArgumentType.STRING,
        defaultValue: "16",
      }),
  )
    .setAction(() => import("./batch-worker.ts"))
    .build(),
  asking(task(["flow", "plan"], "Print the bill of a run and spend nothing"))
    .addOption(ACCOUNT)
    .addOption(CLAIM)
    .addFlag(NO_STORAGE)
    .addOption({
      name: "calls",
      description: "For so many runs, one after the other",
      type: ArgumentType.STRING,
      defaultValue: "1",
    })
    .addFlag(JSON_FLAG)
    .setAction(() => import("./plan.ts"))
    .build(),
];
