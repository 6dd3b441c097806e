import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { NewTaskDefinitionBuilder, TaskArguments } from "hardhat/types/tasks";

import { AS, INDEXER, JSON_FLAG, option, positional, spending, WAIT_FINAL } from "../support/arguments.ts";

const ENCRYPT = {
  name: "encrypt",
  description: "none, aes256 (a shared key) or ecies (a public key), as 0G's own clients encrypt",
  type: ArgumentType.STRING,
  defaultValue: "none",
} as const;
const DECRYPT = {
  name: "decrypt",
  description: "none (the bytes as they are stored), aes256 or ecies",
  type: ArgumentType.STRING,
  defaultValue: "none",
} as const;
const KEY_FILE = option(
  "keyFile",
  "File with the key of aes256, 32 bytes or 64 hex digits (default: ZG_STORAGE_ENCRYPTION_KEY)",
);
const PUBLIC_KEY = option("publicKey", "Public key for ecies (default: the signer's)");
const FORCE = { name: "force", description: "Replace files that are there already" } as const;
const MAX_SIZE = {
  name: "maxSize",
  description: "Most that is fetched, such as 50MB",
  type: ArgumentType.STRING,
  defaultValue: "10GB",
} as const;
const FRAGMENTS = option(
  "fragments",
  "How encrypted fragments belong together: apart (the TypeScript SDK's) or one (the Go client's; default: found out)",
);

function encrypting<Arguments extends TaskArguments>(builder: NewTaskDefinitionBuilder<Arguments>) {
  return builder.addOption(ENCRYPT).addOption(KEY_FILE).addOption(PUBLIC_KEY).addOption(INDEXER).addOption(AS);
}

function fetching<Arguments extends TaskArguments>(builder: NewTaskDefinitionBuilder<Arguments>) {
  return builder
    .addFlag(FORCE)
    .addOption(DECRYPT)
    .addOption(KEY_FILE)
    .addOption(FRAGMENTS)
    .addOption(MAX_SIZE)
    .addOption(INDEXER)
    .addOption(AS)
    .addFlag(JSON_FLAG);
}

/** `storage`: files and folders on 0G Storage. */
export const storageTasks = [
  emptyTask("storage", "Files and folders on 0G Storage").build(),
  spending(
    encrypting(
      task(["storage", "upload"], "Store a file; what is there already is not paid again")
        .addPositionalArgument(positional("file", "The file"))
        .addFlag(WAIT_FINAL),
    ),
  )
    .setAction(() => import("./upload.ts"))
    .build(),
  fetching(
    task(["storage", "download"], "Fetch a file by its root, every byte checked against it")
      .addVariadicArgument({
        name: "roots",
        description: "Its root; several for a file in fragments, in order",
        type: ArgumentType.STRING,
        defaultValue: [],
      })
      .addOption(option("out", "File to write (default: one named by the root)")),
  )
    .setAction(() => import("./download.ts"))
    .build(),
  task(["storage", "show"], "What nodes and chain say of a root; needs no key")
    .addPositionalArgument(positional("root", "The root"))
    .addOption(INDEXER)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./show.ts"))
    .build(),
  encrypting(
    task(["storage", "estimate"], "Root, fee and gas of storing a file; sends nothing").addPositionalArgument(
      positional("file", "The file"),
    ),
  )
    .addFlag(JSON_FLAG)
    .setAction(() => import("./estimate.ts"))
    .build(),
  spending(
    encrypting(
      task(["storage", "upload-dir"], "Store a folder: every file, and the list of them, whose root is the folder's")
        .addPositionalArgument(positional("folder", "The folder"))
        .addFlag({ name: "hidden", description: "Also what begins with a dot, such as .env and .git" })
        .addFlag(WAIT_FINAL),
    ),
  )
    .setAction(() => import("./upload-dir.ts"))
    .build(),
  fetching(
    task(["storage", "download-dir"], "Fetch a folder by the root of its list")
      .addPositionalArgument(positional("root", "The root"))
      .addOption(option("out", "Folder to write to (default: one named by the root)")),
  )
    .setAction(() => import("./download-dir.ts"))
    .build(),
  task(["storage", "kv"], "0G's key-value layer, which this project refuses: says why")
    .addVariadicArgument({
      name: "words",
      description: "Whatever was to be done",
      type: ArgumentType.STRING,
      defaultValue: [],
    })
    .addFlag(JSON_FLAG)
    .setAction(() => import("./kv.ts"))
    .build(),
];
