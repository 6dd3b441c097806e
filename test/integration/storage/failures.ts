import { readdir, truncate, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import { id, type Filter } from "ethers";

import { DiskFullError } from "../../../lib/disk-full.ts";
import { AbortedError } from "../../../lib/errors.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { startLocalStorage, type LocalStorage } from "../../../lib/galileo/storage/local-storage.ts";
import type { StorageWriteContext } from "../../../lib/storage/client.ts";
import {
  FeeTooLowError,
  NodeLiesError,
  ObjectNotFoundError,
  SegmentInvalidError,
  ShardsMissingError,
  SourceChangedError,
  StorageIndexerError,
  StorageNodeError,
  SubmissionRefusedError,
  UploadIncompleteError,
  WrongFlowError,
} from "../../../lib/storage/client-errors.ts";
import { StorageRootMismatchError } from "../../../lib/storage/errors.ts";
import { storageRoot, storageTree } from "../../../lib/storage/merkle.ts";
import { FileSource, treeOf } from "../../../lib/storage/source.ts";
import { storageClient, storageReader } from "../../../lib/storage/storage-client.ts";
import { intercepted, rpcRefusal, rpcResult } from "../../support/storage-rpc.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { bootStorage, freshBytes, SEGMENTS, type TestStorage } from "./support/storage.ts";

const UPLOAD = "zgs_uploadSegmentsByTxSeq";
const WITH_PROOF = "zgs_downloadSegmentWithProofByTxSeq";
const NOBODY = "http://127.0.0.1:9";

describe("the storage client among failures and lies", () => {
  let world: TestStorage;
  let folder: TemporaryFolder;

  before(async () => {
    [world, folder] = await Promise.all([bootStorage(), temporaryFolder()]);
  });

  after(async () => {
    await world.close();
    await folder.remove();
  });

  afterEach(async () => {
    world.storage.misbehave(undefined);
    world.storage.node(0).misbehave(undefined);
    await world.storage.node(0).start();
  });

  const node = () => world.storage.node(0);
  const uploads = () => node().requests()[UPLOAD] ?? 0;

  describe("an indexer", () => {
    it("that is not there costs nothing but an error that names it", async () => {
      const { ctx, signed } = await world.user({ indexers: [NOBODY] });
      const error = await caught(StorageIndexerError, async () => storageClient(ctx).put(freshBytes(10)));
      expect(error).to.include({ code: "ZG_STORAGE_INDEXER", exit: 4 });
      expect(error.message).to.contain(NOBODY);
      expect(signed).to.have.length(0);
      await caught(StorageIndexerError, async () => storageReader(ctx).getBytes(storageRoot(freshBytes(10))));
    });

    it("that is not there is passed over for the next one", async () => {
      const { ctx } = await world.user({ indexers: [NOBODY, world.storage.indexer] });
      const bytes = freshBytes(10);
      const { root } = await storageClient(ctx).put(bytes);
      expect((await storageClient(ctx).getBytes(root)).bytes).to.deep.equal(bytes);
    });

    it("that answers with something else, or knows no node that can be used, is passed over, too", async () => {
      const other = "http://127.0.0.1:1/";
      const answers = [
        7,
        [],
        [
          { url: "file:///etc", config: { shardId: 0, numShard: 1 } },
          { url: other, config: {} },
        ],
      ];
      for (const trusted of answers) {
        const fetch = intercepted(async ({ url, proceed }) => (url === other ? rpcResult({ trusted }) : proceed()));
        const { ctx } = await world.user({ indexers: [other, world.storage.indexer], fetch });
        expect((await storageClient(ctx).put(freshBytes(10))).state).to.equal("finalised");
      }
    });

    it("that knows no node leaves nothing to upload to", async () => {
      const { ctx, signed } = await world.user();
      world.storage.misbehave({ kind: "no-nodes" });
      const error = await caught(ShardsMissingError, async () => storageClient(ctx).put(freshBytes(10)));
      expect(error).to.include({ code: "ZG_STORAGE_SHARDS", exit: 4 });
      expect(signed).to.have.length(0);
    });

    it("that says of every node that it holds every file is not believed", async () => {
      world.storage.misbehave({ kind: "lists-all" });
      const root = storageRoot(freshBytes(12));
      await caught(ObjectNotFoundError, async () => storageReader(world.read).getBytes(root));
    });
  });

  describe("a node", () => {
    it("that follows another Flow contract is paid nothing for", async () => {
      const { ctx, signed } = await world.user();
      const foreign = developmentAccount(3).address;
      const fetch = intercepted(async ({ method, proceed }) =>
        method === "zgs_getStatus" ? rpcResult(statusOf(ctx, foreign)) : proceed(),
      );
      const error = await caught(WrongFlowError, async () => storageClient({ ...ctx, fetch }).put(freshBytes(10)));
      expect(error).to.include({ code: "ZG_STORAGE_FLOW", exit: 3 });
      expect(error.details).to.include({ flow: foreign, expectedFlow: ctx.network.contracts.storageFlow });
      expect(signed).to.have.length(0);
    });

    it("that dies half-way is sent only the rest, and nothing is paid, when it is back", async () => {
      const { ctx, signed } = await world.user();
      const client = storageClient(ctx);
      const bytes = freshBytes(SEGMENTS(8, 4));
      node().misbehave({ kind: "dies-after", segments: 4 });
      const error = await caught(UploadIncompleteError, async () => client.put(bytes));
      expect(error).to.include({ code: "ZG_STORAGE_UPLOAD", exit: 4 });
      expect(error.message).to.contain(node().url);
      expect(signed).to.have.length(1);
      expect((await node().file(storageRoot(bytes)))?.finalized).to.equal(false);

      node().misbehave(undefined);
      const held = (await node().file(storageRoot(bytes)))?.uploadedSegments ?? 0;
      expect(held).to.be.greaterThan(3);
      const sent: number[] = [];
      const stored = await client.put(bytes, { onProgress: ({ done }) => sent.push(done) });
      expect(stored).to.include({ state: "finalised", fee: 0n });
      expect(signed).to.have.length(1);
      expect(sent.find((done) => done > 0)).to.equal(SEGMENTS(held));
      expect(Buffer.compare((await client.getBytes(stored.root)).bytes, bytes)).to.equal(0);
    });

    it("that is busy is asked again", async () => {
      const { ctx } = await world.user();
      node().misbehave({ kind: "busy", requests: 1 });
      const before = uploads();
      expect((await storageClient(ctx).put(freshBytes(10))).state).to.equal("finalised");
      expect(uploads() - before).to.equal(2);
    });

    it("that has no room takes no second payment", async () => {
      const { ctx, signed } = await world.user();
      const bytes = freshBytes(10);
      node().misbehave({ kind: "no-space" });
      const error = await caught(UploadIncompleteError, async () => storageClient(ctx).put(bytes));
      expect(error.message).to.contain("No space left");
      node().misbehave(undefined);
      expect((await storageClient(ctx).put(bytes)).fee).to.equal(0n);
      expect(signed).to.have.length(1);
    });

    it("that never sees the submission is named in time", async () => {
      const { ctx } = await world.user({ limits: { ...world.read.limits, logWaitMs: 50 } });
      node().misbehave({ kind: "behind", blocks: 100 });
      const error = await caught(UploadIncompleteError, async () => storageClient(ctx).put(freshBytes(10)));
      expect(error.message).to.contain("not within 50 ms");
    });

    it("that never answers is given up in time", async () => {
      const { ctx } = await world.user({ limits: { ...world.read.limits, requestTimeoutMs: 50, retries: 0 } });
      node().misbehave({ kind: "hang" });
      const error = await caught(ShardsMissingError, async () => storageClient(ctx).put(freshBytes(10)));
      expect(error.message).to.contain("no answer within 50 ms");
    });

    it("that calls a file whole which it does not hold is not believed", async () => {
      const { ctx, lines } = await world.user();
      node().misbehave({ kind: "final-too-early" });
      await caught(UploadIncompleteError, async () => storageClient(ctx).put(freshBytes(SEGMENTS(2))));
      expect(lines.join("\n")).to.match(/lies about 0x\w+: it calls the file whole, and of segment 1: it has none/);
    });

    it("that has dropped what was paid for is paid again", async () => {
      const { ctx, signed } = await world.user();
      const bytes = freshBytes(300);
      const { txSeq } = await storageClient(ctx).put(bytes);
      const fetch = intercepted(async ({ method, params, proceed }) => {
        if (method === "zgs_getFileInfo") return rpcResult(null);
        if (method !== "zgs_getFileInfoByTxSeq" || params[0] !== txSeq) return proceed();
        const { result } = (await (await proceed()).json()) as { result: object };
        return rpcResult({ ...result, pruned: true });
      });
      const again = await storageClient({ ...ctx, fetch }).put(bytes);
      expect(again.txSeq).to.be.greaterThan(txSeq);
      expect(signed).to.have.length(2);
    });

    it("that claims a submission which the chain does not have is not believed", async () => {
      const { ctx, signed } = await world.user();
      const bytes = freshBytes(300);
      const { root, nodes, shape } = storageTree(bytes);
      const tx = { dataMerkleRoot: root, startEntryIndex: 1, size: shape.size, seq: 999 };
      const merkleNodes = nodes.map((subtree) => [subtree.height + 1, subtree.root]);
      const claim = { tx: { ...tx, merkleNodes }, finalized: true, uploadedSegNum: 1 };
      const fetch = intercepted(async ({ method, proceed }) =>
        method === "zgs_getFileInfo" ? rpcResult(claim) : proceed(),
      );
      const error = await caught(NodeLiesError, async () => storageReader({ ...ctx, fetch }).getBytes(root));
      expect(error.message).to.contain("the chain has no submission 999 of it");
      expect((await storageClient({ ...ctx, fetch }).put(bytes)).fee > 0n).to.equal(true);
      expect(signed).to.have.length(1);
    });

    it("that is stopped is no proof that a file is nowhere", async () => {
      const { ctx } = await world.user();
      const { root } = await storageClient(ctx).put(freshBytes(10));
      await node().stop();
      await caught(StorageNodeError, async () => storageReader(ctx).exists(root));
      const error = await caught(ObjectNotFoundError, async () => storageReader(ctx).getBytes(root));
      expect(error.exit).to.equal(4);
    });
  });

  describe("a download", () => {
    let root: `0x${string}`;
    let bytes: Uint8Array;

    before(async () => {
      bytes = freshBytes(SEGMENTS(3, 9));
      root = (await storageClient((await world.user()).ctx).put(bytes)).root;
    });

    for (const kind of ["corrupt-segment", "short-segment"] as const) {
      it(`leaves no file behind when a node answers with a ${kind}`, async () => {
        node().misbehave({ kind });
        const file = path.join(folder.path, kind, "file");
        const error = await caught(SegmentInvalidError, async () => storageReader(world.read).getFile(root, file));
        expect(error).to.include({ code: "ZG_STORAGE_PROOF", exit: 5 });
        expect(error.message).to.contain(node().url);
        expect(await readdir(path.dirname(file))).to.deep.equal([]);
        node().misbehave(undefined);
        await storageReader(world.read).getFile(root, file);
        expect(await readdir(path.dirname(file))).to.deep.equal(["file"]);
      });
    }

    it("yields what is proven, and not a byte of what is not", async () => {
      const fetch = intercepted(async ({ method, params, proceed }) => {
        if (method !== WITH_PROOF || params[1] !== 2) return proceed();
        const { result } = (await (await proceed()).json()) as { result: { data: string } };
        return rpcResult({ ...result, data: Buffer.alloc(SEGMENTS(1), 7).toString("base64") });
      });
      const pieces: Uint8Array[] = [];
      await caught(SegmentInvalidError, async () => {
        for await (const piece of storageReader({ ...world.read, fetch }).read(root)) pieces.push(piece);
      });
      expect(Buffer.compare(Buffer.concat(pieces), bytes.subarray(0, SEGMENTS(2)))).to.equal(0);
    });

    it("refuses a node that describes another file", async () => {
      node().misbehave({ kind: "wrong-root" });
      const error = await caught(NodeLiesError, async () => storageReader(world.read).getBytes(root));
      expect(error).to.include({ code: "ZG_STORAGE_LIES", exit: 5, url: node().url });
    });

    it("refuses a size that the submission on chain contradicts, though the root allows it", async () => {
      const fetch = intercepted(async ({ method, proceed }) => {
        if (method !== "zgs_getFileInfo") return proceed();
        const { result } = (await (await proceed()).json()) as { result: { tx: { size: number } } };
        return rpcResult({ ...result, tx: { ...result.tx, size: result.tx.size + 1 } });
      });
      const error = await caught(NodeLiesError, async () => storageReader({ ...world.read, fetch }).getBytes(root));
      expect(error.message).to.contain(`it says ${bytes.length + 1} bytes`);
    });

    it("takes the size from the last blocks where a chain's node refuses the whole chain, and from storage nodes else", async () => {
      const refusing = (refused: (from: unknown) => boolean) =>
        new Proxy(world.read.provider, {
          get: (target, name) => {
            const value: unknown = Reflect.get(target, name);
            if (name === "getLogs") {
              return async (filter: Filter) => {
                if (refused(filter.toBlock)) throw new Error("query returned more than 10000 results");
                return target.getLogs(filter);
              };
            }
            return typeof value === "function" ? (value.bind(target) as unknown) : value;
          },
        });
      const withProvider = (provider: typeof world.read.provider) => storageReader({ ...world.read, provider });
      const recent = await withProvider(refusing((to) => to === "latest")).getBytes(root);
      expect(recent.sizeFrom).to.equal("chain");
      const none = await withProvider(refusing(() => true)).getBytes(root);
      expect(none).to.include({ sizeFrom: "nodes", size: bytes.length });
    });

    it("tells a file that nodes have dropped from one they never knew", async () => {
      const fetch = intercepted(async ({ method, params, proceed }) => {
        if (method !== "zgs_getFileInfo") return proceed();
        if (params[1] === true) return rpcResult(null);
        const { result } = (await (await proceed()).json()) as { result: object };
        return rpcResult({ ...result, pruned: true });
      });
      const reader = storageReader({ ...world.read, fetch });
      expect((await reader.status(root)).state).to.equal("pruned");
      expect(await reader.exists(root)).to.equal(false);
      await caught(ObjectNotFoundError, async () => reader.getBytes(root));
    });

    it("checks the whole file first when nodes give no proofs, and then every segment", async () => {
      let spoil = -1;
      const fetch = intercepted(async ({ method, params, proceed }) => {
        if (method === WITH_PROOF) return rpcRefusal(-32601, "Method not found");
        const spoilt = method === "zgs_downloadSegmentByTxSeq" && params[1] === spoil;
        return spoilt ? rpcResult(Buffer.alloc(SEGMENTS(1)).toString("base64")) : proceed();
      });
      const reader = storageReader({ ...world.read, fetch });
      expect(Buffer.compare((await reader.getBytes(root)).bytes, bytes)).to.equal(0);
      spoil = 1024;
      const error = await caught(StorageRootMismatchError, async () => reader.getBytes(root));
      expect(error.exit).to.equal(5);
    });

    it("leaves no file behind when the disk is full", async () => {
      const { writeOutputFile } = await import("../../../lib/storage/output-file.ts");
      const { open } = await import("node:fs/promises");
      const file = path.join(folder.path, "full", "file");
      const openFile = (async (...given: Parameters<typeof open>) => {
        const handle = await open(...given);
        handle.writeFile = async () => Promise.reject(Object.assign(new Error("no space"), { code: "ENOSPC" }));
        return handle;
      }) as typeof open;
      const reading = storageReader(world.read).read(root);
      const error = await caught(DiskFullError, async () => writeOutputFile(file, reading, { force: false, openFile }));
      expect(error).to.include({ code: "ZG_DISK_FULL", exit: 3 });
      expect(await readdir(path.dirname(file))).to.deep.equal([]);
    });

    it("ends at once when it is called off", async () => {
      const stop = new AbortController();
      const reading = storageReader({ ...world.read, signal: stop.signal }).read(root);
      await reading.next();
      stop.abort();
      await caught(AbortedError, async () => reading.next());
    });
  });

  describe("a file", () => {
    it("that changes before it is paid for costs nothing", async () => {
      const { ctx, signed } = await world.user();
      const name = path.join(folder.path, "changing");
      await writeFile(name, freshBytes(5000));
      const source = await FileSource.open(name);
      const tree = await treeOf(source);
      await writeFile(name, freshBytes(5000));
      const error = await caught(SourceChangedError, async () => storageClient(ctx).put(source, { tree }));
      await source.close();
      expect(error).to.include({ code: "ZG_STORAGE_CHANGED", exit: 3 });
      expect(signed).to.have.length(0);
    });

    it("that changes after it was paid for is stored as it was, or not at all", async () => {
      const { ctx, signed } = await world.user();
      const bytes = freshBytes(SEGMENTS(1, 10));
      const changed = Uint8Array.from(bytes);
      const source = { name: "it", size: bytes.length, assertUnchanged: async () => undefined };
      const read = (from: Uint8Array) => async (offset: number, length: number) => from.slice(offset, offset + length);
      changed[SEGMENTS(1)] = (changed[SEGMENTS(1)] ?? 0) ^ 1;
      const tree = await treeOf({ ...source, read: read(bytes) });
      const error = await caught(SourceChangedError, async () =>
        storageClient(ctx).put({ ...source, read: read(changed) }, { tree }),
      );
      expect(error.message).to.contain("segment 1 is another one");
      expect((await storageClient(ctx).put({ ...source, read: read(bytes) })).fee).to.equal(0n);
      expect(signed).to.have.length(1);
    });

    it("that is cut while it is read has no root", async () => {
      const name = path.join(folder.path, "cut");
      await writeFile(name, freshBytes(SEGMENTS(2)));
      const source = await FileSource.open(name);
      await truncate(name, SEGMENTS(1) + 7);
      const error = await caught(SourceChangedError, async () => treeOf(source));
      await source.close();
      expect(error.message).to.contain(`it ends at byte ${SEGMENTS(1) + 7} now`);
    });
  });

  describe("the Flow contract", () => {
    /** A provider whose market says another price. */
    const priced = (ctx: StorageWriteContext, price: bigint): StorageWriteContext["provider"] =>
      new Proxy(ctx.provider, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name);
          if (name === "call") {
            return async (transaction: { data: string }) =>
              transaction.data === id("pricePerSector()").slice(0, 10)
                ? `0x${price.toString(16).padStart(64, "0")}`
                : target.call(transaction);
          }
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      });

    it("that wants more than was read is not paid at all", async () => {
      const { ctx, signed } = await world.user();
      const provider = priced(ctx, 1n);
      const error = await caught(FeeTooLowError, async () =>
        storageClient({ ...ctx, provider }).put(freshBytes(SEGMENTS(1))),
      );
      expect(error).to.include({ code: "ZG_STORAGE_FEE", exit: 3 });
      expect(error.details).to.include({ fee: 1024n, sectors: 1024, pricePerSector: 1n });
      expect(signed).to.have.length(0);
    });

    it("that refuses a submission is paid nothing", async () => {
      const { ctx, signed } = await world.user();
      const bytes = freshBytes(SEGMENTS(1));
      const honest = await treeOf({
        name: "it",
        size: bytes.length,
        read: async (offset, length) => bytes.subarray(offset, offset + length),
        assertUnchanged: async () => undefined,
      });
      const nodes = [...honest.nodes, ...honest.nodes];
      const tree = Object.create(honest, { nodes: { value: nodes } }) as typeof honest;
      const error = await caught(SubmissionRefusedError, async () => storageClient(ctx).put(bytes, { tree }));
      expect(error).to.include({ code: "ZG_STORAGE_SUBMISSION", exit: 3 });
      expect(signed).to.have.length(0);
    });
  });
});

function statusOf({ network }: StorageWriteContext, flowAddress: string) {
  return { networkIdentity: { chainId: network.chainId, flowAddress } };
}

describe("the storage client among several nodes", () => {
  let world: TestStorage;
  let spare: LocalStorage;

  before(async () => {
    world = await bootStorage(2);
    const { rpc, network } = { rpc: world.rpc, network: world.read.network };
    spare = await startLocalStorage({ rpc, chainId: network.chainId, flow: network.contracts.storageFlow, nodes: 1 });
  });

  after(async () => {
    await spare.stop();
    await world.close();
  });

  afterEach(async () => {
    for (const node of world.storage.nodes) {
      node.misbehave(undefined);
      await node.start();
    }
    spare.node(0).misbehave(undefined);
  });

  /** An indexer that knows the two shards and a node that holds everything. */
  const withSpare = (): typeof fetch => {
    const nodes = [...world.storage.nodes, ...spare.nodes].map(({ url, shardId, numShard }) => {
      return { url, config: { shardId, numShard }, latency: 1, since: 1 };
    });
    return intercepted(async ({ method, proceed }) => {
      if (method === "indexer_getShardedNodes") return rpcResult({ trusted: nodes, discovered: [] });
      return method === "indexer_getFileLocations" ? rpcResult(nodes) : proceed();
    });
  };

  it("spreads a file over its shards", async () => {
    const { ctx } = await world.user();
    const bytes = freshBytes(SEGMENTS(5, 1));
    const { root, nodes } = await storageClient(ctx).put(bytes);
    expect(nodes).to.deep.equal(world.storage.nodes.map(({ url }) => url));
    const fetched = await storageReader(ctx).getBytes(root);
    expect([...fetched.nodes].sort()).to.deep.equal([...nodes].sort());
    expect(Buffer.compare(fetched.bytes, bytes)).to.equal(0);
  });

  it("pays nothing while a shard is nobody's", async () => {
    const { ctx, signed } = await world.user();
    await world.storage.node(1).stop();
    const error = await caught(ShardsMissingError, async () => storageClient(ctx).put(freshBytes(10)));
    expect(error.message).to.contain(world.storage.node(1).url);
    expect(signed).to.have.length(0);
  });

  it("goes on with others when a node dies in the middle of an upload", async () => {
    const { ctx, signed, lines } = await world.user({ fetch: withSpare() });
    const bytes = freshBytes(SEGMENTS(6));
    spare.node(0).misbehave({ kind: "dies-after", segments: 2 });
    const stored = await storageClient(ctx).put(bytes);
    expect(stored.nodes).to.deep.equal(world.storage.nodes.map(({ url }) => url));
    expect(signed).to.have.length(1);
    expect(lines.join("\n")).to.contain(spare.node(0).url);
    expect(Buffer.compare((await storageReader(world.read).getBytes(stored.root)).bytes, bytes)).to.equal(0);
  });

  it("stores as many replicas as it is asked for", async () => {
    const { ctx } = await world.user({ fetch: withSpare() });
    const bytes = freshBytes(SEGMENTS(2));
    const { root, nodes } = await storageClient(ctx).put(bytes, { replicas: 2 });
    expect(nodes).to.have.length(3);
    expect((await spare.node(0).file(root))?.finalized).to.equal(true);
    for (const node of world.storage.nodes) expect((await node.file(root))?.finalized).to.equal(true);
    await caught(ShardsMissingError, async () => storageClient(ctx).put(freshBytes(2), { replicas: 3 }));
  });

  it("names a node that lies, and takes the truth from another one", async () => {
    const { ctx, lines } = await world.user({ fetch: withSpare() });
    const bytes = freshBytes(SEGMENTS(4));
    const { root } = await storageClient(ctx).put(bytes, { replicas: 2 });
    spare.node(0).misbehave({ kind: "corrupt-segment" });
    const fetched = await storageReader(ctx).getBytes(root);
    expect(Buffer.compare(fetched.bytes, bytes)).to.equal(0);
    expect(fetched.nodes).not.to.include(spare.node(0).url);
    expect(lines.some((line) => line.startsWith(`Storage node ${spare.node(0).url} lies about ${root}`))).to.equal(
      true,
    );
  });

  it("goes on with others when a node dies in the middle of a download", async () => {
    const { ctx, lines } = await world.user({ fetch: withSpare() });
    const bytes = freshBytes(SEGMENTS(5));
    const { root } = await storageClient(ctx).put(bytes, { replicas: 2 });
    const pieces: Uint8Array[] = [];
    for await (const piece of storageReader({ ...ctx, limits: { ...ctx.limits, concurrency: 1 } }).read(root)) {
      pieces.push(piece);
      spare.node(0).misbehave({ kind: "dead" });
    }
    expect(Buffer.compare(Buffer.concat(pieces), bytes)).to.equal(0);
    // It is asked once, and last from then on.
    expect(lines.filter((line) => line.includes("Downloading segment"))).to.have.length(1);
  });
});
