import { expect } from "chai";
import fc from "fast-check";

import { ShardsMissingError } from "../../../lib/storage/client-errors.ts";
import { isHeldBy } from "../../../lib/storage/node.ts";
import { chooseNodes, coversShards } from "../../../lib/storage/shards.ts";

const node = (url: string, shardId: number, numShard: number) => ({ url, shardId, numShard });
const urls = (nodes: readonly { url: string }[]) => nodes.map(({ url }) => url);

describe("chooseNodes", () => {
  it("takes one node that holds everything before many that hold a part", () => {
    const nodes = [node("a", 0, 2), node("b", 1, 2), node("c", 0, 1)];
    expect(urls(chooseNodes(nodes, 1))).to.deep.equal(["c"]);
    expect(urls(chooseNodes(nodes, 2))).to.deep.equal(["c", "a", "b"]);
  });

  it("joins parts of different sizes", () => {
    const nodes = [node("a", 0, 4), node("b", 1, 2), node("c", 2, 4), node("d", 0, 4)];
    expect(urls(chooseNodes(nodes, 1))).to.deep.equal(["b", "a", "c"]);
  });

  it("says which nodes are too few, and why others are missing", () => {
    const choose = () => chooseNodes([node("a", 0, 2)], 1, ["b is down"]);
    expect(choose).to.throw(ShardsMissingError).with.property("code", "ZG_STORAGE_SHARDS");
    expect(choose).to.throw(/The 1 storage nodes .* every shard \(b is down\)/);
    expect(() => chooseNodes([], 1)).to.throw(ShardsMissingError);
  });

  it("covers every segment of any file as often as it was asked to, or throws", () => {
    const shard = fc
      .nat(3)
      .chain((power) => fc.nat(2 ** power - 1).map((shardId) => ({ shardId, numShard: 2 ** power })));
    fc.assert(
      fc.property(fc.array(shard, { maxLength: 12 }), fc.integer({ min: 1, max: 2 }), (shards, replicas) => {
        const nodes = shards.map((each, index) => ({ url: String(index), ...each }));
        const enough = coversShards(nodes, replicas);
        if (!enough) {
          expect(() => chooseNodes(nodes, replicas)).to.throw(ShardsMissingError);
          return;
        }
        const chosen = chooseNodes(nodes, replicas);
        for (let segment = 0; segment < 16; segment++) {
          const holders = chosen.filter((each) => isHeldBy(each, 3 * 1024, segment));
          expect(holders.length).to.be.greaterThanOrEqual(replicas);
        }
      }),
      { seed: 5 },
    );
  });
});

describe("coversShards", () => {
  it("counts nobody as nothing", () => {
    expect(coversShards([], 1)).to.equal(false);
  });
});
