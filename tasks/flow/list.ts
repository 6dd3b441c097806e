import { format0g } from "../../lib/units.ts";
import { action, type Answer } from "../support/action.ts";
import { selectedNetwork, withConnection } from "../support/connection.ts";
import { assertRunsKept } from "../support/flow.ts";
import { runsOf } from "../support/runs.ts";
import { openStores } from "../support/stores.ts";
import { table } from "../support/table.ts";

export default action<object>(async (_args, hre, io): Promise<Answer> => {
  assertRunsKept(selectedNetwork(hre));
  return withConnection(
    hre,
    async (open) => {
      const { network } = open;
      const runs = await runsOf(open, openStores(hre, open.read));
      const rows = runs.map(({ id, state, asked, provider, spent, reserved, tokenId, problem }) => [
        id,
        state,
        asked ?? "",
        provider ?? "",
        format0g(spent),
        format0g(reserved),
        tokenId ?? problem ?? "",
      ]);
      return {
        data: { network: network.name, mode: network.mode, runs },
        text:
          rows.length === 0
            ? [`no runs on ${network.name}`]
            : table(
                [["run", "state", "asked", "provider", "spent 0G", "set aside 0G", "token"], ...rows],
                ["left", "left", "left", "left", "right", "right", "left"],
              ),
      };
    },
    io,
  );
});
