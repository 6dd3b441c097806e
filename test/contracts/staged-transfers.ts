/** Transfers whose proofs are accepted first, and which a plain ERC-721 transfer completes. */

import { expect } from "chai";
import { ZeroAddress, hexlify } from "ethers";
import { network } from "hardhat";

import type { Hex } from "../../lib/hex.ts";
import { deployTransfersFixture } from "./support/transfers-fixture.ts";
import { hashOf } from "./support/verifier-fixture.ts";

const UNKNOWN = 99n;
/** EIP-170's 24,576 bytes but the first, which stops who calls them. */
const BLOB_LIMIT = 24_575;
const SAFE = "safeTransferFrom(address,address,uint256)";

describe("a staged transfer", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  const fixture = async () => deployTransfersFixture(connection);
  const deploy = () => connection.networkHelpers.loadFixture(fixture);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  it("moves nothing yet, and says to whom and until when it may be completed", async () => {
    const { inft, sellerAddress, buyer, tokenId, hashesOf, stage, deadline } = await deploy();
    const [until, hashes] = [(await deadline()) + 60n, await hashesOf()];
    expect(await inft.stagedTransferOf(tokenId)).to.deep.equal([ZeroAddress, 0n]);
    const staging = await stage(until);
    await expect(staging).to.emit(inft, "TransferStaged").withArgs(tokenId, buyer.address, until);
    await expect(staging).to.not.emit(inft, "TransferUnstaged");
    expect(await inft.stagedTransferOf(tokenId)).to.deep.equal([buyer.address, until]);
    const { owner, sequence, staged } = await inft.tokenStateOf(tokenId);
    expect([owner, sequence, staged, await hashesOf()]).to.deep.equal([sellerAddress, 0n, true, hashes]);
    await expect(inft.stagedTransferOf(UNKNOWN))
      .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
      .withArgs(UNKNOWN);
  });

  it("is completed by a plain one to exactly that buyer, with its keys", async () => {
    const { inft, sellerAddress, buyer, tokenId, finalProofs, keysOf, newHashes, ...shop } = await deploy();
    await shop.entrust();
    const proofs = await finalProofs(tokenId);
    await inft.stageTransfer(buyer.address, tokenId, proofs);
    const sent = await shop.plain();
    await expect(sent).to.emit(inft, "Transferred").withArgs(tokenId, sellerAddress, buyer.address);
    await expect(sent).to.emit(inft, "PublishedSealedKey").withArgs(buyer.address, tokenId, keysOf(proofs));
    expect(shop.eventsOf((await sent.wait())!.logs)).to.deep.equal([
      "Transfer",
      "AuthorizationsCleared",
      "Transferred",
      "MetadataUpdate",
      "PublishedSealedKey",
    ]);
    const state = await inft.tokenStateOf(tokenId);
    expect([...state]).to.deep.equal([buyer.address, 1n, 1n, 2n, state.schemaId, false]);
    expect(await shop.hashesOf()).to.deep.equal(newHashes);
    expect([await inft.getApproved(tokenId), await inft.authorizedUsersOf(tokenId)]).to.deep.equal([ZeroAddress, []]);
    expect(await inft.stagedTransferOf(tokenId)).to.deep.equal([ZeroAddress, 0n]);
  });

  it("is completed once: the buyer's own plain transfers need proofs again", async () => {
    const { inft, ethers, networkHelpers, buyer, sellerAddress, tokenId, stage, plain } = await deploy();
    await networkHelpers.setBalance(buyer.address, 10n ** 18n);
    await stage();
    await plain();
    const owned = inft.connect(buyer.connect(ethers.provider));
    for (const to of [sellerAddress, buyer.address]) {
      await expect(owned.transferFrom(buyer.address, to, tokenId))
        .to.be.revertedWithCustomError(inft, "ERC7857TransferNeedsProof")
        .withArgs(buyer.address, to, tokenId);
    }
  });

  it("is not completed to anybody else, nor by anybody who may not move the token", async () => {
    const { inft, stranger, sellerAddress, strangerAddress, buyer, tokenId, stage, plain } = await deploy();
    await stage();
    await expect(plain(strangerAddress))
      .to.be.revertedWithCustomError(inft, "ERC7857TransferNeedsProof")
      .withArgs(sellerAddress, strangerAddress, tokenId);
    await expect(plain(buyer.address, stranger))
      .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
      .withArgs(strangerAddress, tokenId);
    await expect(plain(ZeroAddress)).to.be.revertedWithCustomError(inft, "ERC721InvalidReceiver").withArgs(ZeroAddress);
    expect(await inft.ownerOf(tokenId)).to.equal(sellerAddress);
  });

  it("can be completed until its deadline, to the second", async () => {
    const { inft, networkHelpers, buyer, tokenId, deadline, stage, plain } = await deploy();
    const until = await deadline();
    await stage(until);
    const snapshot = await networkHelpers.takeSnapshot();
    await networkHelpers.time.setNextBlockTimestamp(until + 1n);
    await expect(plain())
      .to.be.revertedWithCustomError(inft, "ERC7857StageExpired")
      .withArgs(tokenId, until, until + 1n);
    await snapshot.restore();
    await networkHelpers.time.setNextBlockTimestamp(until);
    await plain();
    expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
  });

  it("is taken back by whoever may move the token, and may be staged again: its proofs are not used up", async () => {
    const { inft, stranger, strangerAddress, sellerAddress, buyer, tokenId, finalProofs, plain } = await deploy();
    const proofs = await finalProofs(tokenId);
    await inft.stageTransfer(buyer.address, tokenId, proofs);
    await expect(inft.connect(stranger).unstageTransfer(tokenId))
      .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
      .withArgs(strangerAddress, tokenId);
    await expect(inft.unstageTransfer(tokenId)).to.emit(inft, "TransferUnstaged").withArgs(tokenId);
    expect(await inft.stagedTransferOf(tokenId)).to.deep.equal([ZeroAddress, 0n]);
    await expect(plain())
      .to.be.revertedWithCustomError(inft, "ERC7857TransferNeedsProof")
      .withArgs(sellerAddress, buyer.address, tokenId);
    await inft.stageTransfer(buyer.address, tokenId, proofs);
    await plain();
    expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
  });

  it("can be taken back only while there is one", async () => {
    const { inft, tokenId, stage } = await deploy();
    const refused = () =>
      expect(inft.unstageTransfer(tokenId))
        .to.be.revertedWithCustomError(inft, "ERC7857NothingStaged")
        .withArgs(tokenId);
    await refused();
    await stage();
    await inft.unstageTransfer(tokenId);
    await refused();
    await expect(inft.unstageTransfer(UNKNOWN))
      .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
      .withArgs(UNKNOWN);
  });

  it("gives way to the next one, and says so", async () => {
    const { inft, buyer, tokenId, finalProofs, newHashes, hashesOf, stage, deadline, plain } = await deploy();
    const first = await finalProofs(tokenId, { newDataHashes: [hashOf("first 0"), hashOf("first 1")] });
    await inft.stageTransfer(buyer.address, tokenId, first);
    const until = (await deadline()) + 600n;
    const again = await stage(until);
    await expect(again).to.emit(inft, "TransferUnstaged").withArgs(tokenId);
    await expect(again).to.emit(inft, "TransferStaged").withArgs(tokenId, buyer.address, until);
    expect(await inft.stagedTransferOf(tokenId)).to.deep.equal([buyer.address, until]);
    await plain();
    expect(await hashesOf()).to.deep.equal(newHashes);
  });

  it("is void when the token is cloned, updated, burnt or transferred, which says so", async () => {
    const { inft, networkHelpers, tokenId, stage, send } = await deploy();
    for (const change of [
      () => send("clone"),
      () => send("transfer"),
      () => inft["update(uint256,(string,bytes32)[])"](tokenId, []),
      () => inft.updateHashes(tokenId, [hashOf("a"), hashOf("b")], []),
      () => inft.burn(tokenId),
    ]) {
      const snapshot = await networkHelpers.takeSnapshot();
      await stage();
      await expect(change()).to.emit(inft, "TransferUnstaged").withArgs(tokenId);
      expect((await inft.tokenStateOf(tokenId)).staged).to.equal(false);
      await snapshot.restore();
    }
  });

  it("keeps keys of any length that fit into a contract, and refuses longer ones", async () => {
    const { inft, buyer, tokenId, finalProofs, keysOf, plain } = await deploy();
    const wordsOf = (bytes: number) => 32 * Math.ceil(bytes / 32);
    const key = (length: number) => hexlify(new Uint8Array(length).fill(7)) as Hex;
    // Two hashes and two keys as abi.encode lays them out, without what the first key takes.
    const around = 32 * (1 + 2 + 3 + 3 + 2) + wordsOf(129);
    const longest = Math.floor((BLOB_LIMIT - around) / 32) * 32;
    const proofsWith = (length: number) => finalProofs(tokenId, { sealedKeys: [key(length), key(129)] });
    const tooLong = await proofsWith(longest + 1);
    await expect(inft.stageTransfer(buyer.address, tokenId, tooLong))
      .to.be.revertedWithCustomError(inft, "ERC7857BlobTooLarge")
      .withArgs(around + longest + 32, BLOB_LIMIT);
    const proofs = await proofsWith(longest);
    await inft.stageTransfer(buyer.address, tokenId, proofs);
    await expect(plain()).to.emit(inft, "PublishedSealedKey").withArgs(buyer.address, tokenId, keysOf(proofs));
  });

  it("of a token without data cannot be, and is not needed", async () => {
    const { inft, verifier, sellerAddress, buyer, tokenId } = await deploy();
    await inft.mint([], sellerAddress);
    await expect(inft.stageTransfer(buyer.address, tokenId + 1n, []))
      .to.be.revertedWithCustomError(verifier, "ProofMissing")
      .withArgs();
    await inft[SAFE](sellerAddress, buyer.address, tokenId + 1n);
    expect(await inft.ownerOf(tokenId + 1n)).to.equal(buyer.address);
  });
});
