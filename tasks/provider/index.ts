import { emptyTask, task } from "hardhat/config";

import { JSON_FLAG, option, positional, spending } from "../support/arguments.ts";

export const providerTasks = [
  emptyTask("provider", "The providers that sell inference").build(),
  task(["provider", "list"], "List providers: model, price, endorsement, whether results can be minted")
    .addOption(option("type", "Only this service type, e.g. chatbot"))
    .addOption(option("model", "Only models whose name contains this"))
    .addOption(option("maxPrice", "Only where input and output cost at most this many 0G per million tokens"))
    .addFlag({ name: "all", description: "Also those whose signer the contract owner has not endorsed" })
    .addFlag(JSON_FLAG)
    .setAction(() => import("./list.ts"))
    .build(),
  task(["provider", "show"], "Show one provider")
    .addPositionalArgument(positional("provider", "Provider address or unique model name"))
    .addFlag(JSON_FLAG)
    .setAction(() => import("./show.ts"))
    .build(),
  task(
    ["provider", "verify"],
    "Verify a provider's hardware attestation, each check by name; exit code 5 when one fails",
  )
    .addPositionalArgument(positional("provider", "Provider address or unique model name"))
    .addOption(option("report", "Check this saved report instead of asking the provider"))
    .addOption(option("collateral", "Intel's collateral from files, with commas: TCB status and revocation"))
    .addFlag({ name: "fetchCollateral", description: "Fetch the collateral from Intel, or from --pccs" })
    .addOption(option("pccs", "URL of a cache of Intel's service, for --fetch-collateral"))
    .addOption(option("osImages", "JSON file with the registers of known OS images"))
    .addOption(option("out", "Folder that keeps the reports and the fetched collateral"))
    .addFlag({ name: "force", description: "Replace what --out holds already" })
    .addFlag(JSON_FLAG)
    .setAction(() => import("./verify.ts"))
    .build(),
  spending(
    task(["provider", "acknowledge"], "Accept the provider's TEE signer for your account").addPositionalArgument(
      positional("provider", "Provider address or unique model name"),
    ),
  )
    .setAction(() => import("./acknowledge.ts"))
    .build(),
];
