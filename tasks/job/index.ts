import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import { AS, JSON_FLAG, option, positional, spending } from "../support/arguments.ts";

const REMOTE = option("remote", "Job server to use, as host:port (default: ZEROG_GRPC_URL, then this machine's jobs)");
const ID = positional("id", "Of the job");
const ATTEST = { name: "attest", description: "Fetch and verify the provider's hardware report, too" } as const;
const ANSWER_TIMEOUT = option("timeout", "Seconds to wait for a provider's answer (default 120)");

/** An option with a default of its own. */
function text<Name extends string>(name: Name, description: string, defaultValue: string) {
  return { name, description, type: ArgumentType.STRING, defaultValue } as const;
}

export const jobTasks = [
  emptyTask("job", "Inference as jobs: submitted, worked once, proved, kept").build(),
  spending(
    task(["job", "submit"], "Store a job, and work it to its end; --detach leaves that to job serve")
      .addPositionalArgument(positional("task", "JSON file with the task, if not all is in the options"))
      .addOption(option("type", "inference (default), embedding, image, edit or transcription"))
      .addOption(option("model", "Provider address or model name (default: the cheapest that proves its answers)"))
      .addOption(option("prompt", "What to ask"))
      .addOption(option("system", "System message put before the prompt"))
      .addOption(option("maxTokens", "Most tokens the answer may have; bounds its price (default 512)"))
      .addOption(option("inputs", "Further inputs as a JSON object; docs/jobs.md lists those of each type"))
      .addOption(option("id", "Name of the job: the same name and task is the same job (default: a new one)"))
      .addFlag({ name: "detach", description: "Print the id and end; job serve works it" })
      .addFlag(ATTEST)
      .addOption(ANSWER_TIMEOUT)
      .addOption(REMOTE)
      .addOption(AS),
  )
    .setAction(() => import("./submit.ts"))
    .build(),
  task(["job", "status"], "Show what has become of a job")
    .addPositionalArgument(ID)
    .addOption(REMOTE)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./status.ts"))
    .build(),
  task(["job", "result"], "Wait until a job has ended, and show its answer and what proves it")
    .addPositionalArgument(ID)
    .addOption(option("timeout", "Seconds to wait; 0 looks once (default: ZEROG_TIMEOUT_SECONDS, 300)"))
    .addOption(option("out", "Write the receipt to this file (jobs of this machine)"))
    .addOption(REMOTE)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./result.ts"))
    .build(),
  task(["job", "cancel"], "Cancel a job whose request was not sent yet")
    .addPositionalArgument(ID)
    .addOption(REMOTE)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./cancel.ts"))
    .build(),
  task(["job", "list"], "List the jobs of this machine, the latest first")
    .addOption(text("limit", "Most jobs to show", "50"))
    .addFlag(JSON_FLAG)
    .setAction(() => import("./list.ts"))
    .build(),
  spending(
    task(["job", "serve"], "Work jobs as they come, and take them over gRPC, until Ctrl-C; every call needs a key")
      .addOption(text("port", "Port to listen on; 0 takes a free one", "50051"))
      .addOption(text("host", "Address to listen on; anything but this machine needs TLS in front", "127.0.0.1"))
      .addOption(option("allowHost", "Names it is reached by on other interfaces, with commas"))
      .addOption(option("perJob", "Most one job that is submitted here may cost, in 0G (default: what its plan says)"))
      .addOption(text("parallel", "Jobs at a time", "4"))
      .addOption(text("maxMessage", "Largest message, such as 10MB", "32MiB"))
      .addFlag(ATTEST)
      .addOption(ANSWER_TIMEOUT)
      .addOption(text("drain", "Seconds that calls under way may take when it stops", "10"))
      .addOption(AS),
  )
    .setAction(() => import("./serve.ts"))
    .build(),
];
