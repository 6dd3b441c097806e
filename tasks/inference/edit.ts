import { randomBytes } from "node:crypto";

import { editRequest } from "../../lib/compute/service-request.ts";
import type { Answer } from "../support/action.ts";
import { parseCount, required, type SpendingArguments } from "../support/arguments.ts";
import { askAndProve } from "../support/ask.ts";
import { IMAGE_FORMATS, parseChoice, parseSize, type AskedArguments } from "../support/service-options.ts";
import { readUpload } from "../support/uploads.ts";
import { spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments, AskedArguments {
  readonly image: string;
  readonly mask: string | undefined;
  readonly prompt: string | undefined;
  readonly n: string | undefined;
  readonly size: string | undefined;
  readonly format: string | undefined;
  readonly maxSize: string;
  readonly async: boolean;
}

const EXAMPLE = 'inference edit photo.png --prompt "Make it night"';

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const prompt = required(args.prompt, "--prompt", EXAMPLE);
  const reading = { example: EXAMPLE, limit: args.maxSize };
  const image = await readUpload(args.image, { what: "The image", ...reading });
  const mask = args.mask === undefined ? undefined : await readUpload(args.mask, { what: "The mask", ...reading });
  const n = args.n === undefined ? undefined : parseCount(args.n, "n", 1);
  const size = parseSize(args.size);
  const format = parseChoice(args.format, "format", IMAGE_FORMATS);
  const { provider, timeout, receipt, out } = args;
  return askAndProve(args, hre, io, {
    ...{ kind: "edit", provider, timeout, receipt, out, asJob: args.async },
    request: ({ model }) =>
      editRequest({
        ...{ model, prompt, image, random: randomBytes },
        ...(mask === undefined ? {} : { mask }),
        ...(n === undefined ? {} : { n }),
        ...(size === undefined ? {} : { size }),
        ...(format === undefined ? {} : { format }),
      }),
  });
});
