/** Stores many small objects: one transaction submits them all, then each goes to the nodes. */

import type { ConfirmedTransaction } from "../chain/send.ts";
import { sendTransaction } from "../chain/send.ts";
import { checksum } from "../hex.ts";
import { inParallel } from "../parallel.ts";
import type { StorageWriteContext } from "./client.ts";
import { batchSubmissionDraft, findSubmissions, readPricePerSector } from "./flow.ts";
import type { StorageTree } from "./merkle.ts";
import { asSource, treeOf } from "./source.ts";
import { storageClient } from "./storage-client.ts";
import { inTurn } from "./turns.ts";

/**
 * Makes sure that objects are on 0G Storage. What the chain has a submission of is not paid again; comes back when nodes of
 * every shard have all of them.
 * @throws what `StorageClient.put` does.
 */
export async function putMany(
  ctx: StorageWriteContext,
  objects: readonly Uint8Array[],
): Promise<ConfirmedTransaction[]> {
  const things = await inParallel(objects, async (bytes) => ({ bytes, tree: await treeOf(asSource(bytes), ctx) }));
  const submitter = checksum(await ctx.signer.getAddress());
  const sent: ConfirmedTransaction[] = [];
  await inTurn(ctx, submitter, async () => {
    const trees = await unsubmitted(
      ctx,
      things.map(({ tree }) => tree),
    );
    if (trees.length === 0) return;
    const pricePerSector = await readPricePerSector(ctx);
    sent.push(await sendTransaction(ctx, batchSubmissionDraft(ctx, { trees, submitter, pricePerSector })));
  });
  const client = storageClient(ctx);
  const stored = await inParallel(things, async ({ bytes, tree }) => client.put(bytes, { tree }));
  return [...sent, ...stored.flatMap(({ transaction }) => transaction ?? [])];
}

async function unsubmitted(ctx: StorageWriteContext, trees: readonly StorageTree[]): Promise<StorageTree[]> {
  const found = await inParallel(trees, async ({ nodes, shape }) => {
    const { submissions } = await findSubmissions(ctx, nodes);
    return submissions.some(({ size }) => size === shape.size);
  });
  return trees.filter((_, position) => found[position] !== true);
}
