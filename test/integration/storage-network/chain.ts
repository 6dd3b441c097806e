import { readdir } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { startLocalStorage, type LocalStorage } from "../../../lib/galileo/storage/local-storage.ts";
import type { Hex } from "../../../lib/hex.ts";
import { storageTree } from "../../../lib/storage/merkle.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { ask, bytesOf, segmentOf, storageWorld, store, submit, type StorageWorld } from "./support/world.ts";

describe("storage nodes and a chain that changes", () => {
  let world: StorageWorld;
  let folder: TemporaryFolder;
  let storage: LocalStorage;

  /** Storage whose folder the test can look into, on the chain of the world. */
  const started = async () =>
    startLocalStorage({ rpc: world.rpc, chainId: 16602, flow: world.storage.flow, folder: folder.path });

  before(async () => {
    world = await storageWorld();
    folder = await temporaryFolder();
    storage = await started();
  });

  after(async () => {
    await storage.stop();
    await folder.remove();
    await world.close();
  });

  const snapshot = async () => (await world.rpc.request({ method: "evm_snapshot" })) as Hex;
  const revert = async (to: Hex) => world.rpc.request({ method: "evm_revert", params: [to] });
  const kept = async (root: Hex, bytes: Uint8Array): Promise<void> => {
    await ask(storage.node(0).url, "zgs_uploadSegment", segmentOf(bytes, storageTree(bytes), 0));
    expect(await storage.node(0).file(root)).to.include({ finalized: true });
  };
  /** Names of what is on disk. */
  const onDisk = async () => {
    const [genesis = ""] = await readdir(folder.path);
    return readdir(path.join(folder.path, genesis, "shard-0-of-1"));
  };

  it("forget a file whose submission was taken back, and what they held of it", async () => {
    const [stays, goes] = [bytesOf(1000, 1), bytesOf(1000, 2)];
    const [first, second] = [storageTree(stays), storageTree(goes)];
    await submit(world.user, storage.flow, first);
    await kept(first.root, stays);
    const before = await snapshot();
    await submit(world.user, storage.flow, second);
    await kept(second.root, goes);

    await revert(before);
    expect(await ask(storage.node(0).url, "zgs_getFileInfo", second.root, true)).to.equal(null);
    expect(await storage.node(0).file(first.root)).to.include({ finalized: true });
    await storage.node(0).stop();
    expect(await onDisk()).to.deep.equal([`${first.root}-1000`]);
    await storage.node(0).start();

    // The same number, taken by another file.
    await submit(world.user, storage.flow, second);
    const again = await storage.node(0).file(second.root);
    expect(again).to.include({ finalized: false });
    expect(again?.submission.seq).to.equal(1);
    await kept(second.root, goes);
  });

  it("see a submission that a longer chain replaced by another", async () => {
    const before = await snapshot();
    const [one, other] = [storageTree(bytesOf(500, 3)), storageTree(bytesOf(500, 4))];
    await submit(world.user, storage.flow, one);
    const seen = await storage.node(0).file(one.root);
    await revert(before);
    await world.rpc.request({ method: "hardhat_mine", params: ["0x3"] });
    await submit(world.user, storage.flow, other);
    expect(await storage.node(0).file(one.root)).to.equal(undefined);
    expect((await storage.node(0).file(other.root))?.submission.seq).to.equal(seen?.submission.seq);
  });

  it("hold a file once, however often it is paid for", async () => {
    const bytes = bytesOf(800, 5);
    const tree = storageTree(bytes);
    await submit(world.user, storage.flow, tree);
    await kept(tree.root, bytes);
    const first = await storage.node(0).file(tree.root);
    await submit(world.user, storage.flow, tree);
    const seq = (first?.submission.seq ?? NaN) + 1;
    expect(await ask(storage.node(0).url, "zgs_getFileInfoByTxSeq", seq)).to.deep.include({ finalized: true });
    expect(await storage.node(0).file(tree.root)).to.deep.equal(first);
  });

  it("keep what they hold for the next ones over the same folder and chain", async () => {
    const bytes = bytesOf(900, 6);
    const { root } = storageTree(bytes);
    await submit(world.user, storage.flow, storageTree(bytes));
    await kept(root, bytes);
    await storage.stop();
    storage = await started();
    expect(await storage.node(0).file(root)).to.include({ finalized: true });

    const { hash } = (await world.rpc.request({ method: "eth_getBlockByNumber", params: ["0x0", false] })) as {
      hash: Hex;
    };
    expect(await readdir(folder.path), "another chain has another folder in it").to.deep.equal([hash]);
  });

  it("leave no folder of their own behind", async () => {
    const brief = await storageWorld();
    const { root } = await store(brief, bytesOf(100, 7));
    expect(await brief.storage.node(0).file(root)).to.include({ finalized: true });
    const folderOf = brief.storage.folder();
    expect(folderOf === undefined ? [] : await readdir(folderOf)).to.have.length(1);
    await brief.close();
    expect(await readdir(folderOf ?? "").catch((error: unknown) => (error as { code: string }).code)).to.equal(
      "ENOENT",
    );
  });
});
