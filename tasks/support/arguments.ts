/** Options that many tasks share, so that each is named and described once. */

import { ArgumentType } from "hardhat/types/arguments";
import type { NewTaskDefinitionBuilder, TaskArguments } from "hardhat/types/tasks";

import { UsageError } from "../../lib/errors.ts";
import { CLAIM_MODES, type ClaimMode } from "../../lib/inft/claim.ts";

const optional = { type: ArgumentType.STRING_WITHOUT_DEFAULT, defaultValue: undefined } as const;

/** An option that may be absent. */
export function option<Name extends string>(name: Name, description: string) {
  return { name, description, ...optional };
}

/** A positional argument declared optional to Hardhat and checked by us, so that its absence is our error, with a remedy. */
export function positional<Name extends string>(name: Name, description: string) {
  return { name, description, type: ArgumentType.STRING, defaultValue: "" } as const;
}

export const JSON_FLAG = { name: "json", description: "Print exactly one JSON object on stdout" } as const;
export const RUN_ID = option("id", "Name of the run: the same name continues it and repeats nothing");
export const ACCOUNT = option("account", "Whose wallet and ledger (default: the signer's)");
export const AS = option("as", "Development account that signs, by number or address (embedded networks; default: 0)");
export const TO = option("to", "Recipient (default: the signer)");
export const ATTESTOR = option(
  "attestor",
  "Attestors to ask, as URLs with commas (default: ZG_ATTESTORS, then the verifier's)",
);
export const INDEXER = option(
  "indexer",
  "Indexers of 0G Storage, as URLs with commas (default: ZG_STORAGE_INDEXERS, then the network's own)",
);
export const NO_STORAGE = {
  name: "noStorage",
  description: "Keep the encrypted data on this machine only, not on 0G Storage",
} as const;
export const WAIT_FINAL = {
  name: "waitFinal",
  description: "Wait until nodes of 0G Storage call what is stored final, not only until they have it",
} as const;
export const INFT_ADDRESS = option("inft", "iNFT contract (default: the one recorded in deployments/)");

/** An agent on disk, as `inft mint` and its like take it. */
export const AGENT_DATA = {
  data: option("data", "File or folder of an agent, or the JSON manifest that names its files"),
  maxSize: {
    name: "maxSize",
    description: "Most that --data may hold, such as 50MB",
    type: ArgumentType.STRING,
    defaultValue: "10MB",
  },
} as const;

/** An envelope is a little larger than what is in it, and attestors take no more than 10 MiB at a time by default. */
export const FETCH_LIMIT = {
  name: "maxSize",
  description: "Most that is fetched of one datum, such as 50MB",
  type: ArgumentType.STRING,
  defaultValue: "16MB",
} as const;

/** How a minter keeps others from minting its result first. */
export const CLAIM = option(
  "claim",
  "commit (default): nobody can take it; bound: the request names you, and is published; open: first come",
);
export const REVEAL_PROMPT = {
  name: "revealPrompt",
  description: "With --claim bound: put the whole request on chain, for good",
} as const;

/** @throws {UsageError} for a way that does not exist. Undefined when none is given. */
export function parseClaim(text: string | undefined): ClaimMode | undefined {
  const found = CLAIM_MODES.find((mode) => mode === text);
  if (found !== undefined || text === undefined) return found;
  throw new UsageError({
    message: `--claim ${JSON.stringify(text)} is none of ${CLAIM_MODES.join(", ")}`,
    remedy: "Leave it out to commit first, which keeps the prompt private.",
    details: { claim: text },
  });
}

/** What to ask, and whom. */
export const PROMPT = {
  prompt: option("prompt", "What to ask"),
  system: option("system", "System message put before the prompt"),
  messages: option("messages", "JSON file with the messages of a chat, instead of --prompt"),
  maxTokens: {
    name: "maxTokens",
    description: "Most tokens the answer may have; bounds its price",
    type: ArgumentType.STRING,
    defaultValue: "512",
  },
  temperature: option("temperature", "Sampling temperature, 0 to 2"),
  provider: option("provider", "Provider address or unique model name (default: the cheapest that can be minted)"),
} as const;
export const SERVICE = {
  name: "service",
  description: "inference or fine-tuning",
  type: ArgumentType.STRING,
  defaultValue: "inference",
} as const;

/** Adds the options of every task that asks a question. */
export function asking<Arguments extends TaskArguments>(builder: NewTaskDefinitionBuilder<Arguments>) {
  return builder
    .addOption(PROMPT.prompt)
    .addOption(PROMPT.system)
    .addOption(PROMPT.messages)
    .addOption(PROMPT.maxTokens)
    .addOption(PROMPT.temperature)
    .addOption(PROMPT.provider);
}

/**
 * Adds the options of every task that spends: `--yes`, `--dry-run`, `--max-spend`, `--gas-price`, `--json`.
 * @param over what `--max-spend` counts.
 */
export function spending<Arguments extends TaskArguments>(
  builder: NewTaskDefinitionBuilder<Arguments>,
  over = "in this command",
) {
  return builder
    .addFlag({ name: "yes", description: "Do not ask before spending" })
    .addFlag({ name: "dryRun", description: "Show plan and cost, then stop" })
    .addOption(option("maxSpend", `Most that may leave wallet and ledger ${over}, in 0G`))
    .addOption(option("gasPrice", "Most a unit of gas may cost, such as 4gwei (default: what the network asks)"))
    .addFlag(JSON_FLAG);
}

/** The arguments every spending task takes. */
export interface SpendingArguments {
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly maxSpend: string | undefined;
  readonly gasPrice?: string | undefined;
}

/**
 * Returns a positional argument or option that must be there.
 * @throws {UsageError} with an example when it is missing.
 */
export function required(value: string | undefined, name: string, example: string): string {
  if (value === undefined || value.trim() === "") {
    throw new UsageError({
      message: `${name} is missing`,
      remedy: `For example: npx hardhat ${example}`,
      details: { missing: name },
    });
  }
  return value;
}

/** @throws {UsageError} when `text` is not a whole number of at least `minimum`. */
export function parseCount(text: string, name: string, minimum = 0): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= minimum)) {
    throw new UsageError({
      message: `--${name} ${JSON.stringify(text)} is not a whole number of at least ${minimum}`,
      remedy: "Give digits only.",
      details: { [name]: text },
    });
  }
  return value;
}

const LAST_PORT = 65_535;

/** @throws {UsageError} when `text` is no port. */
export function parsePort(text: string, name: string): number {
  const port = parseCount(text, name);
  if (port > LAST_PORT) {
    throw new UsageError({
      message: `--${name} ${text} is not a port`,
      remedy: `Give a number from 1 to ${LAST_PORT}, or 0 for a free port.`,
      details: { [name]: text },
    });
  }
  return port;
}
