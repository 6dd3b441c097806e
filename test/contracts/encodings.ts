/** Calldata that no library would encode so: parts that overlap, lie elsewhere or outside, or that nobody reads. */

import { expect } from "chai";
import { concat, dataLength, dataSlice, toBeHex } from "ethers";
import { network } from "hardhat";

import type { Hex } from "../../lib/hex.ts";
import { deployDialectsFixture } from "./support/dialects-fixture.ts";
import { deployInftFixture } from "./support/inft-fixture.ts";

const WORD = 32;
/** Places of fields in the structs of a proof, in words. */
const ACCESS_NONCE = 2;
const OWNERSHIP_NONCE = 5;

/** The words of calldata after its selector, to be read and changed at byte offsets. */
function calldata(encoded: string) {
  let data = encoded;
  const at = (offset: number) => 4 + offset;
  return {
    word: (offset: number) => Number(BigInt(dataSlice(data, at(offset), at(offset + WORD)))),
    set(offset: number, value: bigint | number) {
      data = concat([dataSlice(data, 0, at(offset)), toBeHex(value, WORD), dataSlice(data, at(offset + WORD))]);
    },
    get data() {
      return data;
    },
  };
}

describe("calldata that is encoded in another way", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  describe("of a transfer", () => {
    /** Anew for each test, which changes what is encoded. */
    async function deploy() {
      const shop = await deployDialectsFixture(connection);
      const { inft, buyer, seller, address } = shop;
      const tokenId = await shop.mintToken(2);
      const proofs = await shop.finalProofs(tokenId);
      const encoded = calldata(inft.interface.encodeFunctionData("iTransfer", [buyer.address, tokenId, proofs]));
      // iTransfer(to, tokenId, proofs): the array's count, then the offset of each proof from where these begin.
      const offsets = encoded.word(2 * WORD) + WORD;
      const first = offsets + encoded.word(offsets);
      const [access, ownership] = [first + encoded.word(first), first + encoded.word(first + WORD)];
      const send = () => seller.sendTransaction({ to: address, data: encoded.data });
      return { ...shop, tokenId, encoded, offsets, access, ownership, send };
    }

    it("means what it decodes to: two fields that share their bytes have these", async () => {
      const { inft, buyer, tokenId, encoded, access, ownership, send } = await deploy();
      const shared = ownership + encoded.word(ownership + OWNERSHIP_NONCE * WORD);
      encoded.set(access + ACCESS_NONCE * WORD, shared - access);
      await send();
      expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
    });

    it("means the first datum twice when both proofs are the same bytes, which is refused", async () => {
      const { verifier, tokenId, encoded, offsets, send, stateOf } = await deploy();
      const before = await stateOf(tokenId);
      encoded.set(offsets + WORD, encoded.word(offsets));
      await expect(send()).to.be.revertedWithCustomError(verifier, "ProofEntryNotEmpty").withArgs(1n);
      expect(await stateOf(tokenId)).to.equal(before);
    });

    it("is refused when a part lies outside, or is longer than what there is", async () => {
      const { ethers, tokenId, encoded, offsets, access, send, stateOf } = await deploy();
      const before = await stateOf(tokenId);
      const nonce = access + encoded.word(access + ACCESS_NONCE * WORD);
      for (const [at, value] of [
        [2 * WORD, 1n << 64n],
        [offsets, dataLength(encoded.data)],
        [offsets, (1n << 255n) - 1n],
        [access + ACCESS_NONCE * WORD, dataLength(encoded.data)],
        [nonce, dataLength(encoded.data)],
      ] as const) {
        const genuine = encoded.word(at);
        encoded.set(at, value);
        await expect(send()).to.be.revertedWithoutReason(ethers);
        encoded.set(at, genuine);
      }
      expect(await stateOf(tokenId)).to.equal(before);
    });
  });

  describe("of a committed mint", () => {
    async function deploy() {
      const shop = await deployInftFixture(connection);
      const { inft, minter } = shop;
      const args = await shop.mintArguments();
      await shop.commit(minter, args);
      const { claim, datas, sealedKeys, to, salt } = args;
      const encoded = calldata(
        inft.interface.encodeFunctionData("mintInference", [claim, datas, sealedKeys, to, salt]),
      );
      const address = await inft.getAddress();
      const send = (data: string) => minter.sendTransaction({ to: address, data });
      return { ...shop, args, encoded, send };
    }

    it("is what nobody committed to, although it decodes to the same: with bytes behind it", async () => {
      const { inft, args, encoded, send, idOf, ownerAddress } = await deploy();
      await expect(send(concat([encoded.data, "0x00"]))).to.be.revertedWithCustomError(inft, "CommitmentMissing");
      await send(encoded.data);
      expect(await inft.ownerOf(await idOf(args))).to.equal(ownerAddress);
    });

    it("is what nobody committed to: with one part moved behind the others", async () => {
      const { inft, encoded, send } = await deploy();
      const keysAt = encoded.word(2 * WORD);
      const keys = dataSlice(encoded.data, 4 + keysAt) as Hex;
      encoded.set(2 * WORD, dataLength(encoded.data) - 4);
      await expect(send(concat([encoded.data, keys]))).to.be.revertedWithCustomError(inft, "CommitmentMissing");
    });
  });
});
