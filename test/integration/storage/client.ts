import { readFile, writeFile, stat } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { storageClient, storageReader } from "../../../lib/storage/storage-client.ts";
import type { UploadProgress } from "../../../lib/storage/client.ts";
import { ObjectNotFinalError, ObjectNotFoundError, ObjectTooLargeError } from "../../../lib/storage/client-errors.ts";
import { EmptyObjectError, OutputExistsError, StorageRootMalformedError } from "../../../lib/storage/errors.ts";
import { readPricePerSector } from "../../../lib/storage/flow.ts";
import { paddedChunks, storageRoot } from "../../../lib/storage/merkle.ts";
import { FileSource } from "../../../lib/storage/source.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { bootStorage, freshBytes, SEGMENTS, type TestStorage } from "./support/storage.ts";

describe("the storage client on the embedded network", () => {
  let world: TestStorage;
  let folder: TemporaryFolder;

  before(async () => {
    [world, folder] = await Promise.all([bootStorage(), temporaryFolder()]);
  });

  after(async () => {
    await world.close();
    await folder.remove();
  });

  afterEach(() => {
    world.storage.misbehave(undefined);
    world.storage.node(0).misbehave(undefined);
  });

  for (const size of [1, 255, 256, 257, 5000, SEGMENTS(1), SEGMENTS(1, 1), SEGMENTS(5, 77)]) {
    it(`stores ${size} bytes and reads them again`, async () => {
      const { ctx } = await world.user();
      const client = storageClient(ctx);
      const bytes = freshBytes(size);
      const stored = await client.put(bytes);
      expect(stored).to.deep.include({ root: storageRoot(bytes), size, state: "finalised" });
      const fetched = await client.getBytes(stored.root);
      expect(fetched).to.deep.include({ size, txSeq: stored.txSeq, sizeFrom: "chain", nodes: stored.nodes });
      expect(Buffer.compare(fetched.bytes, bytes)).to.equal(0);
    });
  }

  describe("put", () => {
    it("reports what happens as it happens, and every byte", async () => {
      const { ctx } = await world.user();
      const bytes = freshBytes(SEGMENTS(4, 5));
      const reports: UploadProgress[] = [];
      await storageClient(ctx).put(bytes, { onProgress: (report) => reports.push(report) });
      const states = [...new Set(reports.map(({ state }) => state))];
      expect(states).to.deep.equal(["preparing", "submitted", "logged", "uploaded", "finalised"]);
      const uploading = reports.filter(({ state }) => state === "logged").map(({ done }) => done);
      expect(uploading).to.deep.equal([...uploading].sort((one, other) => one - other));
      expect(reports.at(-1)).to.include({ done: bytes.length, total: bytes.length });
    });

    it("pays the sectors of the padded file, to the neuron", async () => {
      const user = await world.user();
      const client = storageClient(user.ctx);
      const bytes = freshBytes(SEGMENTS(1, 1));
      const price = await readPricePerSector(world.read);
      const estimate = await client.estimate(bytes);
      expect(estimate).to.deep.include({ sectors: paddedChunks(1025), pricePerSector: price, fee: 1152n * price });
      expect(estimate.draft?.value).to.equal(1152n * price);
      expect(user.signed).to.have.length(0);

      const before = await world.read.provider.getBalance(user.address);
      const { fee, transaction } = await client.put(bytes, { tree: estimate.tree });
      const after = await world.read.provider.getBalance(user.address);
      expect(fee).to.equal(1152n * price);
      expect(before - after).to.equal(fee + (transaction?.fee ?? 0n));
    });

    it("pays the same when another submitter's surplus lies in the contract", async () => {
      const generous = await world.user();
      const bytes = freshBytes(300);
      const draft = (await storageClient(generous.ctx).estimate(freshBytes(10))).draft ?? expect.fail();
      const surplus = { to: draft.to ?? expect.fail(), data: draft.data, value: (draft.value ?? 0n) * 100n };
      await (await generous.ctx.signer.sendTransaction(surplus)).wait();
      const { ctx } = await world.user();
      expect((await storageClient(ctx).put(bytes)).fee).to.equal(2n * (await readPricePerSector(world.read)));
    });

    it("pays for nothing that is stored already, whoever stored it", async () => {
      const bytes = freshBytes(700);
      const [first, second] = [await world.user(), await world.user()];
      const stored = await storageClient(first.ctx).put(bytes);
      const uploads = world.storage.node(0).requests()["zgs_uploadSegmentsByTxSeq"];
      expect((await storageClient(second.ctx).estimate(bytes)).fee).to.equal(0n);
      const again = await storageClient(second.ctx).put(bytes);
      expect(again).to.deep.include({ root: stored.root, txSeq: stored.txSeq, fee: 0n, state: "finalised" });
      expect(again).not.to.have.property("transaction");
      expect(second.signed).to.have.length(0);
      expect(world.storage.node(0).requests()["zgs_uploadSegmentsByTxSeq"]).to.equal(uploads);
    });

    it("stores many things of one signer at once, each once", async () => {
      const { ctx, signed } = await world.user();
      const client = storageClient(ctx);
      const [same, ...others] = Array.from({ length: 5 }, (_, index) => freshBytes(100 + index));
      if (same === undefined) expect.fail();
      const stored = await Promise.all([same, same, ...others, same].map(async (bytes) => client.put(bytes)));
      expect(new Set(stored.map(({ txSeq }) => txSeq)).size).to.equal(5);
      expect(signed.map(({ nonce }) => nonce)).to.deep.equal([0, 1, 2, 3, 4]);
    });

    it("stores bytes that differ in zeros at their end as what they are", async () => {
      const { ctx } = await world.user();
      const client = storageClient(ctx);
      const short = freshBytes(40);
      const long = new Uint8Array(60);
      long.set(short);
      const [one, other] = [await client.put(short), await client.put(long)];
      expect(one.root).to.equal(other.root);
      expect(other.txSeq).not.to.equal(one.txSeq);
      expect((await client.put(long)).txSeq).to.equal(other.txSeq);
    });

    it("refuses nothing at all, before anybody is asked", async () => {
      const { ctx, signed } = await world.user({ indexers: [] });
      await caught(EmptyObjectError, async () => storageClient(ctx).put(new Uint8Array(0)));
      expect(signed).to.have.length(0);
    });

    it("waits until it is final when told so, no longer than it may; then goes on without paying", async () => {
      const { ctx, signed } = await world.user();
      const client = storageClient(ctx);
      const bytes = freshBytes(900);
      world.storage.node(0).misbehave({ kind: "never-final" });
      expect((await client.put(bytes)).state).to.equal("uploaded");
      const error = await caught(ObjectNotFinalError, async () => client.put(bytes, { waitFor: "finalised" }));
      expect(error).to.include({ code: "ZG_STORAGE_NOT_FINAL", exit: 4 });
      world.storage.node(0).misbehave(undefined);
      expect((await client.put(bytes, { waitFor: "finalised" })).state).to.equal("finalised");
      expect(signed).to.have.length(1);
    });

    it("waits for nodes that lag behind the chain", async () => {
      const { ctx } = await world.user();
      world.storage.node(0).misbehave({ kind: "behind", blocks: 1 });
      const putting = storageClient(ctx).put(freshBytes(50));
      const node = world.storage.node(0);
      const seen = node.requests()["zgs_getFileInfoByTxSeq"] ?? 0;
      while ((node.requests()["zgs_getFileInfoByTxSeq"] ?? 0) < seen + 2) await new Promise(setImmediate);
      node.misbehave(undefined);
      expect((await putting).state).to.equal("finalised");
    });
  });

  describe("get", () => {
    it("writes a file whole, for its owner only, and replaces nothing unless told to", async () => {
      const { ctx } = await world.user();
      const client = storageClient(ctx);
      const [name, copy] = [path.join(folder.path, "given"), path.join(folder.path, "deep", "copy")];
      const bytes = freshBytes(SEGMENTS(2, 3));
      await writeFile(name, bytes);
      const source = await FileSource.open(name);
      const { root } = await client.put(source);
      await source.close();

      await client.getFile(root, copy);
      expect(Buffer.compare(await readFile(copy), bytes)).to.equal(0);
      expect((await stat(copy)).mode & 0o777).to.equal(0o600);
      const asked = world.storage.requests();
      await caught(OutputExistsError, async () => client.getFile(root, copy));
      expect(world.storage.requests()).to.deep.equal(asked);
      await writeFile(copy, "other");
      await client.getFile(root, copy, { force: true });
      expect(Buffer.compare(await readFile(copy), bytes)).to.equal(0);
    });

    it("yields segments in order, and stops asking when nobody wants more", async () => {
      const { ctx } = await world.user({ limits: { ...world.read.limits, concurrency: 2 } });
      const client = storageClient(ctx);
      const bytes = freshBytes(SEGMENTS(6));
      const { root } = await client.put(bytes);
      const before = world.storage.node(0).requests()["zgs_downloadSegmentWithProofByTxSeq"] ?? 0;
      for await (const piece of client.read(root)) {
        expect(Buffer.compare(piece, bytes.subarray(0, piece.length))).to.equal(0);
        break;
      }
      const asked = (world.storage.node(0).requests()["zgs_downloadSegmentWithProofByTxSeq"] ?? 0) - before;
      expect(asked).to.be.lessThan(4);
    });

    it("refuses what is longer than the caller takes, before a segment is asked for", async () => {
      const { ctx } = await world.user();
      const client = storageClient(ctx);
      const { root } = await client.put(freshBytes(1000));
      const before = world.storage.node(0).requests()["zgs_downloadSegmentWithProofByTxSeq"];
      const error = await caught(ObjectTooLargeError, async () => client.getBytes(root, { maxBytes: 999 }));
      expect(error.details).to.deep.equal({ root, size: 1000, maxBytes: 999 });
      expect(world.storage.node(0).requests()["zgs_downloadSegmentWithProofByTxSeq"]).to.equal(before);
    });

    it("says that a root nobody stored is nowhere, and that a name which is no root is none", async () => {
      const reader = storageReader(world.read);
      const root = storageRoot(freshBytes(33));
      const error = await caught(ObjectNotFoundError, async () => reader.getBytes(root));
      expect(error).to.include({ code: "ZG_STORAGE_NOT_FOUND", exit: 3 });
      await caught(StorageRootMalformedError, async () => reader.getBytes("0x12"));
    });

    it("finds a file that no indexer has noticed yet", async () => {
      const { ctx } = await world.user();
      const bytes = freshBytes(77);
      const { root } = await storageClient(ctx).put(bytes);
      world.storage.misbehave({ kind: "finds-nothing" });
      expect((await storageReader(world.read).getBytes(root)).bytes).to.deep.equal(bytes);
    });
  });

  describe("status", () => {
    it("tells what is unknown, under way and final, with what the chain says", async () => {
      const { ctx, address } = await world.user();
      const client = storageClient(ctx);
      const bytes = freshBytes(SEGMENTS(1, 9));
      const root = storageRoot(bytes);
      expect(await client.status(root)).to.deep.equal({
        root,
        state: "unknown",
        nodes: [{ url: world.storage.node(0).url, shardId: 0, numShard: 1 }],
      });
      expect(await client.exists(root)).to.equal(false);

      world.storage.node(0).misbehave({ kind: "never-final" });
      const { txSeq, transaction } = await client.put(bytes);
      expect((await client.status(root)).state).to.equal("submitted");
      expect(await client.exists(root)).to.equal(false);
      const early = await caught(ObjectNotFinalError, async () => client.getBytes(root));
      expect(early.details).to.deep.include({ root, txSeq, waitedMs: 0 });

      world.storage.node(0).misbehave(undefined);
      const { state, nodes, submission } = await client.status(root);
      expect(state).to.equal("finalised");
      expect(nodes[0]?.file).to.deep.equal({
        txSeq,
        size: bytes.length,
        finalised: true,
        pruned: false,
        uploadedSegments: 2,
      });
      expect(submission).to.deep.equal({
        ...{ txSeq, size: bytes.length, submitter: address },
        blockNumber: transaction?.blockNumber,
        transactionHash: transaction?.hash,
      });
      expect(await client.exists(root)).to.equal(true);
    });
  });
});
