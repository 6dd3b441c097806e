import { emptyTask, task } from "hardhat/config";

import { AS, JSON_FLAG, option, positional, spending } from "../support/arguments.ts";
import { OFFER } from "../support/offer.ts";

export const providerTasks = [
  emptyTask("provider", "The providers that sell inference").build(),
  task(["provider", "list"], "List providers: model, price, endorsement, whether results can be minted")
    .addOption(option("type", "Only this service type, e.g. chatbot"))
    .addOption(option("model", "Only models whose name contains this"))
    .addOption(
      option("maxPrice", "Only where neither price is above this many 0G, per million tokens, image or second"),
    )
    .addFlag({ name: "all", description: "Also those whose signer the contract owner has not endorsed" })
    .addFlag(JSON_FLAG)
    .setAction(() => import("./list.ts"))
    .build(),
  task(["provider", "show"], "Show one provider")
    .addPositionalArgument(positional("provider", "Provider address or unique model name"))
    .addFlag({ name: "models", description: "Also ask it which models it serves; costs nothing" })
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
  spending(
    task(["provider", "register"], "Sell inference: register your service, with the stake the contract asks for")
      .addOption(OFFER.type)
      .addOption(OFFER.url)
      .addOption(OFFER.model)
      .addOption(OFFER.verifiability)
      .addOption(OFFER.inputPrice)
      .addOption(OFFER.outputPrice)
      .addOption(OFFER.signer)
      .addOption(OFFER.info)
      .addOption(AS),
  )
    .setAction(() => import("./register.ts"))
    .build(),
  spending(
    task(["provider", "update"], "Change your service; what is not given stays")
      .addOption(OFFER.type)
      .addOption(OFFER.url)
      .addOption(OFFER.model)
      .addOption(OFFER.verifiability)
      .addOption(OFFER.inputPrice)
      .addOption(OFFER.outputPrice)
      .addOption(OFFER.signer)
      .addOption(OFFER.info)
      .addOption(AS),
  )
    .setAction(() => import("./update.ts"))
    .build(),
  spending(task(["provider", "remove"], "Stop selling, and get the stake back").addOption(AS))
    .setAction(() => import("./remove.ts"))
    .build(),
  spending(
    task(["provider", "settle"], "Collect fees with totals that your TEE signed")
      .addPositionalArgument(positional("file", "JSON file of signed settlements"))
      .addFlag({ name: "allowPartial", description: "Also take what covers a fee only in part; the rest is lost" })
      .addOption(AS),
  )
    .setAction(() => import("./settle.ts"))
    .build(),
  spending(
    task(["provider", "endorse"], "As the owner of InferenceServing, vouch for the signer a provider lists")
      .addPositionalArgument(positional("provider", "Provider address or unique model name"))
      .addOption(AS),
  )
    .setAction(() => import("./endorse.ts"))
    .build(),
  spending(
    task(["provider", "unendorse"], "As the owner of InferenceServing, take an endorsement back")
      .addPositionalArgument(positional("provider", "Provider address or unique model name"))
      .addOption(AS),
  )
    .setAction(() => import("./unendorse.ts"))
    .build(),
];
