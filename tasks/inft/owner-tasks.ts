/** What owners, buyers and users do with a token and its data. */

import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import {
  AGENT_DATA,
  AS,
  ATTESTOR,
  INDEXER,
  INFT_ADDRESS,
  JSON_FLAG,
  NO_STORAGE,
  option,
  positional,
  spending,
  WAIT_FINAL,
} from "../support/arguments.ts";

const ACCESS_PROOF = option("accessProof", "File that the receiver made with inft accept");

export const ownerTasks = [
  spending(
    task(["inft", "authorize"], "Let others use a token's data without seeing it")
      .addPositionalArgument(positional("token", "Token id"))
      .addPositionalArgument(positional("users", "Their addresses, separated by commas"))
      .addOption(option("until", "When it ends: 30d, 12h, or a date such as 2030-01-31 (default: never)"))
      .addOption({
        name: "permissions",
        description: "24 bits for the service that honours them",
        type: ArgumentType.STRING,
        defaultValue: "0",
      })
      .addOption(INFT_ADDRESS)
      .addOption(AS),
  )
    .setAction(() => import("./authorize.ts"))
    .build(),
  spending(
    task(["inft", "revoke"], "Take back what authorize gave")
      .addPositionalArgument(positional("token", "Token id"))
      .addPositionalArgument(positional("users", "Their addresses, separated by commas"))
      .addFlag({ name: "all", description: "Revoke everybody, in one write" })
      .addOption(INFT_ADDRESS)
      .addOption(AS),
  )
    .setAction(() => import("./revoke.ts"))
    .build(),
  task(["inft", "users"], "List who may use a token's data, until when and for what; needs no key")
    .addPositionalArgument(positional("token", "Token id"))
    .addOption(INFT_ADDRESS)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./users.ts"))
    .build(),
  spending(
    task(["inft", "delegate"], "Let another account sign access proofs in your place")
      .addPositionalArgument(positional("delegate", "Its address"))
      .addFlag({ name: "none", description: "End the delegation" })
      .addOption(INFT_ADDRESS)
      .addOption(AS),
  )
    .setAction(() => import("./delegate.ts"))
    .build(),
  task(["inft", "accept"], "Sign, as the buyer, that you want a token's data: the file the seller needs")
    .addPositionalArgument(positional("token", "Token id"))
    .addFlag({ name: "clone", description: "For a clone, not for a transfer" })
    .addOption(
      option("publicKey", "Key to seal the data to (default: your decryption key where one is set, else the signer's)"),
    )
    .addOption({
      name: "deadline",
      description: "Until when it is good: 7d, 12h, or a date",
      type: ArgumentType.STRING,
      defaultValue: "7d",
    })
    .addOption(option("for", "Receiver, when the signer is its delegate (default: the signer)"))
    .addOption(option("out", "File to write"))
    .addOption(INFT_ADDRESS)
    .addOption(AS)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./accept.ts"))
    .build(),
  spending(
    task(["inft", "transfer"], "Re-encrypt a token's data for its buyer, and transfer both")
      .addPositionalArgument(positional("token", "Token id"))
      .addOption(option("to", "Who gets it"))
      .addOption(ACCESS_PROOF)
      .addOption(ATTESTOR)
      .addFlag({
        name: "stage",
        description: "Let a plain ERC-721 transfer to the buyer, such as a market's, complete it",
      })
      .addFlag({ name: "unstage", description: "Take a staged transfer back" })
      .addFlag(NO_STORAGE)
      .addFlag(WAIT_FINAL)
      .addOption(INDEXER)
      .addOption(INFT_ADDRESS)
      .addOption(AS),
  )
    .setAction(() => import("./transfer.ts"))
    .build(),
  spending(
    task(["inft", "clone"], "Give somebody a token of their own with the same data, re-encrypted")
      .addPositionalArgument(positional("token", "Token id"))
      .addOption(option("to", "Who gets the clone"))
      .addOption(ACCESS_PROOF)
      .addOption(ATTESTOR)
      .addFlag(NO_STORAGE)
      .addFlag(WAIT_FINAL)
      .addOption(INDEXER)
      .addOption(INFT_ADDRESS)
      .addOption(AS),
  )
    .setAction(() => import("./clone.ts"))
    .build(),
  spending(
    task(["inft", "update"], "Give a token new content, or new keys for what it holds")
      .addPositionalArgument(positional("token", "Token id"))
      .addOption(AGENT_DATA.data)
      .addOption(AGENT_DATA.maxSize)
      .addFlag({ name: "rekey", description: "Encrypt the same content under fresh keys" })
      .addFlag(NO_STORAGE)
      .addFlag(WAIT_FINAL)
      .addOption(INDEXER)
      .addOption(INFT_ADDRESS)
      .addOption(AS),
  )
    .setAction(() => import("./update.ts"))
    .build(),
  spending(
    task(["inft", "store"], "Put a token's encrypted data on 0G Storage, from wherever it is; anybody may")
      .addPositionalArgument(positional("token", "Token id"))
      .addOption(ATTESTOR)
      .addFlag(WAIT_FINAL)
      .addOption(INDEXER)
      .addOption(INFT_ADDRESS)
      .addOption(AS),
  )
    .setAction(() => import("./store.ts"))
    .build(),
];
