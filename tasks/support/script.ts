/** Runs steps of the flow from a script: the same plan, questions, records and exit codes as the tasks. */

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { FlowContext, FlowStep } from "../../lib/flow/context.ts";
import { openRun, planFlow, runFlow } from "../../lib/flow/flow.ts";
import type { Question } from "../../lib/flow/question.ts";
import type { Answer } from "./action.ts";
import { withConnection } from "./connection.ts";
import { flowContext, newRunId } from "./flow.ts";
import { approve } from "./spend.ts";
import { openStores } from "./stores.ts";
import { openWriter, spendingAction } from "./write.ts";

export interface Script {
  readonly what: string;
  readonly steps: readonly FlowStep[];
  readonly question: Question;
  /** What to print when every step is done. */
  readonly report: (ctx: FlowContext) => Promise<readonly string[]> | readonly string[];
}

export async function runScript(hre: HardhatRuntimeEnvironment, script: Script): Promise<void> {
  const { what, steps, question, report } = script;
  const noOptions = { yes: false, dryRun: false, maxSpend: undefined };
  const run = spendingAction<typeof noOptions>(async (args, _hre, io): Promise<Answer> =>
    withConnection(
      hre,
      async (open) => {
        const id = newRunId(new Date());
        const stores = openStores(hre, open.read);
        const journal = stores.journal(id);
        const writer = await openWriter(open, args, io);
        const parts = { open, stores, journal, question, io, writer, id, retryUnanswered: false };
        const ctx = await flowContext(parts);
        const plan = await planFlow(ctx, steps);
        await approve(plan, args, writer, io, what);
        openRun(journal, ctx);
        await runFlow({ ...ctx, plan }, steps);
        return { data: {}, text: await report(ctx) };
      },
      io,
    ),
  );
  await run(noOptions, hre);
}
