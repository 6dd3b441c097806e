/** Runs steps of the flow from a script: the same plan, questions, records and exit codes as the tasks. */

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { setting } from "../../lib/env.ts";
import type { FlowContext, FlowStep } from "../../lib/flow/context.ts";
import { expensesOf } from "../../lib/flow/expenses.ts";
import { openRun, planFlow, runFlow } from "../../lib/flow/flow.ts";
import { storeStep } from "../../lib/flow/steps/store.ts";
import type { Question } from "../../lib/flow/question.ts";
import { parseAmount } from "../../lib/units.ts";
import type { Answer } from "./action.ts";
import type { SpendingArguments } from "./arguments.ts";
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
  // `hardhat run` passes no options on, so consent comes from the environment: a cap stands for --yes with --max-spend.
  const cap = setting("ZG_SPENDING_CAP")?.value;
  const capped = cap !== undefined && parseAmount(cap, "ZG_SPENDING_CAP") > 0n;
  const options: SpendingArguments = { yes: capped, dryRun: false, maxSpend: capped ? cap : undefined };
  const run = spendingAction(async (args, _hre, io): Promise<Answer> =>
    withConnection(
      hre,
      async (open) => {
        const id = newRunId(new Date());
        const stores = openStores(hre, open.read);
        const journal = stores.journal(id);
        const writer = await openWriter(open, args, io);
        const noStorage = !steps.includes(storeStep);
        const parts = { open, stores, journal, question, io, writer, id, retryUnanswered: false, noStorage };
        const ctx = await flowContext(parts);
        const plan = await planFlow(ctx, steps);
        ctx.budgets?.assertWouldFit(expensesOf(id, plan));
        await approve(plan, args, writer, io, what);
        openRun(journal, ctx);
        try {
          await runFlow({ ...ctx, plan }, steps);
          return { data: {}, text: await report(ctx) };
        } finally {
          journal.release();
        }
      },
      io,
    ),
  );
  await run(options, hre);
}
