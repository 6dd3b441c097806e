import { randomBytes } from "node:crypto";

import { planBatch, workBatch, type BatchDeps, type BatchOutcome, type Collection } from "../../lib/batch/batch.ts";
import { borderOf } from "../../lib/border.ts";
import { BatchIncompleteError } from "../../lib/batch/errors.ts";
import type { BatchPlan } from "../../lib/batch/queue.ts";
import { resultLines } from "../../lib/batch/results.ts";

import { TaskThread } from "../../lib/batch/task-thread.ts";
import type { Counts } from "../../lib/batch/state.ts";
import { genesisHash } from "../../lib/chain/connect.ts";
import { SessionTokens } from "../../lib/compute/session.ts";
import type { Bill } from "../../lib/flow/bill.ts";
import { ownerPublicKey } from "../../lib/inft/owner-key.ts";
import { assertWritable, writeFileAtomic } from "../../lib/storage/atomic-file.ts";
import { isEphemeral, networkNamed } from "../../lib/networks.ts";
import { withUnit } from "../../lib/units.ts";
import type { Answer } from "../support/action.ts";
import { parseClaim, parseCount, required, type SpendingArguments } from "../support/arguments.ts";
import {
  assertOtherFile,
  batchFiles,
  deployment,
  givenItems,
  openQueue,
  planOf,
  receiptKeeper,
  recordedItems,
  redisUrl,
  type ItemArguments,
} from "../support/batch.ts";
import { warnOfClaim } from "../support/claim.ts";
import { selectedNetwork, withConnection } from "../support/connection.ts";
import { assertIdKept, newRunId } from "../support/flow.ts";
import { givenCaps, givenCeiling, openBudgets, standingCeiling, type GuardArguments } from "../support/guards.ts";
import { progressOutput } from "../support/progress.ts";
import { RateProgress } from "../support/rate-progress.ts";
import { approve, billData } from "../support/spend.ts";
import { onChain, spentText } from "../support/spent.ts";
import { openStores } from "../support/stores.ts";
import { storageOfMany } from "../support/storage.ts";
import { table } from "../support/table.ts";
import { openWriter, spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments, ItemArguments, GuardArguments {
  readonly id: string | undefined;
  readonly provider: string | undefined;
  readonly concurrency: string;
  readonly claim: string | undefined;
  readonly revealPrompt: boolean;
  readonly noMint: boolean;
  readonly noStorage: boolean;
  readonly indexer: string | undefined;
  readonly out: string | undefined;
  readonly retryUnanswered: boolean;
  readonly redis: string | undefined;
}

/** A thread takes a second of a core to start. */
const THREAD_PAYS_FROM = 200;
const EXAMPLE = "flow batch questions.jsonl --network localhost --id first";

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  assertIdKept(selectedNetwork(hre), args.id);
  const claim = parseClaim(args.claim);
  if (args.out !== undefined) await assertOtherFile(args.out, args);
  // 0 leaves the asking to workers elsewhere.
  const concurrency = parseCount(args.concurrency, "concurrency", redisUrl(args.redis) === undefined ? 1 : 0);
  const given = await givenItems(args);
  const id =
    given === undefined
      ? required(args.id, "The file, or the --id of a batch", EXAMPLE)
      : (args.id ?? newRunId(new Date()));
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const files = batchFiles(hre, network, id);
      const redis = redisUrl(args.redis);
      const continued = given === undefined;
      const queue = await openQueue(files, redis, { id, network, io, continued, dryRun: args.dryRun });
      try {
        const writer = await openWriter(open, args, io);
        const { ctx, owner } = writer;
        const items = given ?? (await recordedItems(queue, id));
        const recorded = await queue.plan();
        const genesis = await genesisHash(read.provider);
        const { noMint, noStorage } = args;
        const plan = planOf({ id, network, genesisHash: genesis, owner, claim, noMint, noStorage }, items, recorded);
        warnOfClaim(plan.claim, args, io);
        const results = args.out ?? files?.results;
        if (results !== undefined) await assertWritable(results, "private");
        const stores = openStores(hre, read);
        const collection = plan.mint ? await collectionOf(plan) : undefined;
        const output = progressOutput(io);
        const bar = new RateProgress(output, plan.items * (plan.mint ? 2 : 1));
        let agreed: Bill | undefined;
        const deps: BatchDeps = {
          ...{ queue, plan, items, read: ctx, write: ctx, owner, concurrency },
          session: new SessionTokens({ network, provider: read.provider, signer: ctx.signer }),
          // Without the signal: a request that was sent is waited for, because it is paid for.
          http: { border: borderOf(network) },
          random: randomBytes,
          clock: Date.now,
          log: io.log,
          signal: io.signal,
          retryUnanswered: args.retryUnanswered,
          keepReceipt: receiptKeeper(files),
          budgets: openBudgets(hre, network, genesis, givenCaps(args), io.signal),
          ceilings: [givenCeiling(args), standingCeiling()].filter((ceiling) => ceiling !== undefined),
          ...(args.provider === undefined ? {} : { provider: args.provider }),
          ...(collection === undefined ? {} : { collection }),
          approve: async (bill) => {
            const before = agreed;
            agreed = undefined;
            // The plan that was agreed to a moment ago, unless it grew.
            if (before !== undefined && bill.exposure <= before.exposure && bill.walletTotal <= before.walletTotal)
              return true;
            return approve(bill, args, writer, io, `work ${plan.items} items`);
          },
          onProgress: ({ settled, minted, spent }) => {
            bar.update(settled + minted, `${settled} asked, ${minted} minted, ${withUnit(spent)} for answers`);
          },
        };
        const common = {
          network: network.name,
          mode: network.mode,
          id,
          kept: files !== undefined,
          owner,
          items: plan.items,
        };
        // A batch is begun when its plan is agreed to: what was refused binds nobody to its file.
        if (recorded === undefined) {
          const bill = await planBatch(deps);
          if (!(await deps.approve(bill))) return dryRun({ ...common, plan: billData(bill) });
          agreed = bill;
        }
        await queue.begin(plan, items);
        const thread = plan.items < THREAD_PAYS_FROM ? undefined : new TaskThread();
        const working = thread === undefined ? deps : { ...deps, arithmetic: thread.do };
        const outcome = await workBatch(working).finally(async () => {
          bar.end();
          await thread?.close();
        });
        if (outcome.status === "planned") return dryRun({ ...common, plan: billData(outcome.bill) });
        const lines = await resultLines(queue);
        if (results !== undefined) await writeFileAtomic(results, lines, "private");
        return answerOf({ outcome, plan, common, results, lines });

        async function collectionOf({ stores: storing }: BatchPlan): Promise<Collection> {
          const { bill, deploy } = await deployment({ open, stores, writer, files, io });
          const put = storing ? await storageOfMany(open, args.indexer, io) : undefined;
          return {
            rows: bill.rows,
            deploy,
            ownerPublicKey: await ownerPublicKey(ctx.signer),
            objects: stores.objects,
            ...(put === undefined ? {} : { store: async (ciphertexts) => put(ctx, ciphertexts) }),
          };
        }
      } finally {
        await queue.close();
      }
    },
    io,
  );
});

function dryRun(data: object): Answer {
  return { data: { ...data, dryRun: true }, text: ["dry run: nothing was sent"] };
}

function countLines(counts: Counts): string[] {
  const rows = Object.entries(counts).flatMap(([state, count]) => (count === 0 ? [] : [[String(count), state]]));
  return table(rows, ["right", "left"]);
}

/** Items that did not come to their end. */
function openItems(counts: Counts, { items, mint }: BatchPlan): number {
  return items - (mint ? counts.minted : counts.verified);
}

interface Ended {
  readonly outcome: BatchOutcome;
  readonly plan: BatchPlan;
  readonly common: object;
  readonly results: string | undefined;
  readonly lines: string;
}

function answerOf({ outcome, plan, common, results, lines }: Ended): Answer {
  const { counts, bill, spent, sent, service, stopped, unknownCharge } = outcome;
  const open = openItems(counts, plan);
  const network = networkNamed(plan.network);
  const { gas, storage } = onChain(network, sent);
  const incomplete = open === 0 ? undefined : new BatchIncompleteError({ id: plan.id, counts, open });
  return {
    data: {
      ...common,
      counts,
      plan: billData(bill),
      spent: { gas, answers: spent, storage },
      ...(unknownCharge === undefined ? {} : { unknownCharge }),
      ...(service === undefined ? {} : { provider: service.provider, model: service.model }),
      transactions: sent.map(({ what, hash, fee }) => ({ what, hash, fee })),
      ...(results === undefined
        ? { results: lines.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as object])) }
        : { results }),
    },
    text: [
      ...(results === undefined ? lines.trimEnd().split("\n") : []),
      "",
      ...countLines(counts),
      "",
      `spent ${spentText({ gas, answers: spent, storage })}`,
      ...(results === undefined ? [] : [`results ${results}`]),
      isEphemeral(network)
        ? "Nothing of this is kept: the network lived in this process."
        : `batch ${plan.id}; the same command with --id ${plan.id} repeats nothing (${network.name})`,
    ],
    refusal: stopped ?? incomplete,
  };
}
