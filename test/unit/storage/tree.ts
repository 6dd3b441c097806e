import { expect } from "chai";
import fc from "fast-check";

import { fromHex, toHex } from "../../../lib/hex.ts";
import { problemOfSegment } from "../../../lib/storage/proof.ts";
import {
  CHUNK_BYTES,
  rootOfNodes,
  SEGMENT_BYTES,
  shapeOf,
  storageTree,
  TreeBuilder,
  type StorageTree,
} from "../../../lib/storage/merkle.ts";
import { officialTree, type OfficialTree } from "../../support/official-storage-tree.ts";

/** No segment of it is like another one. */
function patternOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 131 + (i >> 8) + (i >> 18)) & 255);
}

const SIZES = [
  ...[1, 2, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 4095, 4096, 4097, 4352, 8448, 65_536, 65_537, 100_000],
  ...[SEGMENT_BYTES - 257, SEGMENT_BYTES - 256, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1],
  ...[SEGMENT_BYTES + 256, SEGMENT_BYTES + 257, 307_200, 384_003, 500_000, 2 * SEGMENT_BYTES - 1, 2 * SEGMENT_BYTES],
  ...[2 * SEGMENT_BYTES + 1, 3 * SEGMENT_BYTES, 3 * SEGMENT_BYTES + 77, 4 * SEGMENT_BYTES + 1, 5 * SEGMENT_BYTES],
  ...[7 * SEGMENT_BYTES + 12_345, 9 * SEGMENT_BYTES + 1, 16 * SEGMENT_BYTES + 1],
];

/** Everything both sides know about a file. */
function ours(tree: StorageTree) {
  const { shape, root, nodes } = tree;
  const proofs = Array.from({ length: shape.paddedSegments }, (_, index) => tree.proofOf(index));
  return { root, nodes, proofs, segments: shape.segments, sectors: shape.paddedChunks };
}

function theirs({ root, nodes, proofs, segments, paddedSize }: OfficialTree) {
  return { root, nodes, proofs, segments, sectors: paddedSize / CHUNK_BYTES };
}

describe("StorageTree", function () {
  this.timeout(60_000);

  it(`agrees with 0G's own package on root, nodes and every proof of ${SIZES.length} sizes`, async () => {
    for (const size of SIZES) {
      const bytes = patternOf(size);
      expect(ours(storageTree(bytes)), `${size} bytes`).to.deep.equal(theirs(await officialTree(bytes)));
    }
  });

  it("agrees with 0G's own package on any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 20_000 }), async (bytes) => {
        expect(ours(storageTree(bytes))).to.deep.equal(theirs(await officialTree(bytes)));
      }),
      { numRuns: 40, seed: 5 },
    );
  });

  it("is the tree of the nodes that the Flow contract is told", () => {
    for (const size of SIZES) {
      const { root, nodes } = storageTree(patternOf(size));
      expect(rootOfNodes(nodes), `${size} bytes`).to.equal(root);
    }
  });

  it("takes segments of the file's own lengths only", () => {
    const builder = new TreeBuilder(SEGMENT_BYTES + 5);
    builder.append(new Uint8Array(SEGMENT_BYTES));
    expect(() => {
      builder.append(new Uint8Array(6));
    }).to.throw(RangeError);
  });
});

describe("problemOfSegment", () => {
  const bytes = patternOf(3 * SEGMENT_BYTES + 77);
  const tree = storageTree(bytes);
  const { shape, root } = tree;

  function segment(index: number) {
    const data = new Uint8Array(index === 3 ? CHUNK_BYTES : SEGMENT_BYTES);
    data.set(bytes.subarray(index * SEGMENT_BYTES, (index + 1) * SEGMENT_BYTES));
    return { index, data, proof: tree.proofOf(index) };
  }

  it("finds none in any segment of the file, nor in a file of one segment", () => {
    for (const index of [0, 1, 2, 3]) expect(problemOfSegment(root, shape, segment(index))).to.equal(undefined);
    const small = storageTree(Uint8Array.of(1));
    const data = new Uint8Array(CHUNK_BYTES);
    data[0] = 1;
    expect(problemOfSegment(small.root, small.shape, { index: 0, data, proof: small.proofOf(0) })).to.equal(undefined);
  });

  it("finds every altered byte, sibling and side", () => {
    const fair = segment(1);
    fc.assert(
      fc.property(fc.nat(SEGMENT_BYTES - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const data = Uint8Array.from(fair.data);
        data[at] = (data[at] ?? 0) ^ change;
        expect(problemOfSegment(root, shape, { ...fair, data })).to.match(/^bytes whose root is 0x/);
      }),
      { numRuns: 20, seed: 5 },
    );
    for (const at of fair.proof.lemma.keys()) {
      const lemma = fair.proof.lemma.map((hash, index) => {
        const changed = fromHex(hash);
        if (index === at) changed[31] = (changed[31] ?? 0) ^ 1;
        return toHex(changed);
      });
      expect(problemOfSegment(root, shape, { ...fair, proof: { ...fair.proof, lemma } })).to.match(/proof/);
    }
    for (const at of fair.proof.path.keys()) {
      const path = fair.proof.path.map((left, index) => (index === at ? !left : left));
      expect(problemOfSegment(root, shape, { ...fair, proof: { ...fair.proof, path } })).to.equal(
        "a proof of another place",
      );
    }
  });

  it("finds a true segment at another place", () => {
    expect(problemOfSegment(root, shape, { ...segment(1), index: 2 })).to.equal("a proof of another place");
    expect(problemOfSegment(root, shape, { ...segment(1), proof: segment(2).proof, index: 2 })).to.match(
      /^bytes whose/,
    );
    expect(problemOfSegment(root, shape, { ...segment(1), index: 4 })).to.equal("segment 4 of a file of 4");
  });

  it("finds bytes that are missing, and bytes behind the end of the file", () => {
    const fair = segment(3);
    expect(problemOfSegment(root, shape, { ...fair, data: fair.data.subarray(0, 77) })).to.equal(
      "77 bytes where the segment has 256",
    );
    const shorter = shapeOf(3 * SEGMENT_BYTES + 76);
    expect(problemOfSegment(root, shorter, fair)).to.equal("data after the end of the file");
  });

  it("finds a root with nothing below it", () => {
    const { lemma } = tree.proofOf(0);
    const proof = { lemma: [lemma[0] ?? "0x", root], path: [] } as const;
    expect(problemOfSegment(root, shape, { ...segment(0), proof })).to.equal("a proof of another place");
    expect(problemOfSegment(root, shape, { ...segment(0), proof: { ...tree.proofOf(0), lemma: [root] } })).to.equal(
      "a proof of 1 hashes",
    );
  });
});
