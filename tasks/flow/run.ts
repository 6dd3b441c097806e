import { assertSameRun, openRun, planFlow, runFlow, startedClaim } from "../../lib/flow/flow.ts";
import type { FlowContext } from "../../lib/flow/context.ts";
import { storedFact } from "../../lib/flow/audit.ts";
import { lastFact } from "../../lib/flow/journal.ts";
import { inferenceTokenId } from "../../lib/inft/mint.ts";
import { resultOfReceipt } from "../../lib/inft/receipt.ts";
import { explorerLink, type Network } from "../../lib/networks.ts";
import { withUnit } from "../../lib/units.ts";
import type { Answer } from "../support/action.ts";
import { parseClaim, type SpendingArguments } from "../support/arguments.ts";
import { checkLines } from "../support/checks.ts";
import { selectedNetwork, withConnection } from "../support/connection.ts";
import { assertIdKept, flowContext, newRunId, questionOf } from "../support/flow.ts";
import type { PromptArguments } from "../support/prompt.ts";
import { warnOfClaim } from "../support/claim.ts";
import { approve, billData } from "../support/spend.ts";
import { openStores, type Stores } from "../support/stores.ts";
import { pairs } from "../support/table.ts";
import { openWriter, spendingAction, transactionData } from "../support/write.ts";

interface Arguments extends SpendingArguments, PromptArguments {
  readonly id: string | undefined;
  readonly claim: string | undefined;
  readonly revealPrompt: boolean;
  readonly retryUnanswered: boolean;
  readonly noStorage: boolean;
  readonly waitFinal: boolean;
  readonly indexer: string | undefined;
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

function spentText({ gas, answer, storage }: { gas: bigint; answer: bigint; storage: bigint }): string {
  const stored = storage === 0n ? "" : `, ${withUnit(storage)} for storage`;
  return `${withUnit(gas)} gas, ${withUnit(answer)} for the answer${stored}`;
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

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  assertIdKept(selectedNetwork(hre), args.id);
  const claim = parseClaim(args.claim);
  return withConnection(
    hre,
    async (open) => {
      const { network } = open;
      const id = args.id ?? newRunId(new Date());
      const stores = openStores(hre, open.read);
      const journal = stores.journal(id);
      const question = await questionOf(network, journal, args);
      warnOfClaim(claim ?? startedClaim(journal), args, io);
      const writer = await openWriter(open, args, io);
      const { retryUnanswered, noStorage, waitFinal, indexer } = args;
      const settings = { id, retryUnanswered, noStorage, waitFinal, indexer };
      const ctx = await flowContext({ open, stores, journal, question, claim, io, writer, ...settings });
      assertSameRun(journal, ctx);
      await assertStorable(ctx);
      const bill = await planFlow(ctx);
      const common = { network: network.name, mode: network.mode, id, kept: stores.kept, owner: ctx.owner };
      if (!(await approve(bill, args, writer, io, "run the flow"))) {
        return { data: { ...common, dryRun: true, plan: billData(bill) }, text: ["dry run: nothing was sent"] };
      }
      openRun(journal, ctx);
      const steps = await runFlow({ ...ctx, plan: bill });
      const { receipt, inft, tokenId } = await outcome(ctx);
      // By this command: a run that is continued may have paid for its answer before.
      const answered = steps.some(({ id: step, state }) => step === "infer" && state === "done now");
      const spent = {
        gas: ctx.sent.reduce((sum, { fee }) => sum + fee, 0n),
        answer: answered ? BigInt(receipt.fee.fee) : 0n,
        storage: ctx.sent.reduce(
          (sum, { value, receipt: { to } }) => (to === network.contracts.storageFlow ? sum + value : sum),
          0n,
        ),
      };
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
            ["spent", spentText(spent)],
          ]),
          "",
          ...keptLines(stores, id),
        ],
      };
    },
    io,
  );
});
