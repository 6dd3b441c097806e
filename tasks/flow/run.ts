import type { Answer } from "../support/action.ts";
import { parseClaim } from "../support/arguments.ts";
import { selectedNetwork, withConnection } from "../support/connection.ts";
import { assertIdKept, newRunId, questionOf } from "../support/flow.ts";
import { givenCaps, givenCeiling } from "../support/guards.ts";
import type { PromptArguments } from "../support/prompt.ts";
import { carryOut, type RunArguments } from "../support/run-flow.ts";
import { openStores } from "../support/stores.ts";
import { spendingAction } from "../support/write.ts";

interface Arguments extends RunArguments, PromptArguments {
  readonly id: string | undefined;
  readonly claim: string | undefined;
  readonly revealPrompt: boolean;
  readonly noStorage: boolean;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  assertIdKept(selectedNetwork(hre), args.id);
  const claim = parseClaim(args.claim);
  const maxPrice = givenCeiling(args);
  givenCaps(args);
  const { revealPrompt, noStorage } = args;
  return withConnection(
    hre,
    async (open) => {
      const id = args.id ?? newRunId(new Date());
      const stores = openStores(hre, open.read);
      const journal = stores.journal(id);
      const question = await questionOf(open.network, journal, args);
      return carryOut({ open, stores, id, journal, question, claim, maxPrice, revealPrompt, noStorage }, args, io);
    },
    io,
  );
});
