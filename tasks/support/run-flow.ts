/** Carries a run to its end, from wherever it stands: what `flow run` and `flow resume` have in common. */

import { storedFact } from "../../lib/flow/audit.ts";
import type { Bill } from "../../lib/flow/bill.ts";
import type { FlowContext } from "../../lib/flow/context.ts";
import { expensesOf } from "../../lib/flow/expenses.ts";
import {
  assertMayAsk,
  assertSameRun,
  openRun,
  planFlow,
  reconcile,
  runFlow,
  startedClaim,
} from "../../lib/flow/flow.ts";
import { lastFact, type Journal } from "../../lib/flow/journal.ts";
import type { StepOutcome } from "../../lib/flow/step.ts";
import type { Question } from "../../lib/flow/question.ts";
import type { PriceCeiling } from "../../lib/guards/price-ceiling.ts";
import type { ClaimMode } from "../../lib/inft/claim.ts";
import { inferenceTokenId } from "../../lib/inft/mint.ts";
import { resultOfReceipt } from "../../lib/inft/receipt.ts";
import { explorerLink, type Network } from "../../lib/networks.ts";
import type { Answer, TaskIo } from "./action.ts";
import type { SpendingArguments } from "./arguments.ts";
import { checkLines } from "./checks.ts";
import { warnOfClaim } from "./claim.ts";
import type { OpenConnection } from "./connection.ts";
import { flowContext } from "./flow.ts";
import { givenCaps, type GuardArguments } from "./guards.ts";
import { approve, billData } from "./spend.ts";
import { onChain, spentText } from "./spent.ts";
import type { Stores } from "./stores.ts";
import { pairs } from "./table.ts";
import { openWriter, transactionData } from "./write.ts";

/** The options that both commands take. */
export interface RunArguments extends SpendingArguments, GuardArguments {
  readonly retryUnanswered: boolean;
  readonly retryRejected: boolean;
  readonly waitFinal: boolean;
  readonly indexer: string | undefined;
}

/** A run that is begun, or gone on with. */
export interface Run {
  readonly open: OpenConnection;
  readonly stores: Stores;
  readonly id: string;
  readonly journal: Journal;
  readonly question: Question;
  /** Absent: as it was started. */
  readonly claim?: ClaimMode | undefined;
  readonly maxPrice?: PriceCeiling | undefined;
  readonly revealPrompt: boolean;
  readonly noStorage: boolean;
}

/** What the run came to, from its journal and its records. */
async function outcome(ctx: FlowContext) {
  const receipt = lastFact(ctx.journal, "answered")?.receipt;
  const inft = lastFact(ctx.journal, "sealed")?.inft;
  if (receipt === undefined || inft === undefined) {
    throw new Error("every step is done, but the journal lacks what they made");
  }
  // Worked out, not remembered: a run that was killed right after its mint has no note of it.
  const { network } = ctx.read;
  return { receipt, inft, tokenId: inferenceTokenId(network, resultOfReceipt(receipt, network.mode)).toString() };
}

/** How real all of this was. */
function modeText({ mode, title }: Network): string {
  if (mode === "live") return "live";
  return `${mode}: ${title}; 0G's contracts are real, the provider is simulated: no TEE, nothing real was paid`;
}

/** Where people can look at the transactions, on networks that have an explorer. */
function explorerPairs(network: Network, { sent }: FlowContext): (readonly [string, string])[] {
  return sent.flatMap(({ what, hash }) => {
    const link = explorerLink(network, "tx", hash);
    return link === undefined ? [] : [[what, link] as const];
  });
}

/** An outage of 0G Storage is found before an answer is paid for that would wait for its end. */
async function assertStorable({ storage, write, journal }: FlowContext): Promise<void> {
  if (lastFact(journal, "answered") === undefined) await storage?.(write).estimate(Uint8Array.of(0));
}

/** Where the result and the log of the run are. */
function storedPairs({ journal }: FlowContext): (readonly [string, string])[] {
  const [data, log] = [storedFact(journal, "data"), storedFact(journal, "final log")];
  return [
    ...(data === undefined ? [] : [["stored", `${data.root}, ${data.size} B, encrypted for the owner`] as const]),
    ...(log === undefined ? [] : [["audit log", log.root] as const]),
  ];
}

function keptLines(stores: Stores, id: string): string[] {
  if (stores.kept) return [`run ${id}; the same command with --id ${id} repeats nothing`];
  return [
    "Nothing of this is kept: the network lived in this process. To keep it:",
    "  npx hardhat galileo up                                (in another terminal)",
    "  npx hardhat flow run --network localhost --id first",
  ];
}

/** Plans what is left of a run, asks for agreement, and does it. */
export async function carryOut(run: Run, args: RunArguments, io: TaskIo): Promise<Answer> {
  const { open, stores, id, journal, claim, revealPrompt } = run;
  const { network } = open;
  warnOfClaim(claim ?? startedClaim(journal), { revealPrompt }, io);
  const writer = await openWriter(open, args, io);
  const { retryUnanswered, retryRejected, waitFinal, indexer } = args;
  const caps = givenCaps(args);
  const settings = { retryUnanswered, retryRejected, waitFinal, indexer, caps };
  const ctx = await flowContext({ ...run, ...settings, io, writer });
  assertSameRun(journal, ctx);
  // From here on the run is this command's, but for a look.
  if (!args.dryRun) journal.hold();
  try {
    if (!args.dryRun) await reconcile(ctx);
    await assertMayAsk(ctx);
    await assertStorable(ctx);
    const bill = await planFlow(ctx);
    ctx.budgets?.assertWouldFit(expensesOf(id, bill));
    const common = { network: network.name, mode: network.mode, id, kept: stores.kept, owner: ctx.owner };
    if (!(await approve(bill, args, writer, io, "run the flow", { exact: caps.day !== undefined }))) {
      return { data: { ...common, dryRun: true, plan: billData(bill) }, text: ["dry run: nothing was sent"] };
    }
    openRun(journal, ctx);
    const steps = await runFlow({ ...ctx, plan: bill });
    return await report(ctx, stores, { common, steps, bill });
  } finally {
    journal.release();
  }
}

async function report(
  ctx: FlowContext,
  stores: Stores,
  { common, steps, bill }: { common: object; steps: readonly StepOutcome[]; bill: Bill },
): Promise<Answer> {
  const { network } = ctx.read;
  const { receipt, inft, tokenId } = await outcome(ctx);
  // By this command: a run that is continued may have paid for its answer before.
  const answered = steps.some(({ id: step, state }) => step === "infer" && state === "done now");
  const { gas, storage } = onChain(network, ctx.sent);
  const spent = { gas, answer: answered ? BigInt(receipt.fee.fee) : 0n, storage };
  const { model, provider } = receipt.service;
  return {
    data: {
      ...common,
      steps,
      inft,
      tokenId,
      provider,
      model,
      content: receipt.content,
      signer: receipt.service.teeSignerAddress,
      checks: receipt.checks,
      plan: billData(bill),
      spent,
      stored: ctx.journal.facts.flatMap((fact) => (fact.type === "stored" ? [{ ...fact, type: undefined }] : [])),
      transactions: ctx.sent.map((sent) => transactionData(network, sent)),
      receipt,
    },
    text: [
      "",
      receipt.content,
      "",
      ...checkLines(receipt.checks),
      "",
      ...pairs([
        ["token", tokenId],
        ["contract", explorerLink(network, "address", inft) ?? inft],
        ["owner", ctx.owner],
        ...storedPairs(ctx),
        ["model", `${model} at ${provider}`],
        ["mode", modeText(network)],
        ...explorerPairs(network, ctx),
        ["spent", spentText({ gas, storage, answers: spent.answer }, ctx.budgets?.spentBy(ctx.id).spent)],
      ]),
      "",
      ...keptLines(stores, ctx.id),
    ],
  };
}
