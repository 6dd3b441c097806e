import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import { COLLECTION } from "../../lib/inft/collection.ts";
import { INFT_ADDRESS, JSON_FLAG, option, positional, spending, TO } from "../support/arguments.ts";

export const inftTasks = [
  emptyTask("inft", "Intelligent NFTs (ERC-7857)").build(),
  spending(
    task(["inft", "deploy"], "Deploy the iNFT contract and record it in deployments/<network>/")
      .addOption({
        name: "name",
        description: "Collection name",
        type: ArgumentType.STRING,
        defaultValue: COLLECTION.name,
      })
      .addOption({
        name: "symbol",
        description: "Collection symbol",
        type: ArgumentType.STRING,
        defaultValue: COLLECTION.symbol,
      })
      .addFlag({ name: "force", description: "Deploy a new one even if one is recorded" })
      .addFlag({ name: "verify", description: "Also verify the source on the explorer" }),
  )
    .setAction(() => import("./deploy.ts"))
    .build(),
  spending(
    task(["inft", "mint"], "Mint a verified receipt; commits first, so that nobody can take it")
      .addPositionalArgument(positional("receipt", "Receipt file"))
      .addOption(TO)
      .addOption(option("publicKey", "Public key of the recipient, when --to is somebody else"))
      .addOption(INFT_ADDRESS)
      .addFlag({
        name: "allowSimulated",
        description: "Mint a result that is not live on a live chain; recorded on chain as such",
      }),
  )
    .setAction(() => import("./mint.ts"))
    .build(),
  task(["inft", "show"], "Show a token: owner, data, provenance")
    .addPositionalArgument(positional("token", "Token id"))
    .addOption(INFT_ADDRESS)
    .addFlag({ name: "decrypt", description: "Also open the data with the signer's key, if its bytes are here" })
    .addFlag(JSON_FLAG)
    .setAction(() => import("./show.ts"))
    .build(),
  task(["inft", "verify"], "Re-check a token's provenance from chain data alone; needs no key")
    .addPositionalArgument(positional("token", "Token id"))
    .addOption(INFT_ADDRESS)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./verify.ts"))
    .build(),
];
