/** Options of the commands that ask for images, transcripts and vectors, each named and described once. */

import { ArgumentType } from "hardhat/types/arguments";
import type { NewTaskDefinitionBuilder, TaskArguments } from "hardhat/types/tasks";

import { UsageError } from "../../lib/errors.ts";
import { option, PROMPT, spending } from "./arguments.ts";

export const SERVICE_OPTIONS = {
  n: option("n", "How many images; each is charged (default: 1)"),
  size: option("size", "Size of the image, such as 1024x1024 (default: the provider's)"),
  imageFormat: option("format", "b64_json (default): the answer holds the images; url: fetched from the provider"),
  out: option("out", "Write what the answer holds to this file"),
  receipt: option("receipt", "Write the receipt to this file"),
  timeout: option("timeout", "Seconds to wait for the answer (default 120; 600 for a job)"),
  maxSize: {
    name: "maxSize",
    description: "Most that a file to be sent may hold, such as 30MB",
    type: ArgumentType.STRING,
    defaultValue: "25MB",
  },
  job: { name: "async", description: "Submit it as a job and wait for that: for generators that take minutes" },
} as const;

/** The arguments of every command made with {@link asked}. */
export interface AskedArguments {
  readonly provider: string | undefined;
  readonly out: string | undefined;
  readonly receipt: string | undefined;
  readonly timeout: string | undefined;
}

/** Adds what every paid question takes beside its own options. */
export function asked<Arguments extends TaskArguments>(builder: NewTaskDefinitionBuilder<Arguments>) {
  const { out, receipt, timeout } = SERVICE_OPTIONS;
  return spending(builder.addOption(PROMPT.provider).addOption(out).addOption(receipt).addOption(timeout));
}

/**
 * One of the values that an option takes; undefined when it is not given.
 * @throws {UsageError}
 */
export function parseChoice<Choice extends string>(
  text: string | undefined,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined || text === undefined) return found;
  throw new UsageError({
    message: `--${name} ${JSON.stringify(text)} is none of ${choices.join(", ")}`,
    remedy: "Give one of these, or leave it out.",
    details: { [name]: text },
  });
}

/** @throws {UsageError} when it is no size. */
export function parseSize(text: string | undefined): string | undefined {
  if (text === undefined || /^[1-9]\d{0,4}x[1-9]\d{0,4}$/.test(text)) return text;
  throw new UsageError({
    message: `--size ${JSON.stringify(text)} is no size of an image`,
    remedy: "Give width and height in pixels, such as 1024x1024.",
    details: { size: text },
  });
}

export const IMAGE_FORMATS = ["b64_json", "url"] as const;
