import { UsageError } from "../../lib/errors.ts";
import { flowStatus } from "../../lib/flow/flow.ts";
import { lastFact } from "../../lib/flow/journal.ts";
import { outcomeLine } from "../../lib/flow/step.ts";
import { action, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { selectedNetwork, withConnection } from "../support/connection.ts";
import { assertIdKept, flowReadContext } from "../support/flow.ts";
import { openStores } from "../support/stores.ts";

interface Arguments {
  readonly id: string | undefined;
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  assertIdKept(selectedNetwork(hre), args.id ?? "");
  const id = required(args.id, "The name of the run", "flow status --network localhost --id first");
  return withConnection(
    hre,
    async (open) => {
      const stores = openStores(hre, open.read);
      const journal = stores.journal(id);
      const started = lastFact(journal, "started");
      if (started === undefined) {
        throw new UsageError({
          message: `There is no run ${JSON.stringify(id)} on ${open.network.name}`,
          remedy: `Start it: npx hardhat flow run --network ${open.network.name} --id ${id}`,
          details: { id, network: open.network.name },
        });
      }
      const { owner, question, storage } = started;
      const noStorage = storage === false;
      const steps = await flowStatus(await flowReadContext({ open, stores, journal, owner, question, noStorage, io }));
      const openSteps = steps.filter(({ state }) => state === "open").length;
      return {
        data: { network: open.network.name, mode: open.network.mode, id, owner, done: openSteps === 0, steps },
        text: [
          ...steps.map((step, index) => outcomeLine(step, index, steps.length)),
          openSteps === 0
            ? "everything is done"
            : `${openSteps} open; continue: npx hardhat flow run --network ${open.network.name} --id ${id}`,
        ],
      };
    },
    io,
  );
});
