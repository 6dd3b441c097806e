import { emptyTask, task } from "hardhat/config";

import { JSON_FLAG, option } from "../support/arguments.ts";

/** `galileo`: the embedded Galileo network, served to other processes. */
export const galileoTasks = [
  emptyTask("galileo", "The embedded Galileo: 0G's contracts and three providers on this machine").build(),
  task(["galileo", "up"], "Serve the embedded Galileo on 127.0.0.1 until Ctrl-C, for --network localhost")
    .addOption(option("port", "Port of the chain; 0 takes a free one (default: 8545)"))
    .addOption(
      option("providerPort", "First of ten ports: providers, attestor, storage; 0 takes free ones (default: 0)"),
    )
    .addOption(option("upstream", "Base URL of an OpenAI-compatible server that answers the prompts"))
    .addFlag(JSON_FLAG)
    .setAction(() => import("./up.ts"))
    .build(),
  task(["galileo", "status"], "Say what stands on a network, what of it is real, and whether its providers answer")
    .addFlag(JSON_FLAG)
    .setAction(() => import("./status.ts"))
    .build(),
];
