import { readdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { AbortedError } from "../../../lib/errors.ts";
import type { RpcServer } from "../../../lib/galileo/rpc-server.ts";
import { findSubmissions } from "../../../lib/storage/flow.ts";
import { storageRoot, storageTree } from "../../../lib/storage/merkle.ts";
import { storageClient, storageReader } from "../../../lib/storage/storage-client.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { uploadInProcess, type UploadJob } from "./support/killed-upload.ts";
import { bootStorage, freshBytes, SEGMENTS, type TestStorage } from "./support/storage.ts";

describe("an upload that is killed", function () {
  this.timeout(60_000);

  let world: TestStorage;
  let chain: RpcServer;
  let folder: TemporaryFolder;

  before(async () => {
    [world, folder] = await Promise.all([bootStorage(), temporaryFolder()]);
    chain = await world.serve();
  });

  after(async () => {
    await world.close();
    await folder.remove();
  });

  /** A file of somebody's, to be uploaded by a process that dies, and by a client here that goes on. */
  async function uploadOf(name: string, bytes: Uint8Array) {
    const file = path.join(folder.path, name);
    const uploads = `${file}-notes`;
    await writeFile(file, bytes);
    const { privateKey, ctx } = await world.user({ uploads });
    return {
      uploads,
      ctx,
      kill: async (dies: UploadJob["dies"]) =>
        uploadInProcess({ rpc: chain.url, indexer: world.storage.indexer, privateKey, file, uploads, dies }),
      goOn: async () => storageClient(ctx).put(bytes),
      submissions: async () => (await findSubmissions(world.read, storageTree(bytes).nodes)).submissions.length,
    };
  }

  it("at a segment goes on there, and has one submission", async () => {
    const bytes = freshBytes(SEGMENTS(6, 1));
    const upload = await uploadOf("segment", bytes);
    expect(await upload.kill({ bytes: SEGMENTS(3) })).to.equal("SIGKILL");
    expect((await storageReader(world.read).status(storageRoot(bytes))).state).to.equal("submitted");
    const done: number[] = [];
    const { root, fee } = await storageClient(upload.ctx).put(bytes, {
      onProgress: (report) => done.push(report.done),
    });
    expect(fee).to.equal(0n);
    expect(done.find((amount) => amount > 0)).to.be.greaterThanOrEqual(SEGMENTS(3));
    expect(await upload.submissions()).to.equal(1);
    expect(Buffer.compare((await storageReader(world.read).getBytes(root)).bytes, bytes)).to.equal(0);
    expect(await readdir(upload.uploads)).to.deep.equal([]);
  });

  it("right after it submitted finds the submission, and pays nothing", async () => {
    const upload = await uploadOf("submitted", freshBytes(600));
    expect(await upload.kill("submitted")).to.equal("SIGKILL");
    expect((await upload.goOn()).fee).to.equal(0n);
    expect(await upload.submissions()).to.equal(1);
  });

  it("before its transaction left sends it again, once", async () => {
    const upload = await uploadOf("signed", freshBytes(600));
    expect(await upload.kill("signed")).to.equal("SIGKILL");
    const notes = (await readdir(upload.uploads)).filter((name) => name.endsWith(".json"));
    expect(notes).to.have.length(1);
    expect((await stat(path.join(upload.uploads, notes[0] ?? ""))).mode & 0o777).to.equal(0o600);
    expect((await upload.goOn()).fee > 0n).to.equal(true);
    expect(await upload.submissions()).to.equal(1);
    expect(await readdir(upload.uploads)).to.deep.equal([]);
  });

  it("or called off while its transaction waits for a block pays nothing when it goes on", async () => {
    const bytes = freshBytes(600);
    const upload = await uploadOf("waiting", bytes);
    const stop = new AbortController();
    await world.rpc.request({ method: "evm_setAutomine", params: [false] });
    try {
      const first = storageClient({ ...upload.ctx, signal: stop.signal }).put(bytes);
      while ((await pending()) === 0) await new Promise(setImmediate);
      stop.abort();
      await caught(AbortedError, async () => first);
      const second = upload.goOn();
      await world.rpc.request({ method: "evm_mine", params: [] });
      expect((await second).fee).to.equal(0n);
    } finally {
      await world.rpc.request({ method: "evm_setAutomine", params: [true] });
    }
    expect(await upload.submissions()).to.equal(1);
  });

  async function pending(): Promise<number> {
    const block = await world.rpc.request({ method: "eth_getBlockByNumber", params: ["pending", false] });
    return (block as { transactions: unknown[] }).transactions.length;
  }
});
