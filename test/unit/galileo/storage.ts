import { expect } from "chai";
import { keccak256, toUtf8Bytes } from "ethers";

import { byteBudget } from "../../../lib/galileo/storage/byte-budget.ts";
import { temper, type NodeMisbehaviour } from "../../../lib/galileo/storage/misbehaviour.ts";
import { STORAGE_FLOW, STORAGE_MARKET, STORAGE_SETTINGS } from "../../../lib/galileo/storage/predeploys.ts";
import { isOwn, ownSegments } from "../../../lib/galileo/storage/shard.ts";

import { checksum } from "../../../lib/hex.ts";
import { NETWORKS } from "../../../lib/networks.ts";

describe("byteBudget", () => {
  /** What has started so far, after everything that could start has. */
  async function world(total: number) {
    const budget = byteBudget(total);
    const started: string[] = [];
    const take = (name: string, bytes: number) =>
      budget.take(bytes).then((release) => {
        started.push(name);
        return release;
      });
    const settled = async () => {
      await new Promise(setImmediate);
      return [...started];
    };
    return { take, settled };
  }

  it("lets in what fits, and the rest in its order when there is room", async () => {
    const { take, settled } = await world(10);
    const first = take("first", 6);
    void take("second", 4);
    void take("third", 5);
    void take("small", 1);
    expect(await settled()).to.deep.equal(["first", "second"]);
    (await first)();
    expect(await settled(), "a small one does not overtake").to.deep.equal(["first", "second", "third", "small"]);
  });

  it("lets in alone what is larger than all", async () => {
    const { take, settled } = await world(10);
    const large = take("large", 50);
    void take("small", 1);
    expect(await settled()).to.deep.equal(["large"]);
    (await large)();
    expect(await settled()).to.deep.equal(["large", "small"]);
  });

  it("counts a release once", async () => {
    const { take, settled } = await world(10);
    const release = await take("first", 10);
    void take("second", 10);
    void take("third", 10);
    release();
    release();
    expect(await settled()).to.deep.equal(["first", "second"]);
  });
});

describe("STORAGE_PREDEPLOYS", () => {
  it("puts the Flow where the registry has Galileo's, and the market where its name says", () => {
    expect(STORAGE_FLOW.address).to.equal(NETWORKS.galileo.contracts.storageFlow);
    const hash = keccak256(toUtf8Bytes("embedded Galileo: storage market"));
    expect(STORAGE_MARKET.address).to.equal(checksum(`0x${hash.slice(-40)}`));
  });

  it("asks 0.128 0G and a little for a GiB", () => {
    const gib = STORAGE_SETTINGS.pricePerSector * (2n ** 30n / 256n);
    expect(gib / 10n ** 15n).to.equal(128n);
  });
});

describe("shards", () => {
  it("share all segments of a file, each to one, wherever the file begins", () => {
    for (const numShard of [1, 2, 4]) {
      for (const startEntry of [1, 5, 1024, 2048, 5 * 1024]) {
        for (const segments of [1, 2, 3, 7, 8]) {
          const all = Array.from({ length: segments }, (_, index) => index);
          let sum = 0;
          for (let shardId = 0; shardId < numShard; shardId++) {
            const shard = { shardId, numShard };
            const own = all.filter((index) => isOwn(shard, startEntry, index)).length;
            expect(ownSegments(shard, startEntry, segments)).to.equal(own);
            sum += own;
          }
          expect(sum).to.equal(segments);
        }
      }
    }
  });
});

describe("temper", () => {
  it("counts only requests that the misbehaviour concerns", () => {
    const mood = temper<NodeMisbehaviour>();
    mood.set({ kind: "busy", requests: 2 });
    expect(mood.next("dead", "hang")).to.equal(undefined);
    expect(mood.next("busy")?.kind).to.equal("busy");
    expect(mood.next("busy")?.kind).to.equal("busy");
    expect(mood.next("busy")).to.equal(undefined);
    expect(mood.peek()).to.equal(undefined);
  });
});
