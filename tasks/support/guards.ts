/** Caps and ceilings as people give them: by option, else by variable. */

import path from "node:path";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import type { NewTaskDefinitionBuilder, TaskArguments } from "hardhat/types/tasks";

import { setting } from "../../lib/env.ts";
import { FileBook, MemoryBook } from "../../lib/guards/book.ts";
import { Budgets, type Caps } from "../../lib/guards/budgets.ts";
import { parsePriceCeiling, type PriceCeiling } from "../../lib/guards/price-ceiling.ts";
import type { Hex } from "../../lib/hex.ts";
import type { Network } from "../../lib/networks.ts";
import { parseAmount } from "../../lib/units.ts";
import { option } from "./arguments.ts";
import { runtimeFolders } from "./folders.ts";

export interface GuardArguments {
  readonly dayCap: string | undefined;
  readonly providerCap: string | undefined;
  readonly maxPrice: string | undefined;
}

/** What a run is started with, so that it is none of those that each command gives. */
export const MAX_PRICE = option(
  "maxPrice",
  "Most a million tokens in and out may cost, in 0G: 0.5, or by model: 0.5,qwen=0.2",
);

/** Adds the options of every task whose runs keep to budgets: `--day-cap`, `--provider-cap`. */
export function guarded<Arguments extends TaskArguments>(builder: NewTaskDefinitionBuilder<Arguments>) {
  return builder
    .addOption(option("dayCap", "Most that all runs may spend for good in one UTC day, in 0G (default: ZG_DAY_CAP)"))
    .addOption(option("providerCap", "Most that all runs may pay one provider, in 0G (default: ZG_PROVIDER_CAP)"));
}

function cap(given: string | undefined, name: string, variable: "ZG_DAY_CAP" | "ZG_PROVIDER_CAP"): bigint | undefined {
  if (given !== undefined) return parseAmount(given, name);
  const found = setting(variable);
  return found === undefined || found.value === "" ? undefined : parseAmount(found.value, variable);
}

/** @throws {UsageError} for what is no amount. */
export function givenCaps({ dayCap, providerCap }: Partial<GuardArguments> = {}): Caps {
  const [day, provider] = [
    cap(dayCap, "--day-cap", "ZG_DAY_CAP"),
    cap(providerCap, "--provider-cap", "ZG_PROVIDER_CAP"),
  ];
  return { ...(day === undefined ? {} : { day }), ...(provider === undefined ? {} : { provider }) };
}

/** The ceiling of `--max-price`, which a run is started with. @throws {UsageError} */
export function givenCeiling({ maxPrice }: Pick<GuardArguments, "maxPrice">): PriceCeiling | undefined {
  return maxPrice === undefined ? undefined : parsePriceCeiling(maxPrice);
}

/** The ceiling of the environment, which holds for every run. @throws {UsageError} */
export function standingCeiling(): PriceCeiling | undefined {
  const found = setting("ZG_MAX_PRICE");
  return found === undefined || found.value === "" ? undefined : parsePriceCeiling(found.value, "ZG_MAX_PRICE");
}

/**
 * The budgets of a network: one book for all its runs and processes, of this chain. A served Galileo that was started
 * anew is another chain, on which nothing was spent yet.
 */
export function openBudgets(
  hre: HardhatRuntimeEnvironment,
  network: Network,
  genesisHash: Hex,
  caps: Caps,
  signal?: AbortSignal,
): Budgets {
  const folders = runtimeFolders(hre, network);
  const book =
    folders === undefined
      ? new MemoryBook()
      : new FileBook(path.join(folders.base, "spending", `${genesisHash}.jsonl`), signal);
  return new Budgets({ book, caps, clock: Date.now });
}
