import { RUN_RECEIPT_VERSION } from "../../compute/receipt-schema.ts";
import { auditTags } from "../../inft/audit-trail.ts";
import { inferenceTokenId } from "../../inft/mint.ts";
import { resultOfReceipt } from "../../inft/receipt.ts";
import { readToken } from "../../inft/show.ts";
import type { Hex } from "../../hex.ts";
import type { StorageClient } from "../../storage/client.ts";
import { storageRoot } from "../../storage/merkle.ts";
import { completionLog, finalLog, storedFact, type StoredWhat } from "../audit.ts";
import { assertPlanned } from "../bill.ts";
import type { FlowContext, FlowReadContext, FlowStep } from "../context.ts";
import { lastFact } from "../journal.ts";

/** The client of a step, which spends and journals as that step does. */
function clientOf(ctx: FlowContext): StorageClient {
  if (ctx.storage === undefined) throw new Error("a run without 0G Storage has no such step");
  return ctx.storage(ctx.write);
}

/** Stores bytes unless this run has, and writes down where they are. */
async function storeOnce(ctx: FlowContext, what: StoredWhat, bytes: Uint8Array, tags: Hex = "0x"): Promise<void> {
  if (storedFact(ctx.journal, what)?.root === storageRoot(bytes)) return;
  const client = clientOf(ctx);
  const { fee, tree } = await client.estimate(bytes, { tags });
  assertPlanned(ctx.plan, "storage", fee, `store the ${what}`);
  ctx.journal.append({ type: "storing", what, root: storageRoot(bytes), size: bytes.length });
  const { root, size, txSeq, transaction } = await client.put(bytes, {
    tags,
    tree,
    waitFor: ctx.waitFor ?? "uploaded",
  });
  if (transaction !== undefined) ctx.sent.push(transaction);
  const hash = transaction === undefined ? {} : { hash: transaction.hash };
  ctx.journal.append({ type: "stored", what, root, size, txSeq, ...hash });
}

/** What the token lists, once it is encrypted. */
function dataHash({ journal }: FlowReadContext): Hex | undefined {
  return lastFact(journal, "sealed")?.data.datas[0]?.dataHash;
}

function identity({ read, genesisHash, owner }: FlowReadContext) {
  return { chainId: read.network.chainId, genesisHash, owner };
}

/** Before the mint: a token whose bytes are nowhere is worth nothing. */
export const storeStep: FlowStep = {
  id: "store",
  title: "store",
  check: async (ctx) => {
    const root = dataHash(ctx);
    if (root === undefined) return { done: false, reason: "nothing to store" };
    const [data, log] = [storedFact(ctx.journal, "data"), storedFact(ctx.journal, "log")];
    const receipt = lastFact(ctx.journal, "answered")?.receipt;
    if (data?.root !== root) return { done: false, reason: "not on 0G Storage" };
    if (receipt?.version === RUN_RECEIPT_VERSION && log?.root !== receipt.auditLog) {
      return { done: false, reason: "its audit log is not on 0G Storage" };
    }
    return { done: true, detail: `${data.size} B on 0G Storage, submission ${data.txSeq}` };
  },
  run: async (ctx) => {
    const root = dataHash(ctx);
    const receipt = lastFact(ctx.journal, "answered")?.receipt;
    const bytes = root === undefined ? undefined : await ctx.objects.get(root);
    if (bytes === undefined || receipt === undefined) throw new Error("a step ran before the answer was sealed");
    await storeOnce(ctx, "data", bytes);
    if (receipt.version === RUN_RECEIPT_VERSION) {
      await storeOnce(ctx, "log", completionLog(identity(ctx), ctx.journal, receipt));
    }
  },
};

/** The last step: the log as it ends names the token, so that whoever has the token finds it. */
export const reportStep: FlowStep = {
  id: "report",
  title: "report",
  check: async ({ journal }) => {
    const log = storedFact(journal, "final log");
    return log === undefined
      ? { done: false, reason: "the audit log is not on 0G Storage" }
      : { done: true, detail: `audit log ${log.root}` };
  },
  run: async (ctx) => {
    const { journal, read, records } = ctx;
    const [answered, sealed] = [lastFact(journal, "answered"), lastFact(journal, "sealed")];
    if (answered === undefined || sealed === undefined) throw new Error("a step ran before its inputs were there");
    const { inft } = sealed;
    const tokenId = inferenceTokenId(read.network, resultOfReceipt(answered.receipt, read.network.mode));
    if (lastFact(journal, "reported") === undefined) {
      // Not from the journal: a run that was killed right after its mint has no note of it.
      const fromBlock = (await records.inft.load())?.block ?? 0;
      const { record } = await readToken(read, { inft, tokenId, fromBlock });
      if (record === undefined) throw new Error(`token ${tokenId} has no record of its mint`);
      const time = new Date(ctx.clock()).toISOString();
      journal.append({ type: "reported", time, tokenId: tokenId.toString(), transaction: record.transaction });
    }
    const log = finalLog(identity(ctx), journal);
    if (log === undefined) throw new Error("the run has reported, and its log is not there");
    await storeOnce(ctx, "final log", log, auditTags(inft, tokenId));
  },
};
