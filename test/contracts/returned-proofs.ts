/** A verifier that knows the final standard only: what it answers is compared with what the token knows. */

import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { network } from "hardhat";

import type { Hex } from "../../lib/hex.ts";
import { COUNT, deployAnsweringFixture, repeated } from "./support/answering-fixture.ts";
import type { Action } from "./support/dialects-fixture.ts";
import { hashOf, keyOf, walletOf } from "./support/verifier-fixture.ts";

const NONCE_LENGTH = 62;

describe("a verifier that knows the final standard only", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  const fixture = async () => deployAnsweringFixture(connection);
  const deploy = () => connection.networkHelpers.loadFixture(fixture);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  describe("that tells the truth", () => {
    it("lets a token move, with its new hashes and keys", async () => {
      const { inft, buyer, sellerAddress, tokenId, nonceOf, proofs, outputsOf, answer, send } = await deploy();
      const list = proofs(await nonceOf());
      await answer(outputsOf(list));
      const sent = send(list);
      await expect(sent).to.emit(inft, "Transferred").withArgs(tokenId, sellerAddress, buyer.address);
      await expect(sent)
        .to.emit(inft, "PublishedSealedKey")
        .withArgs(
          buyer.address,
          tokenId,
          list.map(({ ownershipProof }) => ownershipProof.sealedKey),
        );
      expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
      expect((await inft.intelligentDataOf(tokenId)).map(({ dataHash }) => dataHash)).to.deep.equal(
        list.map(({ ownershipProof }) => ownershipProof.newDataHash),
      );
    });

    it("lets a token be cloned", async () => {
      const { inft, buyer, sellerAddress, tokenId, nonceOf, proofs, outputsOf, answer, send } = await deploy();
      const list = proofs(await nonceOf({ action: "clone" }));
      await answer(outputsOf(list));
      await expect(send(list, "clone"))
        .to.emit(inft, "Cloned")
        .withArgs(tokenId, tokenId + 1n, sellerAddress, buyer.address);
      expect([await inft.ownerOf(tokenId), await inft.ownerOf(tokenId + 1n)]).to.deep.equal([
        sellerAddress,
        buyer.address,
      ]);
    });

    it("may say that the receiver's delegate signed", async () => {
      const { inft, buyer, ethers, strangerAddress, tokenId, lie } = await deploy();
      await inft.connect(buyer.connect(ethers.provider)).delegateAccess(strangerAddress);
      await lie(1, { accessAssistant: strangerAddress });
      expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
    });

    it("may say that the receiver wanted another key, to which the data was sealed", async () => {
      const { inft, buyer, tokenId, lie } = await deploy();
      const key = keyOf(walletOf("another key of the buyer's"));
      await lie(0, { encryptedPubKey: key, wantedKey: key });
      expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
    });
  });

  it("that refuses is heard, in its own words", async () => {
    const { ethers, sellerAddress, deployInft, datas, buyer, nonceOf, proofs } = await deploy();
    const strict = await ethers.deployContract("FinalVerifier__MockForINFT", [sellerAddress, 1n, 0n, []]);
    const inft = await deployInft(strict);
    await inft.mint(datas(COUNT), sellerAddress);
    const list = proofs(await nonceOf());
    await expect(inft.iTransfer(buyer.address, 1n, list))
      .to.be.revertedWithCustomError(strict, "AttestorSignatureCount")
      .withArgs(0n, 1n);
  });

  describe("is not believed when it answers", () => {
    for (const count of [0, COUNT - 1, COUNT + 1]) {
      it(`${count} proofs of ${COUNT}`, async () => {
        const { inft, tokenId, nonceOf, proofs, outputsOf, answer, send, refused } = await deploy();
        const list = proofs(await nonceOf());
        const outputs = outputsOf(list);
        await answer([...outputs, ...outputs].slice(0, count));
        await refused(() => send(list), inft, "ERC7857DataCount", [tokenId, count, COUNT]);
      });
    }

    for (const [what, change] of [
      ["another old hash", { oldDataHash: hashOf("another") }],
      ["another new hash", { newDataHash: hashOf("another") }],
      ["another sealed key", { sealedKey: repeated(9, 129) }],
      ["a sealed key cut short", { sealedKey: repeated(1, 128) }],
    ] as const) {
      it(what, async () => {
        const { inft, lie, refused } = await deploy();
        for (const index of [0, 2]) {
          await refused(() => lie(index, change), inft, "ERC7857OutputMismatch", [index]);
        }
      });
    }

    it("another nonce, of either side, for any datum", async () => {
      const { inft, nonceOf, lie, refused } = await deploy();
      const right = await nonceOf();
      const wrong = await nonceOf({ action: "clone" });
      for (const index of [0, 2]) {
        await refused(() => lie(index, { accessProofNonce: wrong }, right), inft, "ERC7857NonceMismatch", [
          index,
          wrong,
          right,
          right,
        ]);
        await refused(() => lie(index, { ownershipProofNonce: wrong }, right), inft, "ERC7857NonceMismatch", [
          index,
          right,
          wrong,
          right,
        ]);
      }
    });

    it("that a stranger signed, nobody, or one who is the receiver's delegate no longer", async () => {
      const { inft, buyer, ethers, strangerAddress, lie, refused } = await deploy();
      const delegating = inft.connect(buyer.connect(ethers.provider));
      for (const assistant of [strangerAddress, ZeroAddress]) {
        await refused(() => lie(2, { accessAssistant: assistant }), inft, "ERC7857AccessAssistantMismatch", [
          buyer.address,
          assistant,
        ]);
      }
      await delegating.delegateAccess(strangerAddress);
      await delegating.delegateAccess(ZeroAddress);
      await refused(() => lie(0, { accessAssistant: strangerAddress }), inft, "ERC7857AccessAssistantMismatch", [
        buyer.address,
        strangerAddress,
      ]);
    });

    for (const length of [0, 33, 63, 65]) {
      it(`a key of ${length} bytes, wanted so or not`, async () => {
        const { direct, lie, refused } = await deploy();
        const key = repeated(4, length);
        for (const wantedKey of ["0x", key] as const) {
          await refused(() => lie(1, { encryptedPubKey: key, wantedKey }), direct, "PublicKeyLength", [length]);
        }
      });
    }

    it("another key than the receiver's own, or than the one it wanted", async () => {
      const { direct, buyer, lie, refused } = await deploy();
      const other = keyOf(walletOf("somebody else"));
      for (const [encryptedPubKey, wantedKey] of [
        [other, "0x"],
        [other, keyOf(buyer)],
        [keyOf(buyer), other],
      ] as const) {
        await refused(() => lie(2, { encryptedPubKey, wantedKey }), direct, "PublicKeyMismatch", [
          buyer.address,
          encryptedPubKey,
          wantedKey,
        ]);
      }
    });

    it("nothing at all", async () => {
      const { inft, verifier, tokenId, sellerAddress, nonceOf, proofs, send } = await deploy();
      const list = proofs(await nonceOf());
      await verifier.answerWith("0x");
      await expect(send(list)).to.be.revertedWithCustomError(inft, "FailedCall").withArgs();
      expect(await inft.ownerOf(tokenId)).to.equal(sellerAddress);
    });
  });

  describe("is not trusted with the circumstances: proofs are refused whose nonce", () => {
    /** Sends proofs that carry `nonce`, all of which the verifier confirms. */
    async function confirmed(shop: Awaited<ReturnType<typeof deploy>>, nonce: Hex, action: Action = "transfer") {
      const list = shop.proofs(nonce);
      await shop.answer(shop.outputsOf(list));
      return shop.send(list, action);
    }

    it("is of another action, token or receiver", async () => {
      const shop = await deploy();
      const { inft, datas, sellerAddress, strangerAddress, nonceOf, refused } = shop;
      await inft.mint(datas(COUNT), sellerAddress);
      const deadline = await shop.deadline();
      const expected = await nonceOf({ deadline });
      for (const changes of [{ action: "clone" }, { tokenId: 2n }, { to: strangerAddress }] as const) {
        const nonce = await nonceOf({ ...changes, deadline });
        await refused(() => confirmed(shop, nonce), inft, "ERC7857NonceMismatch", [0, nonce, nonce, expected]);
      }
      const transfer = await nonceOf({ deadline });
      await refused(() => confirmed(shop, transfer, "clone"), inft, "ERC7857NonceMismatch", [
        0,
        transfer,
        transfer,
        await nonceOf({ action: "clone", deadline }),
      ]);
    });

    it("is of an earlier sequence", async () => {
      const shop = await deploy();
      const { inft, tokenId, datas, nonceOf, refused } = shop;
      const deadline = await shop.deadline();
      const old = await nonceOf({ deadline });
      const same = datas(COUNT).map(({ dataHash }) => dataHash);
      await inft.updateHashes(tokenId, same, []);
      const expected = await nonceOf({ deadline });
      await refused(() => confirmed(shop, old), inft, "ERC7857NonceMismatch", [0, old, old, expected]);
    });

    for (const length of [0, 61, 63]) {
      it(`has ${length} bytes, not ${NONCE_LENGTH}`, async () => {
        const shop = await deploy();
        const { inft, nonceOf, refused } = shop;
        const nonce = (await nonceOf()).padEnd(2 + 2 * 63, "0").slice(0, 2 + 2 * length) as Hex;
        const expected = await nonceOf({ deadline: 0n });
        await refused(() => confirmed(shop, nonce), inft, "ERC7857NonceMismatch", [0, nonce, nonce, expected]);
      });
    }

    it("is over, by a second", async () => {
      const shop = await deploy();
      const { inft, direct, buyer, tokenId, nonceOf, networkHelpers, refused } = shop;
      const deadline = await shop.deadline();
      const nonce = await nonceOf({ deadline });
      const list = shop.proofs(nonce);
      await shop.answer(shop.outputsOf(list));
      const snapshot = await networkHelpers.takeSnapshot();
      await networkHelpers.time.setNextBlockTimestamp(deadline + 1n);
      await refused(() => shop.send(list), direct, "ProofExpired", [deadline, deadline + 1n]);
      await snapshot.restore();
      await networkHelpers.time.setNextBlockTimestamp(deadline);
      await shop.send(list);
      expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
    });
  });

  describe("and calls the token back while it verifies", () => {
    it("undoes the transfer when it changed the token, in whatever way", async () => {
      const { inft, verifier, tokenId, sellerAddress, strangerAddress, nonceOf, proofs, outputsOf, answer, ...shop } =
        await deploy();
      const { send, datas, refused } = shop;
      await inft.setApprovalForAll(await verifier.getAddress(), true);
      const hashes = datas(COUNT).map((_, i) => hashOf(`from within ${i}`));
      for (const call of [
        inft.interface.encodeFunctionData("clearAuthorizedUsers", [tokenId]),
        inft.interface.encodeFunctionData("updateHashes", [tokenId, hashes, []]),
        inft.interface.encodeFunctionData("approve", [strangerAddress, tokenId]),
        inft.interface.encodeFunctionData("burn", [tokenId]),
      ]) {
        await verifier.callBack(call);
        for (const action of ["transfer", "clone"] as const) {
          const list = proofs(await nonceOf({ action }));
          await answer(outputsOf(list));
          await refused(() => send(list, action), inft, "ERC7857TokenChanged", [tokenId]);
        }
      }
      expect(await inft.ownerOf(tokenId)).to.equal(sellerAddress);
    });

    it("hinders nothing when it changed another token", async () => {
      const { inft, verifier, buyer, sellerAddress, tokenId, nonceOf, proofs, outputsOf, answer, send } =
        await deploy();
      await inft.mint([], sellerAddress);
      await inft.approve(await verifier.getAddress(), tokenId + 1n);
      await verifier.callBack(inft.interface.encodeFunctionData("burn", [tokenId + 1n]));
      const list = proofs(await nonceOf());
      await answer(outputsOf(list));
      await expect(send(list))
        .to.emit(inft, "Transfer")
        .withArgs(sellerAddress, ZeroAddress, tokenId + 1n);
      expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
    });
  });

  it("cannot be an address without code", async () => {
    const { inft, deployInft, strangerAddress } = await deploy();
    await expect(deployInft({ getAddress: async () => strangerAddress }))
      .to.be.revertedWithCustomError(inft, "ERC7857VerifierWithoutCode")
      .withArgs(strangerAddress);
  });
});
