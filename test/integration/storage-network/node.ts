import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";

import { expect } from "chai";
import { Contract, keccak256 } from "ethers";

import { STORAGE_FLOW, STORAGE_MARKET, STORAGE_SETTINGS } from "../../../lib/galileo/storage/predeploys.ts";
import type { Hex } from "../../../lib/hex.ts";
import { CHUNK_BYTES, SEGMENT_BYTES, shapeOf, storageTree, type StorageTree } from "../../../lib/storage/merkle.ts";
import {
  ask,
  bytesOf,
  errorOf,
  segmentOf,
  storageWorld,
  store,
  submit,
  type SegmentJson,
  type StorageWorld,
} from "./support/world.ts";

interface FileInfo {
  readonly tx: {
    readonly dataMerkleRoot: Hex;
    readonly merkleNodes: [number, Hex][];
    readonly startEntryIndex: number;
    readonly size: number;
    readonly seq: number;
  };
  readonly finalized: boolean;
  readonly uploadedSegNum: number;
  readonly pruned: boolean;
}

interface Proof {
  readonly lemma: readonly Hex[];
  readonly path: readonly boolean[];
}

/** Where a proof leads from its first hash. */
function endOf({ lemma, path }: Proof): Hex {
  const [leaf = "0x", ...rest] = lemma;
  return path.reduce<Hex>((node, isLeft, level) => {
    const sibling = rest[level] ?? "0x";
    const [left, right] = isLeft ? [node, sibling] : [sibling, node];
    return keccak256(`${left}${right.slice(2)}`) as Hex;
  }, leaf);
}

describe("a storage node", () => {
  let world: StorageWorld;
  let url: string;

  before(async () => {
    world = await storageWorld();
    ({ url } = world.storage.node(0));
  });

  after(async () => {
    await world.close();
  });

  const info = async (root: Hex) => ask<FileInfo | null>(url, "zgs_getFileInfo", root, true);

  describe("before it is given anything", () => {
    it("names the chain and the Flow it follows, and how far it has read", async () => {
      const status = await ask<Record<string, unknown>>(url, "zgs_getStatus");
      expect(status).to.deep.include({ connectedPeers: 0, nextTxSeq: 0 });
      expect(status).to.have.nested.property("networkIdentity.chainId", 16602);
      expect(status).to.have.nested.property(
        "networkIdentity.flowAddress",
        world.galileo.network.contracts.storageFlow,
      );
      expect(status["logSyncHeight"]).to.equal(
        await world.galileo.contracts.ledgerManager.runner!.provider!.getBlockNumber(),
      );
    });

    it("holds all of every file when it is alone", async () => {
      expect(await ask(url, "zgs_getShardConfig")).to.deep.equal({ shardId: 0, numShard: 1 });
    });

    it("knows no file that nobody submitted", async () => {
      const root = storageTree(bytesOf(10, 1)).root;
      expect(await info(root)).to.equal(null);
      expect(await ask(url, "zgs_getFileInfoByTxSeq", 0)).to.equal(null);
      expect(await ask(url, "zgs_checkFileFinalized", root)).to.equal(null);
      expect(await ask(url, "zgs_downloadSegment", root, 0, 1)).to.equal(null);
    });
  });

  describe("given a file", () => {
    it("tells of a file from its submission on, and that it is whole when its last segment came", async () => {
      const bytes = bytesOf(SEGMENT_BYTES + 1000, 2);
      const tree = storageTree(bytes);
      await submit(world.user, world.storage.flow, tree);
      const seen = await info(tree.root);
      expect(seen).to.deep.include({ finalized: false, uploadedSegNum: 0, pruned: false });
      expect(seen?.tx).to.deep.include({ dataMerkleRoot: tree.root, size: bytes.length });
      expect(seen?.tx.merkleNodes).to.deep.equal(tree.nodes.map(({ height, root }) => [height + 1, root]));
      expect(await ask(url, "zgs_checkFileFinalized", tree.root)).to.equal(false);

      await ask(url, "zgs_uploadSegments", [segmentOf(bytes, tree, 1)]);
      expect(await info(tree.root)).to.deep.include({ finalized: false, uploadedSegNum: 1 });
      await ask(url, "zgs_uploadSegmentByTxSeq", segmentOf(bytes, tree, 0), seen?.tx.seq);
      expect(await info(tree.root)).to.deep.include({ finalized: true, uploadedSegNum: 2 });
      expect(await ask(url, "zgs_checkFileFinalized", seen?.tx.seq)).to.equal(true);
    });
  });

  describe("asked for what it holds", () => {
    let bytes: Uint8Array;
    let tree: StorageTree;

    before(async () => {
      bytes = bytesOf(17 * SEGMENT_BYTES + 300, 3);
      tree = await store(world, bytes);
    });

    const chunks = async (start: number, end: number) =>
      Buffer.from(await ask<string>(url, "zgs_downloadSegment", tree.root, start, end), "base64");

    it("gives any range of at most 1024 chunks, across segments too", async () => {
      expect(Buffer.compare(await chunks(0, 1024), bytes.subarray(0, SEGMENT_BYTES))).to.equal(0);
      expect(Buffer.compare(await chunks(1000, 1100), bytes.subarray(1000 * 256, 1100 * 256))).to.equal(0);
    });

    it("fills the last chunk with zeros, and has none after it", async () => {
      const last = await chunks(17 * 1024, 17 * 1024 + 2);
      expect(last.length).to.equal(2 * CHUNK_BYTES);
      expect(last.subarray(300).every((byte) => byte === 0)).to.equal(true);
      expect(await ask(url, "zgs_downloadSegment", tree.root, 17 * 1024, 17 * 1024 + 3)).to.equal(null);
    });

    it("refuses a range that is none, or too long", async () => {
      expect((await errorOf(chunks(5, 5))).data).to.equal("invalid chunk index");
      expect((await errorOf(chunks(0, 1025))).data).to.equal("exceeds maximum chunks 1024");
      expect(await errorOf(chunks(-1, 5))).to.include({ code: -32602, message: "Invalid params: start_index" });
    });

    it("gives a segment with the proof it came with", async () => {
      for (const index of [0, 15, 16, 17]) {
        const found = await ask<SegmentJson>(url, "zgs_downloadSegmentWithProof", tree.root, index);
        expect(found).to.deep.equal(segmentOf(bytes, tree, index));
      }
      const out = ask(url, "zgs_downloadSegmentWithProof", tree.root, 18);
      expect((await errorOf(out)).data).to.equal("index out of bound");
    });

    it("proves a sector up to the root that the Flow keeps", async () => {
      const small = await store(world, bytesOf(700, 4));
      const flow = new Contract(
        world.storage.flow,
        [
          "function getFlowRootByTxSeq(uint256) view returns (bytes32)",
          "function tree() view returns (uint256, uint256)",
        ],
        world.user,
      );
      const [root, length] = await ask<[Hex, number]>(url, "zgs_getFlowContext");
      const seq = (await info(small.root))?.tx.seq ?? NaN;
      expect(root).to.equal(await flow.getFunction("getFlowRootByTxSeq").staticCall(seq));
      expect(BigInt(length)).to.equal(((await flow.getFunction("tree").staticCall()) as bigint[])[0]);

      const [large, little] = await Promise.all([info(tree.root), info(small.root)]);
      const first = large?.tx.startEntryIndex ?? NaN;
      for (const chunk of [0, 1023, 1024, 16 * 1024 + 5, 17 * 1024 + 1]) {
        const proof = await ask<Proof>(url, "zgs_getSectorProof", first + chunk, null);
        const data = Buffer.alloc(CHUNK_BYTES);
        data.set(bytes.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES));
        expect(proof.lemma[0], `chunk ${chunk}`).to.equal(keccak256(data));
        expect(endOf(proof), `chunk ${chunk}`).to.equal(root);
        expect(proof.lemma.at(-1)).to.equal(root);
      }
      const before = (await flow.getFunction("getFlowRootByTxSeq").staticCall(large?.tx.seq)) as Hex;
      expect(endOf(await ask<Proof>(url, "zgs_getSectorProof", first, before))).to.equal(before);
      expect(
        endOf(await ask<Proof>(url, "zgs_getSectorProof", (little?.tx.startEntryIndex ?? NaN) + 2, null)),
      ).to.equal(root);
    });

    it("proves no sector it does not hold, and none of another Flow", async () => {
      expect((await errorOf(ask(url, "zgs_getSectorProof", 0, null))).data).to.equal("sector 0 is not held here");
      const strange = ask(url, "zgs_getSectorProof", 1, `0x${"42".repeat(32)}`);
      expect((await errorOf(strange)).data).to.equal("the Flow never had this root");
    });
  });

  describe("given a segment that is not right", () => {
    const size = 17 * SEGMENT_BYTES + 300;
    let bytes: Uint8Array;
    let tree: StorageTree;

    before(async () => {
      bytes = bytesOf(size, 5);
      tree = storageTree(bytes);
      await submit(world.user, world.storage.flow, tree);
    });

    const spoilt = (index: number, spoil: (segment: SegmentJson) => void): SegmentJson => {
      const segment = segmentOf(bytes, tree, index);
      spoil(segment);
      return segment;
    };
    const flipped = (data: string) => {
      const changed = Buffer.from(data, "base64");
      changed[0]! ^= 1;
      return changed.toString("base64");
    };

    const wrong: Record<string, [segment: () => SegmentJson, field: string, reason: RegExp]> = {
      "a changed bit": [() => spoilt(3, (it) => (it.data = flipped(it.data))), "proof", /^validation failed$/],
      "the proof of another segment": [
        () => spoilt(3, (it) => (it.proof = segmentOf(bytes, tree, 2).proof)),
        "proof",
        /^validation failed$/,
      ],
      "another place than its own": [() => spoilt(3, (it) => (it.index = 2)), "proof", /^validation failed$/],
      "sides that are swapped": [
        () => spoilt(3, (it) => (it.proof.path = it.proof.path.map((side) => !side))),
        "proof",
        /^validation failed$/,
      ],
      "a sibling too few": [() => spoilt(3, (it) => it.proof.lemma.splice(1, 1)), "proof", /^invalid proof$/],
      "another root at the end of its proof": [
        () => spoilt(3, (it) => (it.proof.lemma[it.proof.lemma.length - 1] = it.proof.lemma[1]!)),
        "proof",
        /^validation failed$/,
      ],
      "too few bytes": [() => spoilt(3, (it) => (it.data = it.data.slice(0, 1024))), "data", /^invalid data length$/],
      "a place after the end": [() => spoilt(17, (it) => (it.index = 18)), "index", /^index out of bound$/],
      "a size that was not submitted": [() => spoilt(3, (it) => it.fileSize++), "file_size", /not matched/],
      "a root that nobody submitted": [
        () => spoilt(3, (it) => (it.root = `0x${"42".repeat(32)}`)),
        "root",
        /no submission of this root/,
      ],
    };
    for (const [what, [segment, field, reason]] of Object.entries(wrong)) {
      it(`refuses ${what}`, async () => {
        const error = await errorOf(ask(url, "zgs_uploadSegment", segment()));
        expect(error).to.include({ code: -32602, message: `Invalid params: ${field}` });
        expect(error.data).to.match(reason);
        expect(await info(tree.root)).to.deep.include({ uploadedSegNum: 0 });
      });
    }

    it("refuses a file whose padding is not of zeros", async () => {
      // 17 segments hold data and 18 are paid for; the root commits to something in the last.
      const size = 16 * SEGMENT_BYTES + 300;
      const padded = Buffer.alloc(18 * SEGMENT_BYTES);
      padded.set(bytesOf(size, 6));
      padded[17 * SEGMENT_BYTES] = 1;
      const lie = storageTree(padded);
      await submit(world.user, world.storage.flow, { shape: shapeOf(size), nodes: lie.nodes });
      const { proof } = segmentOf(padded, lie, 16);
      const segment = { ...segmentOf(padded.subarray(0, size), lie, 16), proof };
      const error = await errorOf(ask(url, "zgs_uploadSegment", segment));
      expect(error.data).to.equal("invalid proof node value in the padding range");
    });

    it("takes the same segments when they are right, one of them twice, and then no more", async () => {
      await ask(url, "zgs_uploadSegment", segmentOf(bytes, tree, 3));
      for (let index = 0; index < tree.shape.segments; index++) {
        expect(await ask(url, "zgs_uploadSegment", segmentOf(bytes, tree, index))).to.equal(null);
      }
      expect(await info(tree.root)).to.deep.include({ finalized: true });
      const again = await errorOf(ask(url, "zgs_uploadSegment", segmentOf(bytes, tree, 3)));
      expect(again).to.include({ code: -32602, data: "already uploaded and finalized" });
    });

    it("refuses the number of another file's submission", async () => {
      const other = storageTree(bytesOf(10, 7));
      await submit(world.user, world.storage.flow, other);
      const seq = (await info(other.root))?.tx.seq;
      const error = await errorOf(ask(url, "zgs_uploadSegmentsByTxSeq", [segmentOf(bytes, tree, 0)], seq));
      expect(error).to.include({ code: -32603, data: "data root and tx seq not match" });
    });
  });

  describe("spoken to wrongly", () => {
    it("knows no other method", async () => {
      expect(await errorOf(ask(url, "zgs_format"))).to.include({ code: -32601 });
      expect(await errorOf(ask(url, "constructor"))).to.include({ code: -32601 });
    });

    it("says which parameter is malformed", async () => {
      expect(await errorOf(ask(url, "zgs_getFileInfo", "0x12"))).to.include({ message: "Invalid params: data_root" });
      expect(await errorOf(ask(url, "zgs_uploadSegments", {}))).to.include({ message: "Invalid params: segments" });
    });

    it("answers a batch in order", async () => {
      const call = (id: number, method: string) => ({ jsonrpc: "2.0", id, method });
      const body = JSON.stringify([call(1, "zgs_getShardConfig"), call(2, "nothing")]);
      const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
      const answers = (await response.json()) as { id: number }[];
      expect(answers.map(({ id }) => id)).to.deep.equal([1, 2]);
    });

    it("says that a body is no JSON, or too large", async () => {
      const post = async (body: string) =>
        (await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body })).status;
      expect(await post("{")).to.equal(400);
      expect(await post(`"${"x".repeat(33 * 2 ** 20)}"`)).to.equal(413);
    });

    it("serves only this machine's own names", async () => {
      const asked = httpRequest(url, { method: "POST", headers: { host: "attacker.example" } }).end("{}");
      const [response] = (await once(asked, "response")) as [IncomingMessage];
      response.resume();
      expect(response.statusCode).to.equal(403);
    });
  });
});

describe("two nodes that share every file", () => {
  let world: StorageWorld;

  before(async () => {
    world = await storageWorld({ storageNodes: 2 });
  });

  after(async () => {
    await world.close();
  });

  it("each take every other segment, counted from the start of the Flow, and refuse the rest", async () => {
    const bytes = bytesOf(3 * SEGMENT_BYTES, 8);
    const tree = storageTree(bytes);
    await submit(world.user, world.storage.flow, tree);
    const [one, other] = [world.storage.node(0), world.storage.node(1)];
    const { tx } = await ask<FileInfo>(one.url, "zgs_getFileInfo", tree.root, true);
    const holder = (index: number) => ((tx.startEntryIndex / 1024 + index) % 2 === 0 ? one : other);
    for (const index of [0, 1, 2]) {
      const stranger = holder(index) === one ? other : one;
      const refused = await errorOf(ask(stranger.url, "zgs_uploadSegment", segmentOf(bytes, tree, index)));
      expect(refused.data).to.match(new RegExp(`segment ${index} is not of shard`));
    }
    for (const index of [0, 1, 2]) await ask(holder(index).url, "zgs_uploadSegment", segmentOf(bytes, tree, index));
    expect(await ask(other.url, "zgs_downloadSegmentWithProof", tree.root, holder(0) === one ? 0 : 1)).to.equal(null);
    await world.storage.whenFinal(tree.root, AbortSignal.timeout(5_000));
    const locations = await ask<{ url: string }[]>(world.storage.indexer, "indexer_getFileLocations", tree.root);
    expect(locations.map(({ url }) => url)).to.deep.equal([one.url, other.url]);
  });

  it("are no three", async () => {
    const three = storageWorld({ storageNodes: 3 });
    expect(await three.catch((error: unknown) => (error as { code: string }).code)).to.equal("ZG_USAGE");
  });
});

describe("0G Storage's contracts on the embedded network", () => {
  let world: StorageWorld;

  before(async () => {
    world = await storageWorld();
  });

  after(async () => {
    await world.close();
  });

  it("have the placed code, the price of the settings, and take no less than the fee", async () => {
    const { storage } = await world.galileo.status();
    expect(storage.contracts.map(({ address, match }) => [address, match])).to.deep.equal([
      [STORAGE_FLOW.address, "placed"],
      [STORAGE_MARKET.address, "placed"],
    ]);
    expect(storage).to.include({ pricePerSector: STORAGE_SETTINGS.pricePerSector, submissions: 0n });
    const tree = storageTree(bytesOf(10, 9));
    const short = submit(world.user, world.storage.flow, tree, -1n);
    expect(await short.catch((error: unknown) => (error as Error).message)).to.include("reverted");
  });

  it("cost a submission no more after a million blocks", async () => {
    await world.rpc.request({ method: "hardhat_mine", params: ["0xf4240"] });
    const tree = await store(world, bytesOf(10, 10));
    await world.storage.whenFinal(tree.root, AbortSignal.timeout(5_000));
    expect((await world.galileo.status()).storage.submissions).to.equal(1n);
  });
});
