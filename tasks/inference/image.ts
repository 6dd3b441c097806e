import { randomBytes } from "node:crypto";

import { imageRequest } from "../../lib/compute/service-request.ts";
import type { Answer } from "../support/action.ts";
import { parseClaim, parseCount, required, type SpendingArguments } from "../support/arguments.ts";
import { askAndProve } from "../support/ask.ts";
import { IMAGE_FORMATS, parseChoice, parseSize, type AskedArguments } from "../support/service-options.ts";
import { spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments, AskedArguments {
  readonly prompt: string | undefined;
  readonly n: string | undefined;
  readonly size: string | undefined;
  readonly format: string | undefined;
  readonly async: boolean;
  readonly claim: string | undefined;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const prompt = required(args.prompt, "--prompt", 'inference image --prompt "A lighthouse at dusk"');
  const n = args.n === undefined ? undefined : parseCount(args.n, "n", 1);
  const size = parseSize(args.size);
  const format = parseChoice(args.format, "format", IMAGE_FORMATS);
  const claim = parseClaim(args.claim);
  const { provider, timeout, receipt, out } = args;
  return askAndProve(args, hre, io, {
    ...{ kind: "image", provider, timeout, receipt, out, asJob: args.async },
    request: ({ model }, owner) =>
      imageRequest({
        ...{ model, prompt, random: randomBytes },
        ...(n === undefined ? {} : { n }),
        ...(size === undefined ? {} : { size }),
        ...(format === undefined ? {} : { format }),
        ...(claim === "bound" ? { boundTo: owner } : {}),
      }),
  });
});
