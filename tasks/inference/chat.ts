import { randomBytes } from "node:crypto";

import { buildChatRequest, serviceRequest } from "../../lib/compute/service-request.ts";
import type { Answer } from "../support/action.ts";
import { parseClaim, type SpendingArguments } from "../support/arguments.ts";
import { askAndProve } from "../support/ask.ts";
import { parseQuestion, type PromptArguments } from "../support/prompt.ts";
import { spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments, PromptArguments {
  readonly stream: boolean;
  readonly timeout: string | undefined;
  readonly out: string | undefined;
  readonly claim: string | undefined;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const { messages, maxTokens, temperature, provider } = await parseQuestion(args);
  const claim = parseClaim(args.claim);
  return askAndProve(args, hre, io, {
    kind: "chat",
    provider,
    timeout: args.timeout,
    receipt: args.out,
    out: undefined,
    request: ({ model }, owner) => {
      const body = buildChatRequest({
        ...{ model, messages, maxTokens, stream: args.stream, random: randomBytes },
        ...(temperature === undefined ? {} : { temperature }),
        ...(claim === "bound" ? { boundTo: owner } : {}),
      });
      return serviceRequest("chat", body);
    },
  });
});
