import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import { COLLECTION } from "../../lib/inft/collection.ts";
import {
  AGENT_DATA,
  AS,
  ATTESTOR,
  CLAIM,
  FETCH_LIMIT,
  INDEXER,
  INFT_ADDRESS,
  JSON_FLAG,
  NO_STORAGE,
  option,
  positional,
  REVEAL_PROMPT,
  spending,
  TO,
  WAIT_FINAL,
} from "../support/arguments.ts";
import { attestorTasks } from "./attestor/index.ts";
import { ownerTasks } from "./owner-tasks.ts";

export const inftTasks = [
  emptyTask("inft", "Intelligent NFTs (ERC-7857)").build(),
  spending(
    task(
      ["inft", "deploy"],
      "Deploy the iNFT contract and the verifier it trusts, and record them in deployments/<network>/",
    )
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
      .addOption(
        option("verifier", "Verifier of transfers that stands already (default: the recorded one, or a new one)"),
      )
      .addOption(option("attestor", "Where attestors of a new verifier serve, separated by commas"))
      .addOption(option("attestors", "Addresses of more attestors, separated by commas"))
      .addOption(option("threshold", "How many attestors must sign (default: 2 on live networks, else 1)"))
      .addOption(
        option(
          "rotationDelay",
          "How long a new attestor waits until it counts (default: 2d on live networks, else 0s)",
        ),
      )
      .addOption(option("royalty", "Percent of a price that markets are asked to pay (ERC-2981; default: 0)"))
      .addOption(option("royaltyReceiver", "Whom they are asked to pay"))
      .addFlag({
        name: "allowDevelopmentAttestor",
        description: "Trust attestors without a TEE on a live network",
      })
      .addFlag({ name: "force", description: "Deploy new ones even if some are recorded" })
      .addFlag({ name: "verify", description: "Also verify the sources on the explorer" }),
  )
    .setAction(() => import("./deploy.ts"))
    .build(),
  spending(
    task(
      ["inft", "mint"],
      "Mint verified receipts (commits first, so that nobody can take them), or any agent with --data",
    )
      .addVariadicArgument({
        name: "receipts",
        description: "Receipt files; several are minted together, all or none",
        type: ArgumentType.STRING,
        defaultValue: [],
      })
      .addOption(CLAIM)
      .addFlag(REVEAL_PROMPT)
      .addOption(AGENT_DATA.data)
      .addOption(AGENT_DATA.maxSize)
      .addOption(TO)
      .addOption(option("publicKey", "Public key of the recipient, when --to is somebody else"))
      .addFlag(NO_STORAGE)
      .addFlag(WAIT_FINAL)
      .addOption(INDEXER)
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
    .addOption(INDEXER)
    .addOption(ATTESTOR)
    .addOption(FETCH_LIMIT)
    .addOption(INFT_ADDRESS)
    .addOption(AS)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./decrypt.ts"))
    .build(),
  task(["inft", "verify"], "Re-check a token's provenance from chain and storage; its content with the owner's key")
    .addPositionalArgument(positional("token", "Token id"))
    .addFlag({ name: "decrypt", description: "Ask for the keys in the keystore, too, to check the content" })
    .addOption(INDEXER)
    .addOption(INFT_ADDRESS)
    .addOption(AS)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./verify.ts"))
    .build(),
  task(["inft", "history"], "Tell what happened to a token, from chain and storage; needs no key")
    .addPositionalArgument(positional("token", "Token id"))
    .addOption(INDEXER)
    .addOption(INFT_ADDRESS)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./history.ts"))
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
