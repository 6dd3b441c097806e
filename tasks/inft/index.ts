import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import { COLLECTION } from "../../lib/inft/collection.ts";
import {
  AGENT_DATA,
  AS,
  ATTESTOR,
  FETCH_LIMIT,
  INFT_ADDRESS,
  JSON_FLAG,
  option,
  positional,
  spending,
  TO,
} from "../support/arguments.ts";
import { attestorTasks } from "./attestor/index.ts";
import { ownerTasks } from "./owner-tasks.ts";

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
    task(
      ["inft", "mint"],
      "Mint a verified receipt (commits first, so that nobody can take it), or any agent with --data",
    )
      .addPositionalArgument(positional("receipt", "Receipt file"))
      .addOption(AGENT_DATA.data)
      .addOption(AGENT_DATA.maxSize)
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
  task(["inft", "decrypt"], "Open a token's private data with the owner's key")
    .addPositionalArgument(positional("token", "Token id"))
    .addOption(option("out", "Folder to write the files to (default: print them)"))
    .addFlag({ name: "force", description: "Replace files that are there already" })
    .addOption(ATTESTOR)
    .addOption(FETCH_LIMIT)
    .addOption(INFT_ADDRESS)
    .addOption(AS)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./decrypt.ts"))
    .build(),
  task(["inft", "verify"], "Re-check a token's provenance from chain data alone; needs no key")
    .addPositionalArgument(positional("token", "Token id"))
    .addOption(INFT_ADDRESS)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./verify.ts"))
    .build(),
  ...ownerTasks,
  task(["inft", "lint"], "Tell which dialects of ERC-7857 a deployed contract speaks, and what it lacks; needs no key")
    .addPositionalArgument(positional("contract", "Its address (default: the one recorded in deployments/)"))
    .addOption(option("token", "Token on which a plain transfer is tried, in simulation"))
    .addFlag(JSON_FLAG)
    .setAction(() => import("./lint.ts"))
    .build(),
  task(["inft", "env"], "Print the environment of 0G's Go inference agent, filled in for this network and iNFT")
    .addOption(INFT_ADDRESS)
    .addOption({
      name: "agentId",
      description: "What the agent calls itself",
      type: ArgumentType.STRING,
      defaultValue: "inference-agent",
    })
    .addFlag(JSON_FLAG)
    .setAction(() => import("./env.ts"))
    .build(),
  ...attestorTasks,
];
