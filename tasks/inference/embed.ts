import { randomBytes } from "node:crypto";

import { embeddingRequest } from "../../lib/compute/service-request.ts";
import { UsageError } from "../../lib/errors.ts";
import { EMBEDDING_FORMATS } from "../../lib/protocol/embeddings.ts";
import type { Answer } from "../support/action.ts";
import { parseCount, type SpendingArguments } from "../support/arguments.ts";
import { askAndProve } from "../support/ask.ts";
import { parseChoice, type AskedArguments } from "../support/service-options.ts";
import { readUpload } from "../support/uploads.ts";
import { spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments, AskedArguments {
  readonly texts: readonly string[];
  readonly file: string | undefined;
  readonly dimensions: string | undefined;
  readonly format: string | undefined;
  readonly maxSize: string;
}

const EXAMPLE = 'inference embed "A first text" "A second text"';

/** The texts of a file: a JSON list of them, else one a line. */
async function textsOf(file: string, limit: string): Promise<readonly string[]> {
  const { bytes } = await readUpload(file, { what: "The file", example: EXAMPLE, limit });
  const content = new TextDecoder().decode(bytes);
  if (!content.trimStart().startsWith("[")) return content.split(/\r?\n/).filter((line) => line.trim() !== "");
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    throw new UsageError({ message: `${file} is not JSON`, remedy: "Correct the file.", details: { file }, cause });
  }
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value;
  throw new UsageError({
    message: `${file} holds no list of texts`,
    remedy: 'Give a list such as ["A first text", "A second text"], or one text a line.',
    details: { file },
  });
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const texts = [...args.texts, ...(args.file === undefined ? [] : await textsOf(args.file, args.maxSize))];
  if (texts.length === 0 || texts.some((text) => text.trim() === "")) {
    throw new UsageError({
      message: texts.length === 0 ? "There is nothing to embed" : "One of the texts is empty",
      remedy: `For example: npx hardhat ${EXAMPLE}`,
    });
  }
  const dimensions = args.dimensions === undefined ? undefined : parseCount(args.dimensions, "dimensions", 1);
  const format = parseChoice(args.format, "format", EMBEDDING_FORMATS);
  const { provider, timeout, receipt, out } = args;
  return askAndProve(args, hre, io, {
    ...{ kind: "embedding", provider, timeout, receipt, out },
    request: ({ model }) =>
      embeddingRequest({
        ...{ model, input: texts, random: randomBytes },
        ...(dimensions === undefined ? {} : { dimensions }),
        ...(format === undefined ? {} : { format }),
      }),
  });
});
