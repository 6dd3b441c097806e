/** Transfers and clones whose data was re-encrypted for the receiver, in the final standard's ABI. */

import { expect } from "chai";
import { ZeroAddress, ZeroHash } from "ethers";
import { network } from "hardhat";

import type { Hex } from "../../lib/hex.ts";
import { deployTransfersFixture } from "./support/transfers-fixture.ts";
import { hashOf } from "./support/verifier-fixture.ts";

const UNKNOWN = 99n;

describe("proven transfers", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  const fixture = async () => deployTransfersFixture(connection);
  const deploy = () => connection.networkHelpers.loadFixture(fixture);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  describe("iTransfer", () => {
    it("moves the token with new hashes and keys, and ends approval and authorisations", async () => {
      const { inft, sellerAddress, strangerAddress, buyer, tokenId, finalProofs, keysOf, ...shop } = await deploy();
      await shop.entrust();
      const proofs = await finalProofs(tokenId);
      const sent = await inft.iTransfer(buyer.address, tokenId, proofs);
      await expect(sent).to.emit(inft, "Transfer").withArgs(sellerAddress, buyer.address, tokenId);
      await expect(sent).to.emit(inft, "Transferred").withArgs(tokenId, sellerAddress, buyer.address);
      await expect(sent).to.emit(inft, "PublishedSealedKey").withArgs(buyer.address, tokenId, keysOf(proofs));
      await expect(sent).to.emit(inft, "AuthorizationsCleared").withArgs(tokenId, 1n);
      expect(shop.eventsOf((await sent.wait())!.logs)).to.deep.equal([
        "Transfer",
        "AuthorizationsCleared",
        "Transferred",
        "MetadataUpdate",
        "PublishedSealedKey",
      ]);
      expect(await shop.hashesOf()).to.deep.equal(shop.newHashes);
      expect(await shop.descriptionsOf()).to.deep.equal(["datum 0", "datum 1"]);
      const { owner, sequence, authorizationEpoch } = await inft.tokenStateOf(tokenId);
      expect([owner, sequence, authorizationEpoch]).to.deep.equal([buyer.address, 1n, 1n]);
      expect([await inft.balanceOf(sellerAddress), await inft.balanceOf(buyer.address)]).to.deep.equal([0n, 1n]);
      expect([await inft.getApproved(tokenId), await inft.authorizedUsersOf(tokenId)]).to.deep.equal([ZeroAddress, []]);
      expect(await inft.isAuthorizedUser(tokenId, strangerAddress)).to.equal(false);
    });

    it("is open to the approved account and to an operator", async () => {
      const { inft, stranger, strangerAddress, attestors, networkHelpers, ethers, tokenId, send, buyer } =
        await deploy();
      const operator = attestors[2]!.connect(ethers.provider);
      await networkHelpers.setBalance(operator.address, 10n ** 18n);
      await inft.approve(strangerAddress, tokenId);
      await inft.setApprovalForAll(operator.address, true);
      for (const by of [stranger, operator]) {
        const snapshot = await networkHelpers.takeSnapshot();
        await send("transfer", by);
        expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
        await snapshot.restore();
      }
    });
  });

  describe("iClone", () => {
    it("mints the receiver a token of its own, and leaves the source but for its sequence", async () => {
      const { inft, sellerAddress, strangerAddress, buyer, tokenId, finalProofs, keysOf, ...shop } = await deploy();
      await shop.entrust();
      const [hashes, cloneId] = [await shop.hashesOf(), tokenId + 1n];
      const proofs = await finalProofs(tokenId, { action: "clone" });
      expect(await inft.iClone.staticCall(buyer.address, tokenId, proofs)).to.equal(cloneId);
      const sent = await inft.iClone(buyer.address, tokenId, proofs);
      await expect(sent).to.emit(inft, "Cloned").withArgs(tokenId, cloneId, sellerAddress, buyer.address);
      await expect(sent).to.emit(inft, "Transfer").withArgs(ZeroAddress, buyer.address, cloneId);
      await expect(sent).to.emit(inft, "PublishedSealedKey").withArgs(buyer.address, cloneId, keysOf(proofs));
      expect(shop.eventsOf((await sent.wait())!.logs)).to.deep.equal(["Transfer", "Cloned", "PublishedSealedKey"]);

      const [source, clone] = [await inft.tokenStateOf(tokenId), await inft.tokenStateOf(cloneId)];
      expect([...source]).to.deep.equal([sellerAddress, 1n, 0n, 2n, source.schemaId, false]);
      expect([...clone]).to.deep.equal([buyer.address, 0n, 0n, 2n, source.schemaId, false]);
      expect([await shop.hashesOf(), await shop.hashesOf(cloneId)]).to.deep.equal([hashes, shop.newHashes]);
      expect(await shop.descriptionsOf(cloneId)).to.deep.equal(await shop.descriptionsOf());
      expect([await inft.getApproved(tokenId), await inft.getApproved(cloneId)]).to.deep.equal([
        strangerAddress,
        ZeroAddress,
      ]);
      expect([await inft.authorizedUsersOf(tokenId), await inft.authorizedUsersOf(cloneId)]).to.deep.equal([
        [strangerAddress],
        [],
      ]);
    });

    it("of a clone is one more", async () => {
      const { inft, buyer, tokenId, finalProofs, ethers, networkHelpers, send, hashesOf } = await deploy();
      await networkHelpers.setBalance(buyer.address, 10n ** 18n);
      await send("clone");
      const newDataHashes = [hashOf("newer 0"), hashOf("newer 1")];
      const proofs = await finalProofs(tokenId + 1n, { action: "clone", newDataHashes });
      await inft.connect(buyer.connect(ethers.provider)).iClone(buyer.address, tokenId + 1n, proofs);
      expect(await hashesOf(tokenId + 2n)).to.deep.equal(newDataHashes);
      expect(await inft.balanceOf(buyer.address)).to.equal(2n);
    });
  });

  describe("iTransferBatch", () => {
    async function two() {
      const shop = await deploy();
      const other = await shop.mintToken(1);
      const items = await Promise.all(
        [shop.tokenId, other].map(async (tokenId) => ({
          to: shop.buyer.address,
          tokenId,
          proofs: await shop.finalProofs(tokenId),
        })),
      );
      return { ...shop, other, items };
    }

    it("moves each token as if it were alone", async () => {
      const { inft, sellerAddress, buyer, items, keysOf } = await two();
      const sent = await inft.iTransferBatch(items);
      for (const { tokenId, proofs } of items) {
        await expect(sent).to.emit(inft, "Transferred").withArgs(tokenId, sellerAddress, buyer.address);
        await expect(sent).to.emit(inft, "PublishedSealedKey").withArgs(buyer.address, tokenId, keysOf(proofs));
        expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
      }
    });

    it("is all or nothing: another's token, or one that stands in it twice", async () => {
      const { inft, strangerAddress, sellerAddress, buyer, items } = await two();
      await inft.mint([], strangerAddress);
      const [first, second] = items as [(typeof items)[0], (typeof items)[0]];
      const others = { ...second, tokenId: 3n };
      await expect(inft.iTransferBatch([first, others]))
        .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
        .withArgs(sellerAddress, 3n);
      await expect(inft.iTransferBatch([first, first]))
        .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
        .withArgs(sellerAddress, first.tokenId);
      expect(await inft.balanceOf(buyer.address)).to.equal(0n);
    });

    it("of nothing does nothing", async () => {
      const { inft } = await deploy();
      await expect(inft.iTransferBatch([])).to.not.emit(inft, "Transfer");
    });
  });

  describe("whatever the way", () => {
    /** All that takes proofs of the final standard, for one token. */
    const WAYS = ["iTransfer", "iClone", "iTransferBatch", "stageTransfer"] as const;
    type Proofs = Awaited<ReturnType<Awaited<ReturnType<typeof fixture>>["finalProofs"]>>;

    for (const way of WAYS) {
      async function trying() {
        const shop = await deploy();
        const action = way === "iClone" ? "clone" : "transfer";
        const attempt = (proofs: Proofs, to: string = shop.buyer.address, id = shop.tokenId, by = shop.seller) => {
          const token = shop.inft.connect(by);
          return way === "iTransferBatch"
            ? token.iTransferBatch([{ to, tokenId: id, proofs }])
            : token[way](to, id, proofs);
        };
        const proofs = await shop.finalProofs(shop.tokenId, { action });
        const before = await shop.stateOf(shop.tokenId);
        const unchanged = async () => expect(await shop.stateOf(shop.tokenId)).to.equal(before);
        return { ...shop, action, attempt, proofs, unchanged } as const;
      }

      it(`${way} is refused to strangers and to users, and for tokens that do not exist`, async () => {
        const { inft, attempt, proofs, stranger, strangerAddress, buyer, tokenId } = await trying();
        await inft.authorizeUsage(tokenId, strangerAddress);
        await expect(attempt(proofs, buyer.address, tokenId, stranger))
          .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
          .withArgs(strangerAddress, tokenId);
        await expect(attempt(proofs, buyer.address, UNKNOWN))
          .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
          .withArgs(UNKNOWN);
      });

      it(`${way} is refused to nobody's address`, async () => {
        const { inft, attempt, proofs, unchanged } = await trying();
        await expect(attempt(proofs, ZeroAddress))
          .to.be.revertedWithCustomError(inft, "ERC721InvalidReceiver")
          .withArgs(ZeroAddress);
        await unchanged();
      });

      it(`${way} is refused without proofs, and for a token that has no data`, async () => {
        const { inft, attempt, verifier, sellerAddress, buyer, tokenId, unchanged } = await trying();
        await inft.mint([], sellerAddress);
        for (const id of [tokenId, tokenId + 1n]) {
          await expect(attempt([], buyer.address, id))
            .to.be.revertedWithCustomError(verifier, "ProofMissing")
            .withArgs();
        }
        await unchanged();
      });

      it(`${way} is refused with fewer or more proofs than there are data`, async () => {
        const { inft, attempt, proofs, count, tokenId, unchanged } = await trying();
        for (const given of [1, 3, 63, 255]) {
          const list = Array.from({ length: given }, (_, i) => proofs[Math.min(i, 1)]!);
          await expect(attempt(list))
            .to.be.revertedWithCustomError(inft, "ERC7857DataCount")
            .withArgs(tokenId, given, count);
        }
        await unchanged();
      });

      it(`${way} is refused for other data than the token holds, in whatever place`, async () => {
        const { inft, attempt, action, finalProofs, hashesOf, tokenId, unchanged } = await trying();
        const held = (await hashesOf()) as Hex[];
        for (const index of [0, 1]) {
          const claimed = held.map((hash, i) => (i === index ? hashOf("another") : hash));
          await expect(attempt(await finalProofs(tokenId, { action, oldDataHashes: claimed })))
            .to.be.revertedWithCustomError(inft, "ERC7857DataHashMismatch")
            .withArgs(tokenId, index, claimed[index], held[index]);
        }
        await unchanged();
      });

      for (const [what, hash] of [
        ["the one that was held", hashOf("old 1")],
        ["none", ZeroHash as Hex],
      ] as const) {
        it(`${way} is refused when a new hash is ${what}, although both sides signed it`, async () => {
          const { inft, attempt, action, finalProofs, tokenId, unchanged } = await trying();
          const proofs = await finalProofs(tokenId, { action, newDataHashes: [hashOf("new 0"), hash] });
          await expect(attempt(proofs))
            .to.be.revertedWithCustomError(inft, "ERC7857DataUnchanged")
            .withArgs(tokenId, 1n, hash);
          await unchanged();
        });
      }
    }
  });

  describe("proofNonce", () => {
    it("is the 62 bytes of action, deadline, sequence, receiver and token", async () => {
      const { inft, buyer, tokenId } = await deploy();
      await inft.updateHashes(tokenId, [hashOf("a"), hashOf("b")], []);
      const deadline = 0x01_02_03_04_05_06n;
      expect(await inft.proofNonce(2, tokenId, buyer.address, deadline)).to.equal(
        `0x02010203040506000001${buyer.address.slice(2).toLowerCase()}${tokenId.toString(16).padStart(64, "0")}`,
      );
      await expect(inft.proofNonce(1, UNKNOWN, buyer.address, deadline))
        .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
        .withArgs(UNKNOWN);
    });
  });

  describe("delegateAccess", () => {
    it("names one delegate of the caller's, another in its place, and none again", async () => {
      const { inft, stranger, sellerAddress, strangerAddress, buyer } = await deploy();
      expect(await inft.getDelegateAccess(strangerAddress)).to.equal(ZeroAddress);
      for (const assistant of [buyer.address, sellerAddress, ZeroAddress]) {
        await expect(inft.connect(stranger).delegateAccess(assistant))
          .to.emit(inft, "DelegateAccess")
          .withArgs(strangerAddress, assistant);
        expect(await inft.getDelegateAccess(strangerAddress)).to.equal(assistant);
        expect(await inft.getDelegateAccess(sellerAddress)).to.equal(ZeroAddress);
      }
    });
  });
});
