/** What counts in a token contract, at the end of its counting and where its representation changes. */

import { expect } from "chai";
import { network } from "hardhat";

import type { ProofAction } from "../../lib/inft/proof.ts";
import { deployDialectsFixture } from "./support/dialects-fixture.ts";
import { LAST_COUNT, tokenStorage } from "./support/token-storage.ts";
import { hashOf } from "./support/verifier-fixture.ts";

const PLAIN = "transferFrom";
const UPDATE = "update(uint256,(string,bytes32)[])";

describe("counters", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;

  async function fixture() {
    const shop = await deployDialectsFixture(connection);
    const { inft, buyer, sellerAddress, datas, finalProofs } = shop;
    const tokenId = await shop.mintToken();
    const storage = tokenStorage(connection, shop.address);
    const proofs = (action: ProofAction) => finalProofs(tokenId, { action });
    /** All that counts a token's sequence up, and those of it that count its epoch up. */
    const counting = {
      iTransfer: async () => inft.iTransfer(buyer.address, tokenId, await proofs("transfer")),
      iTransferBatch: async () =>
        inft.iTransferBatch([{ to: buyer.address, tokenId, proofs: await proofs("transfer") }]),
      iClone: async () => inft.iClone(buyer.address, tokenId, await proofs("clone")),
      update: async () => inft[UPDATE](tokenId, datas(2)),
      updateHashes: async () => inft.updateHashes(tokenId, [hashOf("another")], []),
      burn: async () => inft.burn(tokenId),
    };
    const leaving = {
      iTransfer: counting.iTransfer,
      iTransferBatch: counting.iTransferBatch,
      burn: counting.burn,
      clearAuthorizedUsers: async () => inft.clearAuthorizedUsers(tokenId),
    };
    const setCounters = (counters: Parameters<typeof storage.setCounters>[1]) =>
      storage.setCounters(tokenId, counters, sellerAddress);
    return { ...shop, tokenId, storage, counting, leaving, setCounters };
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  describe("a token's sequence", () => {
    it("counts to the last of 24 bits, for proofs too", async () => {
      const { inft, buyer, tokenId, setCounters, counting } = await deploy();
      await setCounters({ sequence: LAST_COUNT - 1n });
      await counting.iTransfer();
      const { owner, sequence, authorizationEpoch } = await inft.tokenStateOf(tokenId);
      expect([owner, sequence, authorizationEpoch]).to.deep.equal([buyer.address, LAST_COUNT, 1n]);
    });

    it("does not begin anew: at its end the token stays as it is", async () => {
      const { inft, tokenId, setCounters, counting, stateOf } = await deploy();
      await setCounters({ sequence: LAST_COUNT });
      const before = await stateOf(tokenId);
      for (const [name, attempt] of Object.entries(counting)) {
        await expect(attempt(), name).to.be.revertedWithCustomError(inft, "ERC7857CounterExhausted").withArgs(tokenId);
        expect(await stateOf(tokenId), name).to.equal(before);
      }
    });

    it("at its end still lets the token be used", async () => {
      const { inft, tokenId, strangerAddress, setCounters } = await deploy();
      await setCounters({ sequence: LAST_COUNT });
      await inft.authorizeUsage(tokenId, strangerAddress);
      await inft.clearAuthorizedUsers(tokenId);
      expect((await inft.tokenStateOf(tokenId)).authorizationEpoch).to.equal(1n);
    });

    it("is not used up by a plain transfer of a token without data, but counted", async () => {
      const { inft, sellerAddress, strangerAddress, storage } = await deploy();
      const tokenId = await inft.mint.staticCall([], sellerAddress);
      await inft.mint([], sellerAddress);
      await storage.setCounters(tokenId, { sequence: LAST_COUNT }, sellerAddress);
      await expect(inft[PLAIN](sellerAddress, strangerAddress, tokenId))
        .to.be.revertedWithCustomError(inft, "ERC7857CounterExhausted")
        .withArgs(tokenId);
    });
  });

  describe("a token's epoch", () => {
    it("counts to the last of 24 bits", async () => {
      const { inft, tokenId, setCounters, leaving } = await deploy();
      await setCounters({ authorizationEpoch: LAST_COUNT - 1n });
      await expect(leaving.clearAuthorizedUsers()).to.emit(inft, "AuthorizationsCleared").withArgs(tokenId, LAST_COUNT);
    });

    it("does not begin anew, which would bring its first users back", async () => {
      const { inft, tokenId, strangerAddress, setCounters, leaving, stateOf } = await deploy();
      await inft.authorizeUsage(tokenId, strangerAddress);
      await setCounters({ authorizationEpoch: LAST_COUNT });
      const before = await stateOf(tokenId);
      for (const [name, attempt] of Object.entries(leaving)) {
        await expect(attempt(), name).to.be.revertedWithCustomError(inft, "ERC7857CounterExhausted").withArgs(tokenId);
        expect(await stateOf(tokenId), name).to.equal(before);
      }
      expect(await inft.isAuthorizedUser(tokenId, strangerAddress)).to.equal(false);
    });

    it("at its end still lets the data be replaced and cloned, and users come and go", async () => {
      const { inft, buyer, tokenId, strangerAddress, setCounters, counting } = await deploy();
      await setCounters({ authorizationEpoch: LAST_COUNT });
      await inft.authorizeUsage(tokenId, strangerAddress);
      await counting.updateHashes();
      await counting.iClone();
      expect(await inft.authorizedUsersOf(tokenId)).to.deep.equal([strangerAddress]);
      await inft.revokeAuthorization(tokenId, strangerAddress);
      expect(await inft.balanceOf(buyer.address)).to.equal(1n);
    });
  });

  describe("the contracts that hold descriptions", () => {
    // Where the nonce, of which each address is made, takes one byte more in RLP.
    for (const count of [0x7en, 0xfen, 0xfffen, 0xff_fffen]) {
      it(`are found by their numbers on both sides of ${count + 2n}`, async () => {
        const { inft, storage, sellerAddress, datas } = await deploy();
        await storage.setCreated(count);
        for (const number of [count + 1n, count + 2n, count + 3n]) {
          const held = datas(2).map(({ dataDescription, dataHash }) => ({
            dataDescription: `${dataDescription}, ${number}`,
            dataHash,
          }));
          const tokenId = await inft.mint.staticCall(held, sellerAddress);
          await inft.mint(held, sellerAddress);
          expect((await inft.tokenStateOf(tokenId)).schemaId).to.equal(number);
          expect((await inft.intelligentDataOf(tokenId)).map(({ dataDescription }) => dataDescription)).to.deep.equal(
            held.map(({ dataDescription }) => dataDescription),
          );
        }
      });
    }

    it("are no more than their 32 bits count", async () => {
      const { inft, storage, sellerAddress, datas } = await deploy();
      await storage.setCreated((1n << 32n) - 1n);
      await expect(inft.mint(datas(1), sellerAddress)).to.be.revertedWithPanic(0x11);
    });

    it("are made or nothing is: a sum that suffices for all but one leaves the token as it was", async () => {
      const { inft, tokenId, stateOf } = await deploy();
      const before = await stateOf(tokenId);
      const length = 24_575;
      const long = [{ dataDescription: "x".repeat(length), dataHash: hashOf("new") }];
      // A creation gets 63 of 64 parts of the gas. What it uses is nearly all, so that the sum just right is too little
      // for it; and the part that remains would do for all that comes after it.
      const gasLimit = await inft[UPDATE].estimateGas(tokenId, long);
      const snapshot = await connection.networkHelpers.takeSnapshot();
      const { gasUsed } = (await (await inft[UPDATE](tokenId, long, { gasLimit: gasLimit * 2n })).wait())!;
      await snapshot.restore();
      await expect(inft[UPDATE](tokenId, long, { gasLimit: gasUsed }))
        .to.be.revertedWithCustomError(inft, "ERC7857CreationFailed")
        .withArgs(length + 11);
      expect(await stateOf(tokenId)).to.equal(before);
    });
  });
});
