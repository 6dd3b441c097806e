import { expect } from "chai";
import { network } from "hardhat";
import { FunctionFragment, ZeroAddress } from "ethers";

import { deployInftFixture } from "./support/inft-fixture.ts";

describe("INFT", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  async function fixture() {
    return deployInftFixture(connection);
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  it("names itself, and knows the InferenceServing it trusts", async () => {
    const { inft, serving } = await deploy();
    expect(await inft.name()).to.equal("Proven Inference");
    expect(await inft.symbol()).to.equal("INFER");
    expect(await inft.inferenceServing()).to.equal(await serving.getAddress());
  });

  it("announces by ERC-165 all it is, and nothing else", async () => {
    const { inft } = await deploy();
    const announced = {
      "ERC-165": "0x01ffc9a7",
      "ERC-721": "0x80ac58cd",
      "ERC-721 metadata": "0x5b5e139f",
      "ERC-2981": "0x2a55205a",
      "ERC-4906": "0x49064906",
      "ERC-7857": "0xee5a526e",
      "ERC-7857 metadata": "0xaa18b754",
      "AgentNFT's ERC-7857": "0x5762046c",
      "AgentNFT's metadata": "0x40fbd72f",
      "AgentNFT's authorisations": "0x2309ab96",
      "AgentNFT's clones": "0xc07038b7",
    };
    for (const [name, id] of Object.entries(announced)) expect(await inft.supportsInterface(id), name).to.equal(true);
    for (const id of ["0xffffffff", "0x00000000", "0xdeadbeef"]) {
      expect(await inft.supportsInterface(id), id).to.equal(false);
    }
  });

  it("announces its provenance views by ERC-165", async () => {
    const { inft, ethers } = await deploy();
    const provenance = await ethers.getContractAt("IInferenceProvenance", await inft.getAddress());
    const names = provenance.interface.fragments.filter((fragment) => fragment instanceof FunctionFragment);
    const id = names.reduce((xor, { selector }) => xor ^ BigInt(selector), 0n);
    expect(await inft.supportsInterface(`0x${id.toString(16).padStart(8, "0")}`)).to.equal(true);
  });

  it("fits in 22 kB", async () => {
    const { inft, ethers } = await deploy();
    const code = await ethers.provider.getCode(await inft.getAddress());
    expect((code.length - 2) / 2).to.be.lessThan(22_000);
  });

  describe("mint", () => {
    it("has the selector of 0G's AgentNFT", async () => {
      const { inft } = await deploy();
      expect(inft.interface.getFunction("mint").selector).to.equal("0xa3acac17");
    });

    it("lets anyone mint, under sequential ids that are not proven", async () => {
      const { inft, stranger, ownerAddress, datas, dataOf } = await deploy();
      for (const id of [1n, 2n]) {
        await expect(inft.connect(stranger).mint(datas, ownerAddress))
          .to.emit(inft, "Transfer")
          .withArgs(ZeroAddress, ownerAddress, id);
        expect(await inft.isProven(id)).to.equal(false);
        expect(await dataOf(id)).to.deep.equal(datas);
      }
    });

    it("keeps every datum in order, descriptions of any length included", async () => {
      const { inft, ownerAddress, dataOf } = await deploy();
      const datas = ["", "model", "x".repeat(1000), "größe 🧊"].map((dataDescription, i) => ({
        dataDescription,
        dataHash: `0x${String(i).padStart(64, "0")}`,
      }));
      await inft.mint(datas, ownerAddress);
      expect(await dataOf(1n)).to.deep.equal(datas);
    });

    it("publishes no keys", async () => {
      const { inft, ownerAddress, datas } = await deploy();
      await expect(inft.mint(datas, ownerAddress)).to.not.emit(inft, "PublishedSealedKey");
    });

    it("calls the receiver after everything is written", async () => {
      const { inft, datas, deployAccount } = await deploy();
      const account = await deployAccount();
      await account.onReceipt(inft.interface.encodeFunctionData("intelligentDataOf", [1n]));
      await inft.mint(datas, await account.getAddress());
      const [seen] = inft.interface.decodeFunctionResult("intelligentDataOf", await account.answer());
      expect(seen[0].dataHash).to.equal(datas[0]?.dataHash);
    });

    it("gives a receiver that mints again its own next id", async () => {
      const { inft, datas, deployAccount } = await deploy();
      const account = await deployAccount();
      const address = await account.getAddress();
      await account.onReceipt(inft.interface.encodeFunctionData("mint", [datas, address]));
      await inft.mint(datas, address);
      expect([await inft.ownerOf(1n), await inft.ownerOf(2n)]).to.deep.equal([address, address]);
      expect(await account.received()).to.equal(2n);
    });

    it("refuses the zero address", async () => {
      const { inft, datas } = await deploy();
      await expect(inft.mint(datas, ZeroAddress))
        .to.be.revertedWithCustomError(inft, "ERC721InvalidReceiver")
        .withArgs(ZeroAddress);
    });
  });

  describe("mintWithKeys", () => {
    it("publishes the keys before the receiver is called", async () => {
      const { inft, datas, sealedKeys, deployAccount } = await deploy();
      const address = await (await deployAccount()).getAddress();
      const transaction = await inft.mintWithKeys(datas, sealedKeys, address);
      await expect(transaction).to.emit(inft, "PublishedSealedKey").withArgs(address, 1n, sealedKeys);
      expect(inft.interface.getEvent("PublishedSealedKey").topicHash.slice(0, 10)).to.equal("0x77ac1306");
      expect(await inft.isProven(1n)).to.equal(false);
    });

    it("refuses a number of keys other than that of data", async () => {
      const { inft, datas, ownerAddress } = await deploy();
      await expect(inft.mintWithKeys(datas, [], ownerAddress))
        .to.be.revertedWithCustomError(inft, "ERC7857SealedKeyCount")
        .withArgs(0, 1);
    });
  });

  describe("a token that does not exist", () => {
    it("has no data, and is neither proven nor unproven", async () => {
      const { inft } = await deploy();
      for (const id of [0n, 1n, 2n ** 200n]) {
        for (const call of [inft.intelligentDataOf(id), inft.isProven(id)]) {
          await expect(call).to.be.revertedWithCustomError(inft, "ERC721NonexistentToken").withArgs(id);
        }
      }
    });
  });

  describe("a token with private data", () => {
    it("does not move by a plain transfer, neither for its owner nor for an operator", async () => {
      const { inft, owner, stranger, ownerAddress, strangerAddress, datas } = await deploy();
      await inft.mint(datas, ownerAddress);
      await inft.connect(owner).setApprovalForAll(strangerAddress, true);
      for (const by of [owner, stranger]) {
        const token = inft.connect(by);
        for (const transfer of [
          token.transferFrom(ownerAddress, strangerAddress, 1n),
          token["safeTransferFrom(address,address,uint256)"](ownerAddress, strangerAddress, 1n),
          token["safeTransferFrom(address,address,uint256,bytes)"](ownerAddress, strangerAddress, 1n, "0x01"),
        ]) {
          await expect(transfer)
            .to.be.revertedWithCustomError(inft, "ERC7857TransferNeedsProof")
            .withArgs(ownerAddress, strangerAddress, 1n);
        }
      }
      expect(await inft.ownerOf(1n)).to.equal(ownerAddress);
    });

    it("keeps a minted inference where it is, too", async () => {
      const { inft, owner, minter, ownerAddress, strangerAddress, mintArguments, mint, idOf } = await deploy();
      const args = await mintArguments();
      await mint(minter, args);
      const id = await idOf(args);
      await expect(inft.connect(owner).transferFrom(ownerAddress, strangerAddress, id))
        .to.be.revertedWithCustomError(inft, "ERC7857TransferNeedsProof")
        .withArgs(ownerAddress, strangerAddress, id);
    });

    it("tells a stranger that it may not, not that a proof is missing", async () => {
      const { inft, stranger, ownerAddress, strangerAddress, datas } = await deploy();
      await inft.mint(datas, ownerAddress);
      await expect(inft.connect(stranger).transferFrom(ownerAddress, strangerAddress, 1n))
        .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
        .withArgs(strangerAddress, 1n);
    });
  });

  it("moves a token without data like any ERC-721", async () => {
    const { inft, owner, ownerAddress, strangerAddress } = await deploy();
    await inft.mint([], ownerAddress);
    await expect(inft.connect(owner).transferFrom(ownerAddress, strangerAddress, 1n))
      .to.emit(inft, "Transfer")
      .withArgs(ownerAddress, strangerAddress, 1n);
    expect(await inft.ownerOf(1n)).to.equal(strangerAddress);
  });
});
