import { randomBytes } from "node:crypto";

import { transcriptionRequest } from "../../lib/compute/service-request.ts";
import { UsageError } from "../../lib/errors.ts";
import { TRANSCRIPTION_FORMATS } from "../../lib/protocol/transcription.ts";
import type { Answer } from "../support/action.ts";
import type { SpendingArguments } from "../support/arguments.ts";
import { askAndProve } from "../support/ask.ts";
import { parseChoice, type AskedArguments } from "../support/service-options.ts";
import { readUpload } from "../support/uploads.ts";
import { spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments, AskedArguments {
  readonly audio: string;
  readonly format: string | undefined;
  readonly language: string | undefined;
  readonly prompt: string | undefined;
  readonly stream: boolean;
  readonly maxSize: string;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const reading = { what: "The recording", example: "inference transcribe talk.mp3", limit: args.maxSize };
  const format = parseChoice(args.format, "format", TRANSCRIPTION_FORMATS);
  if (args.stream && format !== undefined && format !== "json") {
    throw new UsageError({
      message: `A stream comes as json, not as ${format}`,
      remedy: "Leave --stream or --format out.",
      details: { format },
    });
  }
  const audio = await readUpload(args.audio, reading);
  const { provider, timeout, receipt, out, language, prompt, stream } = args;
  return askAndProve(args, hre, io, {
    ...{ kind: "transcription", provider, timeout, receipt, out },
    request: ({ model }) =>
      transcriptionRequest({
        ...{ model, audio, stream, random: randomBytes },
        ...(format === undefined ? {} : { format }),
        ...(language === undefined ? {} : { language }),
        ...(prompt === undefined ? {} : { prompt }),
      }),
  });
});
