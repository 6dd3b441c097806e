/** Puts the parts of the 0G Storage client together. */

import { checksum, type Hex } from "../hex.ts";
import type {
  FetchedObject,
  GetOptions,
  PutOptions,
  StorageClient,
  StorageContext,
  StorageReader,
  StorageSource,
  StorageWriteContext,
  UploadEstimate,
} from "./client.ts";
import { readObject } from "./download.ts";
import { readPricePerSector, storageFee, submissionDraft } from "./flow.ts";
import { UploadNodes } from "./nodes.ts";
import { writeOutputFile } from "./output-file.ts";
import { asSource, treeOf } from "./source.ts";
import { objectExists, readStatus } from "./status.ts";
import { findSubmitted } from "./submit.ts";
import { putObject } from "./upload.ts";

/** A client that reads. */
export function storageReader(ctx: StorageContext): StorageReader {
  return {
    read: (root, options) => readObject(ctx, root, options),
    getBytes: async (root, options) => getBytes(ctx, root, options),
    getFile: async (root, file, options = {}) =>
      writeOutputFile(file, readObject(ctx, root, options), { force: options.force ?? false }),
    exists: async (root) => objectExists(ctx, root),
    status: async (root) => readStatus(ctx, root),
  };
}

/** A client that also writes, as the signer of `ctx`. */
export function storageClient(ctx: StorageWriteContext): StorageClient {
  return {
    ...storageReader(ctx),
    put: async (source, options) => putObject(ctx, source, options),
    estimate: async (source, options) => estimateUpload(ctx, source, options),
  };
}

async function getBytes(
  ctx: StorageContext,
  root: Hex,
  options?: GetOptions,
): Promise<FetchedObject & { readonly bytes: Uint8Array }> {
  const pieces: Uint8Array[] = [];
  const reading = readObject(ctx, root, options);
  for (;;) {
    const { done, value } = await reading.next();
    if (done === true) return { ...value, bytes: new Uint8Array(Buffer.concat(pieces, value.size)) };
    pieces.push(value);
  }
}

async function estimateUpload(
  ctx: StorageWriteContext,
  given: StorageSource | Uint8Array,
  { tags = "0x", replicas = 1 }: Pick<PutOptions, "tags" | "replicas"> = {},
): Promise<UploadEstimate> {
  const tree = await treeOf(asSource(given), ctx);
  const nodes = await (await UploadNodes.find(ctx, replicas)).choose();
  const [pricePerSector, known, submitter] = await Promise.all([
    readPricePerSector(ctx),
    findSubmitted(ctx, nodes, tree),
    ctx.signer.getAddress(),
  ]);
  const { root, shape } = tree;
  const values = { root, size: shape.size, sectors: shape.paddedChunks, pricePerSector, tree };
  if (known !== undefined) return { ...values, fee: 0n };
  const draft = submissionDraft(ctx, { tree, submitter: checksum(submitter), tags, pricePerSector });
  return { ...values, fee: storageFee(tree, pricePerSector), draft };
}
