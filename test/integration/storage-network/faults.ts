import { expect } from "chai";

import type { IndexerMisbehaviour, NodeMisbehaviour } from "../../../lib/galileo/storage/misbehaviour.ts";
import type { LocalStorageNode } from "../../../lib/galileo/storage/local-storage.ts";
import { SEGMENT_BYTES, storageRoot, storageTree, type StorageTree } from "../../../lib/storage/merkle.ts";
import { ask, bytesOf, errorOf, segmentOf, storageWorld, store, submit, type StorageWorld } from "./support/world.ts";

interface FileInfo {
  readonly tx: { readonly dataMerkleRoot: string; readonly size: number };
  readonly finalized: boolean;
}

describe("faults of local storage", () => {
  let world: StorageWorld;
  let node: LocalStorageNode;
  let stored: { readonly bytes: Uint8Array; readonly tree: StorageTree };

  before(async () => {
    world = await storageWorld();
    node = world.storage.node(0);
    const bytes = bytesOf(1000, 1);
    stored = { bytes, tree: await store(world, bytes) };
  });

  afterEach(() => {
    node.misbehave(undefined);
    world.storage.misbehave(undefined);
  });

  after(async () => {
    await world.close();
  });

  const info = async (root: string) => ask<FileInfo | null>(node.url, "zgs_getFileInfo", root, true);
  const download = async () =>
    Buffer.from(await ask<string>(node.url, "zgs_downloadSegment", stored.tree.root, 0, 4), "base64");
  const broken = async (asked: Promise<unknown>) =>
    asked.then(
      () => "answered",
      (error: unknown) => (error as Error).name,
    );
  const locations = async (root: string) =>
    ask<{ url: string }[] | null>(world.storage.indexer, "indexer_getFileLocations", root);

  /** A file that is paid for, of which nothing is stored. */
  const paid = async (size: number, seed: number) => {
    const bytes = bytesOf(size, seed);
    const tree = storageTree(bytes);
    await submit(world.user, world.storage.flow, tree);
    const upload = async (index: number) => ask(node.url, "zgs_uploadSegment", segmentOf(bytes, tree, index));
    return { root: tree.root, upload };
  };

  it("last as many requests as they were told to", async () => {
    node.misbehave({ kind: "dead", requests: 2 });
    const outcomes = [];
    for (let request = 0; request < 3; request++) outcomes.push(await broken(info(stored.tree.root)));
    expect(outcomes).to.deep.equal(["TypeError", "TypeError", "answered"]);
  });

  for (const target of ["node", "indexer"] as const) {
    const misbehave = (how: NodeMisbehaviour & IndexerMisbehaviour) =>
      target === "node" ? node.misbehave(how) : world.storage.misbehave(how);
    const asking = async (signal?: AbortSignal) =>
      fetch(target === "node" ? node.url : world.storage.indexer, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: target === "node" ? "zgs_getStatus" : "indexer_getShardedNodes",
        }),
        ...(signal === undefined ? {} : { signal }),
      });

    it(`a dead ${target} breaks every connection`, async () => {
      misbehave({ kind: "dead" });
      expect(await broken(asking())).to.equal("TypeError");
      expect(await broken(asking())).to.equal("TypeError");
    });

    it(`a hanging ${target} never answers`, async () => {
      misbehave({ kind: "hang" });
      expect(await broken(asking(AbortSignal.timeout(50)))).to.equal("TimeoutError");
    });

    it(`a slow ${target} answers in the end`, async () => {
      misbehave({ kind: "slow", ms: 100 });
      expect(await broken(asking(AbortSignal.timeout(50)))).to.equal("TimeoutError");
      expect((await asking()).status).to.equal(200);
    });
  }

  it("a node that dies half-way keeps what it took, and is found with it when it lives again", async () => {
    const { root, upload } = await paid(3 * SEGMENT_BYTES, 2);
    node.misbehave({ kind: "dies-after", segments: 2 });
    expect(await broken(upload(0))).to.equal("answered");
    expect(await broken(upload(1))).to.equal("TypeError");
    expect(await broken(upload(2))).to.equal("TypeError");
    expect(await broken(info(root))).to.equal("TypeError");
    node.misbehave(undefined);
    expect(await info(root)).to.deep.include({ finalized: false, uploadedSegNum: 2 });
    await upload(2);
    expect(await info(root)).to.deep.include({ finalized: true });
  });

  it("a full node refuses segments as one does whose disk is full", async () => {
    const { root, upload } = await paid(100, 3);
    node.misbehave({ kind: "no-space" });
    const error = await errorOf(upload(0));
    expect(error).to.include({
      code: -32603,
      message: "Internal error",
      data: "No space left on device (os error 28)",
    });
    expect(await info(root)).to.deep.include({ finalized: false });
  });

  it("a busy node asks to come again, in the words that clients know", async () => {
    const { upload } = await paid(100, 4);
    node.misbehave({ kind: "busy", requests: 1 });
    expect((await errorOf(upload(0))).message).to.include("too many data writing");
    expect(await upload(0)).to.equal(null);
  });

  it("a node that is behind sees a file some blocks later", async () => {
    node.misbehave({ kind: "behind", blocks: 2 });
    const { root, upload } = await paid(100, 5);
    expect(await info(root)).to.equal(null);
    expect((await errorOf(upload(0))).data).to.include("no submission of this root");
    await world.rpc.request({ method: "hardhat_mine", params: ["0x2"] });
    expect(await info(root)).not.to.equal(null);
  });

  it("a node that never ends takes every segment and finalises nothing, and the indexer does not list it", async () => {
    const { root, upload } = await paid(100, 6);
    node.misbehave({ kind: "never-final" });
    await upload(0);
    expect(await info(root)).to.deep.include({ finalized: false });
    expect(await ask(node.url, "zgs_checkFileFinalized", root)).to.equal(false);
    expect(await locations(root)).to.deep.equal([]);
    node.misbehave(undefined);
    expect(await locations(root)).to.have.length(1);
  });

  it("a hasty node calls a file whole that it has nothing of", async () => {
    const { root } = await paid(100, 7);
    node.misbehave({ kind: "final-too-early" });
    expect(await info(root)).to.deep.include({ finalized: true });
    expect(await ask(node.url, "zgs_downloadSegment", root, 0, 1)).to.equal(null);
  });

  it("a denying node knows no file", async () => {
    node.misbehave({ kind: "denies" });
    expect(await info(stored.tree.root)).to.equal(null);
  });

  it("a corrupting node answers with bytes of another root", async () => {
    node.misbehave({ kind: "corrupt-segment", requests: 1 });
    const bytes = await download();
    expect(bytes).to.have.length(1024);
    expect(storageRoot(bytes.subarray(0, 1000))).not.to.equal(stored.tree.root);
    expect(storageRoot((await download()).subarray(0, 1000))).to.equal(stored.tree.root);
  });

  it("a corrupting node spoils a segment, not its proof", async () => {
    node.misbehave({ kind: "corrupt-segment" });
    const method = "zgs_downloadSegmentWithProof";
    const found = await ask<{ data: string; proof: unknown }>(node.url, method, stored.tree.root, 0);
    const honest = segmentOf(stored.bytes, stored.tree, 0);
    expect(found.proof).to.deep.equal(honest.proof);
    expect(found.data).not.to.equal(honest.data);
  });

  it("a cutting node answers with half of what was asked for", async () => {
    node.misbehave({ kind: "short-segment" });
    expect(await download()).to.have.length(512);
  });

  it("a confused node describes another file", async () => {
    node.misbehave({ kind: "wrong-root" });
    const { tx } = (await info(stored.tree.root)) ?? {};
    expect(tx?.dataMerkleRoot)
      .to.match(/^0x[0-9a-f]{64}$/)
      .and.not.equal(stored.tree.root);
    expect(tx?.size).not.to.equal(1000);
  });

  it("an indexer can know no node, find no file, or find it everywhere", async () => {
    const nodes = async () => ask<{ trusted: unknown[] }>(world.storage.indexer, "indexer_getShardedNodes");
    expect((await nodes()).trusted).to.have.length(1);
    world.storage.misbehave({ kind: "no-nodes" });
    expect((await nodes()).trusted).to.deep.equal([]);
    world.storage.misbehave({ kind: "finds-nothing" });
    expect(await errorOf(locations(stored.tree.root))).to.include({ message: "file not found" });
    world.storage.misbehave({ kind: "lists-all" });
    expect(await locations(`0x${"42".repeat(32)}`)).to.have.length(1);
  });

  it("are counted apart from requests: every server says how often it was asked for what", async () => {
    const before = node.requests()["zgs_getShardConfig"] ?? 0;
    await ask(node.url, "zgs_getShardConfig");
    expect(node.requests()["zgs_getShardConfig"]).to.equal(before + 1);
  });
});
