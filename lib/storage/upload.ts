/** Brings a file into 0G Storage, from wherever an earlier run left it. */

import type { PutOptions, StorageSource, StorageWriteContext, StoredObject } from "./client.ts";
import {
  ObjectNotFinalError,
  ShardsMissingError,
  SourceChangedError,
  StorageNodeError,
  UploadIncompleteError,
  WrongFlowError,
} from "./client-errors.ts";
import { askSubmission, isHeldBy, type ShardNode } from "./node.ts";
import { named, UploadNodes } from "./nodes.ts";
import { limitsOf, nowOf, poll } from "./settings.ts";
import { asSource, treeOf } from "./source.ts";
import { submitOnce } from "./submit.ts";
import { Progress } from "./upload-progress.ts";
import { uploadMissing, type Target, type Upload } from "./upload-segments.ts";

/** See {@link StorageClient.put}. */
export async function putObject(
  ctx: StorageWriteContext,
  given: StorageSource | Uint8Array,
  options: PutOptions = {},
): Promise<StoredObject> {
  const { waitFor = "uploaded", replicas = 1, tags = "0x" } = options;
  const source = asSource(given);
  const tree = options.tree ?? (await treeOf(source, ctx));
  const { root, shape } = tree;
  if (shape.size !== source.size) {
    const problem = `it has ${source.size} bytes, and the tree is of ${shape.size}`;
    throw new SourceChangedError({ name: source.name, problem });
  }
  const progress = new Progress(root, shape.size, options.onProgress);
  progress.reach("preparing");

  const nodes = await UploadNodes.find(ctx, replicas);
  const beforePaying = async () => source.assertUnchanged();
  const { txSeq, transaction } = await submitOnce(ctx, { tree, tags, nodes: await nodes.choose(), beforePaying });
  progress.reach("submitted");

  const upload: Upload = { ctx, source, tree, txSeq, progress };
  const place = async (chosen: readonly ShardNode[]) => {
    const targets = await logged(upload, chosen);
    progress.reach("logged");
    await uploadMissing(upload, targets);
    progress.reach("uploaded");
    const final = await isFinal(upload, chosen, waitFor === "finalised");
    if (final) progress.reach("finalised");
    return { final, chosen };
  };
  const { final, chosen } = await nodes.withFailover(place).catch((error: unknown) => {
    if (error instanceof ShardsMissingError || error instanceof WrongFlowError) {
      throw new UploadIncompleteError({ root, txSeq, problems: problemsOf(error) }, error);
    }
    throw error;
  });
  return {
    ...{ root, size: shape.size, txSeq },
    state: final ? "finalised" : "uploaded",
    fee: transaction?.value ?? 0n,
    ...(transaction === undefined ? {} : { transaction }),
    nodes: named(chosen),
  };
}

function problemsOf(error: ShardsMissingError | WrongFlowError): readonly string[] {
  const problems = error instanceof ShardsMissingError ? error.problems : [];
  return problems.length === 0 ? [error.message] : problems;
}

/** Waits until every node has seen the submission. @throws {StorageNodeError} for one that does not in time. */
async function logged({ ctx, tree, txSeq }: Upload, nodes: readonly ShardNode[]): Promise<Target[]> {
  const what = `Waiting until submission ${txSeq} is seen`;
  const patienceMs = limitsOf(ctx).logWaitMs;
  return Promise.all(
    nodes.map(async (node) => {
      const look = async () => askSubmission(ctx, node.url, tree.root, txSeq);
      const info = await poll(ctx, { what, patienceMs }, look);
      if (info === undefined) {
        throw new StorageNodeError({ url: node.url, what, problem: `not within ${patienceMs} ms` }, { passing: false });
      }
      const all = Array.from({ length: tree.shape.segments }, (_, index) => index);
      return { node, info, own: all.filter((index) => isHeldBy(node, info.startEntry, index)) };
    }),
  );
}

/**
 * Whether all nodes call the file final; on demand only when they do.
 * @throws {ObjectNotFinalError} when they do not in time, and have to.
 */
async function isFinal({ ctx, tree, txSeq }: Upload, nodes: readonly ShardNode[], mustBe: boolean): Promise<boolean> {
  const started = nowOf(ctx);
  const look = async () => {
    const infos = await Promise.all(nodes.map(async ({ url }) => askSubmission(ctx, url, tree.root, txSeq)));
    return infos.every((info) => info?.finalised) ? true : undefined;
  };
  const waiting = { what: "Waiting until it is final", patienceMs: mustBe ? limitsOf(ctx).finalWaitMs : 0 };
  const final = (await poll(ctx, waiting, look)) ?? false;
  if (mustBe && !final) {
    throw new ObjectNotFinalError({ root: tree.root, txSeq, waitedMs: nowOf(ctx) - started, nodes: named(nodes) });
  }
  return final;
}
