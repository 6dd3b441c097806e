/** Who may act for an owner, as OpenZeppelin publishes it for an ERC-721. */

import { expect } from "chai";
import { ZeroAddress, type Signer } from "ethers";
import { network } from "hardhat";

import { deployInftFixture } from "./support/inft-fixture.ts";

/** The owner has both; nobody ever has the third. */
const TOKEN = 1n;
const OTHER = 2n;
const UNKNOWN = 3n;

describe("approvals of an ERC-721", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;

  async function fixture() {
    const shop = await deployInftFixture(connection);
    const { ethers, inft, owner, ownerAddress } = shop;
    const [approved, operator] = ((await ethers.getSigners()) as unknown as Signer[]).slice(-2) as [Signer, Signer];
    await inft.mint([], ownerAddress);
    await inft.mint([], ownerAddress);
    return {
      ...shop,
      owned: inft.connect(owner),
      approved,
      operator,
      approvedAddress: await approved.getAddress(),
      operatorAddress: await operator.getAddress(),
    };
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  describe("approve", () => {
    it("approves one account for one token", async () => {
      const { inft, owned, ownerAddress, approvedAddress } = await deploy();
      await expect(owned.approve(approvedAddress, TOKEN))
        .to.emit(inft, "Approval")
        .withArgs(ownerAddress, approvedAddress, TOKEN);
      expect(await inft.getApproved(TOKEN)).to.equal(approvedAddress);
      expect(await inft.getApproved(OTHER)).to.equal(ZeroAddress);
    });

    it("approves the same account again, or another one in its place", async () => {
      const { inft, owned, approved, ownerAddress, approvedAddress, strangerAddress } = await deploy();
      for (const to of [approvedAddress, approvedAddress, strangerAddress]) {
        await expect(owned.approve(to, TOKEN)).to.emit(inft, "Approval").withArgs(ownerAddress, to, TOKEN);
        expect(await inft.getApproved(TOKEN)).to.equal(to);
      }
      await expect(inft.connect(approved).transferFrom(ownerAddress, approvedAddress, TOKEN))
        .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
        .withArgs(approvedAddress, TOKEN);
    });

    it("of the zero address ends an approval, and is announced also when there was none", async () => {
      const { inft, owned, approved, ownerAddress, approvedAddress } = await deploy();
      await owned.approve(approvedAddress, TOKEN);
      for (const tokenId of [TOKEN, OTHER]) {
        await expect(owned.approve(ZeroAddress, tokenId))
          .to.emit(inft, "Approval")
          .withArgs(ownerAddress, ZeroAddress, tokenId);
        expect(await inft.getApproved(tokenId)).to.equal(ZeroAddress);
      }
      await expect(inft.connect(approved).transferFrom(ownerAddress, approvedAddress, TOKEN))
        .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
        .withArgs(approvedAddress, TOKEN);
    });

    it("approves the owner itself", async () => {
      const { inft, owned, ownerAddress } = await deploy();
      await expect(owned.approve(ownerAddress, TOKEN))
        .to.emit(inft, "Approval")
        .withArgs(ownerAddress, ownerAddress, TOKEN);
      expect(await inft.getApproved(TOKEN)).to.equal(ownerAddress);
    });

    it("is open to an operator, in the owner's name", async () => {
      const { inft, owned, operator, operatorAddress, ownerAddress, approvedAddress } = await deploy();
      await owned.setApprovalForAll(operatorAddress, true);
      await expect(inft.connect(operator).approve(approvedAddress, TOKEN))
        .to.emit(inft, "Approval")
        .withArgs(ownerAddress, approvedAddress, TOKEN);
      expect(await inft.getApproved(TOKEN)).to.equal(approvedAddress);
    });

    it("is refused to a stranger, and to the approved account", async () => {
      const { inft, owned, stranger, approved, strangerAddress, approvedAddress } = await deploy();
      await owned.approve(approvedAddress, TOKEN);
      await expect(inft.connect(stranger).approve(strangerAddress, TOKEN))
        .to.be.revertedWithCustomError(inft, "ERC721InvalidApprover")
        .withArgs(strangerAddress);
      await expect(inft.connect(approved).approve(strangerAddress, TOKEN))
        .to.be.revertedWithCustomError(inft, "ERC721InvalidApprover")
        .withArgs(approvedAddress);
      expect(await inft.getApproved(TOKEN)).to.equal(approvedAddress);
    });

    it("is refused for a token that does not exist", async () => {
      const { inft, owned, approvedAddress } = await deploy();
      await expect(owned.approve(approvedAddress, UNKNOWN))
        .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
        .withArgs(UNKNOWN);
    });

    it("keeps all else that is known of the token", async () => {
      const { inft, owned, approvedAddress } = await deploy();
      const before = await inft.tokenStateOf(TOKEN);
      await owned.approve(approvedAddress, TOKEN);
      expect(await inft.tokenStateOf(TOKEN)).to.deep.equal(before);
    });
  });

  describe("getApproved", () => {
    it("is the zero address when nobody is approved", async () => {
      const { inft } = await deploy();
      expect(await inft.getApproved(TOKEN)).to.equal(ZeroAddress);
    });

    it("refuses a token that does not exist", async () => {
      const { inft } = await deploy();
      await expect(inft.getApproved(UNKNOWN))
        .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
        .withArgs(UNKNOWN);
    });
  });

  describe("setApprovalForAll", () => {
    it("makes an operator, and unmakes it, as often as the owner likes", async () => {
      const { inft, owned, ownerAddress, operatorAddress } = await deploy();
      expect(await inft.isApprovedForAll(ownerAddress, operatorAddress)).to.equal(false);
      for (const approved of [true, true, false, false, true]) {
        await expect(owned.setApprovalForAll(operatorAddress, approved))
          .to.emit(inft, "ApprovalForAll")
          .withArgs(ownerAddress, operatorAddress, approved);
        expect(await inft.isApprovedForAll(ownerAddress, operatorAddress)).to.equal(approved);
      }
    });

    it("counts for the owner who said so, and for one operator", async () => {
      const { inft, owned, ownerAddress, operatorAddress, strangerAddress } = await deploy();
      await owned.setApprovalForAll(operatorAddress, true);
      expect(await inft.isApprovedForAll(operatorAddress, ownerAddress)).to.equal(false);
      expect(await inft.isApprovedForAll(ownerAddress, strangerAddress)).to.equal(false);
      expect(await inft.isApprovedForAll(strangerAddress, operatorAddress)).to.equal(false);
    });

    it("counts for tokens the owner gets later", async () => {
      const { inft, owned, operator, ownerAddress, operatorAddress } = await deploy();
      await owned.setApprovalForAll(operatorAddress, true);
      await inft.mint([], ownerAddress);
      await inft.connect(operator).transferFrom(ownerAddress, operatorAddress, UNKNOWN);
      expect(await inft.ownerOf(UNKNOWN)).to.equal(operatorAddress);
    });

    it("off again, leaves the operator without a say", async () => {
      const { inft, owned, operator, ownerAddress, operatorAddress } = await deploy();
      await owned.setApprovalForAll(operatorAddress, true);
      await owned.setApprovalForAll(operatorAddress, false);
      await expect(inft.connect(operator).transferFrom(ownerAddress, operatorAddress, TOKEN))
        .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
        .withArgs(operatorAddress, TOKEN);
      await expect(inft.connect(operator).approve(operatorAddress, TOKEN))
        .to.be.revertedWithCustomError(inft, "ERC721InvalidApprover")
        .withArgs(operatorAddress);
    });

    it("lets the owner name itself, and somebody without a token name anybody", async () => {
      const { inft, owned, stranger, ownerAddress, operatorAddress, strangerAddress } = await deploy();
      await expect(owned.setApprovalForAll(ownerAddress, true))
        .to.emit(inft, "ApprovalForAll")
        .withArgs(ownerAddress, ownerAddress, true);
      await expect(inft.connect(stranger).setApprovalForAll(operatorAddress, true))
        .to.emit(inft, "ApprovalForAll")
        .withArgs(strangerAddress, operatorAddress, true);
    });

    it("refuses the zero address as operator", async () => {
      const { inft, owned } = await deploy();
      for (const approved of [true, false]) {
        await expect(owned.setApprovalForAll(ZeroAddress, approved))
          .to.be.revertedWithCustomError(inft, "ERC721InvalidOperator")
          .withArgs(ZeroAddress);
      }
    });
  });
});
