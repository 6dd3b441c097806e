import { expect } from "chai";

import { EmptyObjectError } from "../../../lib/storage/errors.ts";
import { paddedChunks, storageRoot } from "../../../lib/storage/merkle.ts";

function patternOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 131 + (i >> 8)) & 255);
}

/** Of the first n bytes of the pattern, as computed by 0G's own package (0g-ts-sdk 1.2.8, `MemData.merkleTree`). */
const ROOTS: readonly (readonly [size: number, root: string])[] = [
  [1, "0xd397b3b043d87fcd6fad1291ff0bfd16401c274896d8c63a923727f077b8e0b5"],
  [255, "0xd236c99822b578807f0b1860765278d0ec0dcd266c66f61f92c04ed31aeeb1bc"],
  [256, "0x236f20a4242aefca747e19fcbb6b490d199fec63562b603da76cc78f73367331"],
  [257, "0xdc9285396790fa7575c1daebf8d04179ccaeb526dccc1c3b6170aa0abe976f54"],
  [1024, "0x273205002d483141f518745d69d9f2dcefc7f28f0ee8ba0eca568fac01b33cb3"],
  [4096, "0x4ed327228fc5b9c72a7d5be20b854d642dd85a90fd9a5d8090bb493f356af5c1"],
  [4097, "0xbf8739d059db688701716b2f9bc1d2663fc71ec4982ddaeccc753d497179af9a"],
  [4352, "0xcdc1a29410554c98c86d1a45b05769310969b2babb5ea6aa9ed9baf8fb14ffe5"],
  [8448, "0x17a56d991d553670734e2f2be5810fcea26ab8f5b6d47bc43c648c97a735f784"],
  [262_144, "0x41116dec2f0ef13080768f827dff97d43dab36d534a8e0a097ca75c62f0589b1"],
  [262_400, "0x0b37e3b679d3a2873a80cf22e17fb05edf314be24b741af463b80b18734b6e76"],
  [307_200, "0xc0485b6541824d2e5aa28a00ed656782651ca0f590c483922ddf7f0d7116c57b"],
  [384_003, "0x5856d9d9da56e74f20e86d87167910ea3a2faf686fa4e31e941f15cd3ae8eb2b"],
  [1_048_576, "0x659c59621313da97a1c17a599dffe939d28fde0152be1eb4ca90117d316a87af"],
  [3_145_729, "0x10652d87bb1ddec21a384d86735734c73908f12d1351973efb3ce7385a6d9f6b"],
];

describe("storageRoot", () => {
  for (const [size, root] of ROOTS) {
    it(`agrees with 0G's own package on ${size} bytes`, () => {
      expect(storageRoot(patternOf(size))).to.equal(root);
    });
  }

  it("tells bytes apart that differ in one bit, wherever it is", () => {
    const bytes = patternOf(5000);
    const roots = [0, 255, 256, 4095, 4096, 4999].map((at) => {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      return storageRoot(changed);
    });
    expect(new Set([storageRoot(bytes), ...roots]).size).to.equal(7);
  });

  it("does not tell trailing zeros apart, as 0G's does not: the envelope's tag has to", () => {
    expect(storageRoot(Uint8Array.of(1, 2, 0, 0))).to.equal(storageRoot(Uint8Array.of(1, 2)));
  });

  it("rejects nothing, for which 0G Storage has no root", () => {
    expect(() => storageRoot(new Uint8Array(0)))
      .to.throw(EmptyObjectError)
      .with.property("code", "ZG_USAGE");
  });
});

describe("paddedChunks", () => {
  it("pads to the next power of two, or to a multiple of its sixteenth", () => {
    const padded = [1, 2, 3, 8, 9, 15, 16, 17, 18, 33, 1024, 1025, 1200].map((chunks) => [
      chunks,
      paddedChunks(chunks),
    ]);
    expect(padded).to.deep.equal([
      [1, 1],
      [2, 2],
      [3, 3],
      [8, 8],
      [9, 9],
      [15, 15],
      [16, 16],
      [17, 18],
      [18, 18],
      [33, 36],
      [1024, 1024],
      [1025, 1152],
      [1200, 1280],
    ]);
  });
});
