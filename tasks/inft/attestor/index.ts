import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import { AS, INFT_ADDRESS, JSON_FLAG, option, positional, spending } from "../../support/arguments.ts";

export const attestorTasks = [
  emptyTask(["inft", "attestor"], "Attestors, which re-encrypt the data of a token that changes hands").build(),
  task(["inft", "attestor", "serve"], "Run a development attestor until Ctrl-C, for the network's tokens")
    .addOption({
      name: "port",
      description: "Port to listen on; 0 takes a free one",
      type: ArgumentType.STRING,
      defaultValue: "8700",
    })
    .addOption({
      name: "host",
      description: "Address to listen on; anything but this machine needs TLS in front",
      type: ArgumentType.STRING,
      defaultValue: "127.0.0.1",
    })
    .addOption(option("objects", "Folder for ciphertexts (default: .0g/<network>/attestor)"))
    .addOption(option("maxBytes", "Most bytes of data in one request (default: 10485760)"))
    .addOption(option("inft", "Serve only these token contracts, separated by commas (default: all that trust it)"))
    .addOption(option("as", "Development account whose key it has (embedded networks; default: 19)"))
    .addFlag(JSON_FLAG)
    .setAction(() => import("./serve.ts"))
    .build(),
  task(["inft", "attestor", "show"], "Say which attestors a collection trusts, and whether they answer; needs no key")
    .addPositionalArgument(positional("url", "Of one attestor, to ask it alone"))
    .addOption(INFT_ADDRESS)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./show.ts"))
    .build(),
  spending(
    task(
      ["inft", "attestor", "add"],
      "Add an attestor to a collection's verifier; it counts after the verifier's delay",
    )
      .addPositionalArgument(positional("attestor", "Its address"))
      .addOption(option("url", "Where it serves; published on chain"))
      .addOption({
        name: "until",
        description: "When its signatures stop counting: 365d from now, or a date",
        type: ArgumentType.STRING,
        defaultValue: "365d",
      })
      .addFlag({ name: "allowDevelopmentAttestor", description: "Trust an attestor without a TEE on a live network" })
      .addOption(INFT_ADDRESS)
      .addOption(AS),
  )
    .setAction(() => import("./add.ts"))
    .build(),
  spending(
    task(["inft", "attestor", "remove"], "Remove an attestor from a collection's verifier, at once")
      .addPositionalArgument(positional("attestor", "Its address"))
      .addOption(INFT_ADDRESS)
      .addOption(AS),
  )
    .setAction(() => import("./remove.ts"))
    .build(),
];
