/** All runs of a network, as their journals and the book of budgets tell. */

import type { Budgets } from "../guards/budgets.ts";
import type { Address, Hex } from "../hex.ts";
import { JournalCorruptError, JournalVersionError } from "./errors.ts";
import { lastFact, type Journal } from "./journal.ts";
import { runState, type RunState } from "./state.ts";

export interface RunSummary {
  readonly id: string;
  /** `corrupt`: the journal cannot be read, and `problem` says why. `another chain`: of a network that is gone. */
  readonly state: RunState | "corrupt" | "another chain";
  readonly owner?: Address;
  /** ISO 8601, of the first request; a run that asked nothing has none. */
  readonly asked?: string;
  readonly provider?: Address;
  readonly tokenId?: string;
  /** Gas, storage and answers, in neuron; and what of it is set aside for what nobody knows the end of. */
  readonly spent: bigint;
  readonly reserved: bigint;
  readonly problem?: string;
}

interface Listing {
  readonly ids: readonly string[];
  readonly open: (id: string) => Pick<Journal, "facts">;
  readonly budgets: Budgets;
  readonly genesisHash: Hex;
}

/** Lists runs by the time they asked, those that did not at the end. Reads files only. */
export function listRuns({ ids, open, budgets, genesisHash }: Listing): readonly RunSummary[] {
  const runs = ids.map((id): RunSummary => {
    const { spent, reserved } = budgets.spentBy(id);
    let journal: Pick<Journal, "facts">;
    try {
      journal = open(id);
    } catch (error) {
      if (!(error instanceof JournalCorruptError || error instanceof JournalVersionError)) throw error;
      return { id, state: "corrupt", spent, reserved, problem: error.message };
    }
    const started = lastFact(journal, "started");
    if (started === undefined) {
      const problem = "it does not say how the run was started";
      return { id, state: journal.facts.length === 0 ? "open" : "corrupt", spent, reserved, problem };
    }
    const asked = journal.facts.find((fact) => fact.type === "asked")?.time;
    const provider = (lastFact(journal, "provider") ?? lastFact(journal, "quarantined"))?.provider;
    const tokenId = (lastFact(journal, "reported") ?? lastFact(journal, "minted"))?.tokenId;
    return {
      id,
      state: started.genesisHash === genesisHash ? runState(journal) : "another chain",
      owner: started.owner,
      ...(asked === undefined ? {} : { asked }),
      ...(provider === undefined ? {} : { provider }),
      ...(tokenId === undefined ? {} : { tokenId }),
      spent,
      reserved,
    };
  });
  return runs.sort((a, b) => ((a.asked ?? "~") < (b.asked ?? "~") ? -1 : 1));
}
