import { RunAmbiguousError, RunUnknownError } from "../../lib/flow/errors.ts";
import { lastFact } from "../../lib/flow/journal.ts";
import { isUnfinished } from "../../lib/flow/state.ts";
import type { Answer } from "../support/action.ts";
import { selectedNetwork, withConnection } from "../support/connection.ts";
import { assertRunsKept, keepsHere } from "../support/flow.ts";
import { givenCaps } from "../support/guards.ts";
import { carryOut, type RunArguments } from "../support/run-flow.ts";
import { runsOf } from "../support/runs.ts";
import { openStores } from "../support/stores.ts";
import { spendingAction } from "../support/write.ts";

interface Arguments extends Omit<RunArguments, "maxPrice"> {
  readonly id: string | undefined;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  assertRunsKept(selectedNetwork(hre));
  givenCaps(args);
  return withConnection(
    hre,
    async (open) => {
      const { network } = open;
      const stores = openStores(hre, open.read);
      let { id } = args;
      if (id === undefined) {
        const runs = await runsOf(open, stores);
        const unfinished = runs.filter(
          ({ state }) => state !== "corrupt" && state !== "another chain" && isUnfinished(state),
        );
        const [only, ...others] = unfinished.map((run) => run.id);
        if (only === undefined || others.length > 0) {
          throw new RunAmbiguousError({ network: network.name, open: unfinished.map((run) => run.id) });
        }
        id = only;
      }
      const journal = stores.journal(id);
      const started = lastFact(journal, "started");
      if (started === undefined) throw new RunUnknownError({ id, network: network.name });
      const { question } = started;
      io.log(`run ${id}`);
      // What it was started with was agreed to then; nothing of it is asked for again.
      const run = { open, stores, id, journal, question, revealPrompt: true, noStorage: keepsHere(journal) };
      return carryOut(run, { ...args, maxPrice: undefined }, io);
    },
    io,
  );
});
