/** The runs of a network, for the commands that show or choose one. */

import { genesisHash } from "../../lib/chain/connect.ts";
import { listRuns, type RunSummary } from "../../lib/flow/runs.ts";
import type { OpenConnection } from "./connection.ts";
import { openBudgets } from "./guards.ts";
import type { Stores } from "./stores.ts";

export async function runsOf(open: OpenConnection, stores: Stores): Promise<readonly RunSummary[]> {
  const genesis = await genesisHash(open.read.provider);
  const budgets = openBudgets(open.hre, open.network, genesis, {});
  return listRuns({ ids: stores.runs(), open: stores.journal, budgets, genesisHash: genesis });
}
