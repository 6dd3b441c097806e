import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import { AS, JSON_FLAG, option, positional, spending } from "../support/arguments.ts";

/** The gateway, and who may use it. */
export const gatewayTasks = [
  spending(
    task(["inference", "serve"], "Serve providers to OpenAI's clients until Ctrl-C; every request needs a key")
      .addOption(
        option("provider", "Who serves: addresses or models with commas, best first (default: all you funded)"),
      )
      .addOption({
        name: "route",
        description: "Who is asked first for a model that several serve: priority, price or latency",
        type: ArgumentType.STRING,
        defaultValue: "priority",
      })
      .addOption({
        name: "port",
        description: "Port to listen on; 0 takes a free one",
        type: ArgumentType.STRING,
        defaultValue: "3000",
      })
      .addOption({
        name: "host",
        description: "Address to listen on; anything but this machine needs TLS in front",
        type: ArgumentType.STRING,
        defaultValue: "127.0.0.1",
      })
      .addOption(option("allowHost", "Names it is reached by on other interfaces, with commas"))
      .addOption(option("client", "Clients to make, as name or name:budget in 0G, with commas"))
      .addFlag({ name: "verify", description: "Release an answer only once its signature is verified" })
      .addOption(
        option("topUp", "Top providers up: floor:target:cap-a-day in 0G, or 0x…=floor:target:cap, with commas"),
      )
      .addFlag({ name: "cancelRefunds", description: "Let top-ups cancel refunds that are under way" })
      .addOption(option("maxTokens", "Tokens to set aside for an answer whose request names no limit (default 4096)"))
      .addOption(option("maxBody", "Largest request, such as 10MB (default 32MiB)"))
      .addOption(option("timeout", "Seconds until an answer must begin, and between its pieces (default 120)"))
      .addOption(option("inFlight", "Requests at a time (default 256)"))
      .addOption(option("drain", "Seconds that requests under way may take when it stops (default 30)"))
      .addOption(AS),
  )
    .setAction(() => import("./serve.ts"))
    .build(),
  emptyTask(["inference", "client"], "Clients of the gateway: their keys and budgets").build(),
  task(["inference", "client", "add"], "Make a client of the gateway and print its key, once; or change a budget")
    .addPositionalArgument(positional("name", "What logs call it"))
    .addOption(option("budget", "Most its answers may cost together, in 0G (default: no limit of its own)"))
    .addFlag(JSON_FLAG)
    .setAction(() => import("./client/add.ts"))
    .build(),
  task(["inference", "client", "list"], "List the clients of the gateway with what they have spent")
    .addFlag(JSON_FLAG)
    .setAction(() => import("./client/list.ts"))
    .build(),
  task(["inference", "client", "revoke"], "Take a client's key away, at once, also from a running gateway")
    .addPositionalArgument(positional("name", "Of the client"))
    .addFlag(JSON_FLAG)
    .setAction(() => import("./client/revoke.ts"))
    .build(),
];
