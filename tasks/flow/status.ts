import { RunUnknownError } from "../../lib/flow/errors.ts";
import { flowStatus } from "../../lib/flow/flow.ts";
import { lastFact, unanswered } from "../../lib/flow/journal.ts";
import { runState, type RunState } from "../../lib/flow/state.ts";
import { outcomeLine } from "../../lib/flow/step.ts";
import { action, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { selectedNetwork, withConnection } from "../support/connection.ts";
import { assertRunsKept, flowReadContext, keepsHere } from "../support/flow.ts";
import { openStores } from "../support/stores.ts";

interface Arguments {
  readonly id: string | undefined;
}

interface Ending {
  readonly id: string;
  readonly network: string;
  readonly state: RunState;
  readonly openSteps: number;
}

function ending({ id, network, state, openSteps }: Ending): string {
  const resume = `npx hardhat flow resume --network ${network} --id ${id}`;
  switch (state) {
    case "done":
      return "everything is done";
    case "abandoned":
      return "abandoned; it is not continued";
    case "outcome unknown":
      return `outcome unknown: a request left and no answer was stored; what the provider charged: ${resume}`;
    case "quarantined":
      return `quarantined: its answer failed a check; to ask another provider: ${resume} --retry-rejected`;
    case "open":
      return `${openSteps} open; continue: ${resume}`;
  }
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  assertRunsKept(selectedNetwork(hre));
  const id = required(args.id, "The name of the run", "flow status --network localhost --id first");
  return withConnection(
    hre,
    async (open) => {
      const stores = openStores(hre, open.read);
      const journal = stores.journal(id);
      const started = lastFact(journal, "started");
      if (started === undefined) {
        throw new RunUnknownError({ id, network: open.network.name });
      }
      const { owner, question } = started;
      const noStorage = keepsHere(journal);
      const steps = await flowStatus(await flowReadContext({ open, stores, journal, owner, question, noStorage, io }));
      const openSteps = steps.filter(({ state }) => state === "open").length;
      const network = open.network.name;
      const state = openSteps === 0 ? "done" : runState(journal);
      const lost = unanswered(journal);
      return {
        data: {
          ...{ network, mode: open.network.mode, id, owner, state, done: openSteps === 0, steps },
          ...(lost === undefined ? {} : { asked: lost.provider, possibleCharge: lost.worst ?? null }),
        },
        text: [
          ...steps.map((step, index) => outcomeLine(step, index, steps.length)),
          ending({ id, network, state, openSteps }),
        ],
      };
    },
    io,
  );
});
