/** What a token says of itself to those who know ERC-165, ERC-721 metadata, ERC-2981 and ERC-4906; and what it refuses. */

import { expect } from "chai";
import { ZeroAddress, dataSlice } from "ethers";
import { network } from "hardhat";

import { deployDialectsFixture } from "./support/dialects-fixture.ts";
import { deployInftFixture } from "./support/inft-fixture.ts";

const URI_START = "data:application/json;base64,";

interface TokenDocument {
  readonly name: string;
  readonly description: string;
  readonly attributes: readonly { readonly trait_type: string; readonly value: string | number }[];
}
function documentIn(uri: string): TokenDocument {
  expect(uri.slice(0, URI_START.length)).to.equal(URI_START);
  return JSON.parse(Buffer.from(uri.slice(URI_START.length), "base64").toString("utf8")) as TokenDocument;
}

describe("what a token says of itself", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;

  async function fixture() {
    const shop = await deployInftFixture(connection);
    const { ethers, serving, verifier } = shop;
    const deployWith = async (changes: { name?: string; receiver?: string; basisPoints?: bigint }) =>
      ethers.deployContract("INFT", [
        changes.name ?? "Proven Inference",
        "INFER",
        await serving.getAddress(),
        await verifier.getAddress(),
        changes.receiver ?? ZeroAddress,
        changes.basisPoints ?? 0n,
      ]);
    await shop.inft.mint([], shop.ownerAddress);
    return { ...shop, deployWith };
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);
  async function dialectsFixture() {
    const shop = await deployDialectsFixture(connection);
    await shop.networkHelpers.setBalance(shop.buyer.address, 10n ** 18n);
    return { ...shop, tokenId: await shop.mintToken() };
  }
  const deployProven = () => connection.networkHelpers.loadFixture(dialectsFixture);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  describe("ERC-165", () => {
    it("costs less than the 30,000 gas it may", async () => {
      const { inft } = await deploy();
      for (const id of ["0x80ac58cd", "0xdeadbeef"]) {
        // A call that is a transaction costs 21,000 and its bytes before it begins.
        expect((await inft.supportsInterface.estimateGas(id)) < 21_000n + 2_000n + 30_000n).to.be.true;
      }
    });

    it("knows ERC-165, ERC-721, its metadata, ERC-2981 and ERC-4906, and not 0xffffffff", async () => {
      const { inft } = await deploy();
      for (const id of ["0x01ffc9a7", "0x80ac58cd", "0x5b5e139f", "0x2a55205a", "0x49064906"]) {
        expect(await inft.supportsInterface(id), id).to.equal(true);
      }
      for (const id of ["0xffffffff", "0x780e9d63"]) expect(await inft.supportsInterface(id), id).to.equal(false);
    });
  });

  describe("tokenURI", () => {
    it("is a document that names the token and says that it is unproven", async () => {
      const { inft } = await deploy();
      expect(documentIn(await inft.tokenURI(1n))).to.deep.equal({
        name: "Proven Inference #1",
        description: "Unproven: private data whose origin nobody has proven.",
        attributes: [
          { trait_type: "Provenance", value: "unproven" },
          { trait_type: "Data", value: 0 },
          { trait_type: "Sequence", value: 0 },
        ],
      });
    });

    it("counts data and sequence as they are now", async () => {
      const { inft, owner, ownerAddress, strangerAddress, stranger, datas } = await deploy();
      await inft.connect(owner).transferFrom(ownerAddress, strangerAddress, 1n);
      await inft.connect(stranger)["update(uint256,(string,bytes32)[])"](1n, [...datas, ...datas]);
      expect(documentIn(await inft.tokenURI(1n)).attributes.slice(1)).to.deep.equal([
        { trait_type: "Data", value: 2 },
        { trait_type: "Sequence", value: 2 },
      ]);
    });

    it("says of an inference that it is proven", async () => {
      const { inft, minter, mintArguments, mint, idOf } = await deploy();
      const args = await mintArguments();
      await mint(minter, args);
      const id = await idOf(args);
      const { name, description, attributes } = documentIn(await inft.tokenURI(id));
      expect(name).to.equal(`Proven Inference #${id}`);
      expect(description).to.match(/^A proven inference: /);
      expect(attributes[0]).to.deep.equal({ trait_type: "Provenance", value: "proven inference" });
    });

    it("is JSON whatever the name", async () => {
      const { deployWith, ownerAddress } = await deploy();
      for (const name of ["", 'a "b" \\ c', "tab\tline\nbell\u0007", "größe 🧊"]) {
        const inft = await deployWith({ name });
        await inft.mint([], ownerAddress);
        expect(await inft.name()).to.equal(name);
        expect(documentIn(await inft.tokenURI(1n)).name).to.equal(`${name} #1`);
      }
    });

    it("refuses a token that does not exist, or no longer", async () => {
      const { inft, owner } = await deploy();
      await inft.connect(owner).burn(1n);
      for (const id of [0n, 1n, 2n, 2n ** 255n]) {
        await expect(inft.tokenURI(id)).to.be.revertedWithCustomError(inft, "ERC721NonexistentToken").withArgs(id);
      }
    });
  });

  describe("royaltyInfo", () => {
    it("asks for nothing, and names nobody, when there is no royalty", async () => {
      const { inft } = await deploy();
      for (const price of [0n, 1n, 10n ** 24n]) {
        expect(await inft.royaltyInfo(1n, price)).to.deep.equal([ZeroAddress, 0n]);
      }
    });

    it("is the same part of the price for all tokens, rounded down", async () => {
      const { deployWith, strangerAddress } = await deploy();
      const inft = await deployWith({ receiver: strangerAddress, basisPoints: 250n });
      for (const [price, amount] of [
        [0n, 0n],
        [39n, 0n],
        [40n, 1n],
        [79n, 1n],
        [10_000n, 250n],
        [10n ** 24n, 25n * 10n ** 21n],
      ] as const) {
        for (const tokenId of [1n, 2n ** 256n - 1n]) {
          expect(await inft.royaltyInfo(tokenId, price), `of ${price}`).to.deep.equal([strangerAddress, amount]);
        }
      }
    });

    it("may be the whole price, and a receiver without a share", async () => {
      const { deployWith, strangerAddress } = await deploy();
      const whole = await deployWith({ receiver: strangerAddress, basisPoints: 10_000n });
      expect(await whole.royaltyInfo(1n, 12_345n)).to.deep.equal([strangerAddress, 12_345n]);
      const none = await deployWith({ receiver: strangerAddress });
      expect(await none.royaltyInfo(1n, 12_345n)).to.deep.equal([strangerAddress, 0n]);
    });

    it("above the price is refused at the deployment", async () => {
      const { inft, deployWith, strangerAddress } = await deploy();
      for (const basisPoints of [10_001n, 2n ** 96n - 1n]) {
        await expect(deployWith({ receiver: strangerAddress, basisPoints }))
          .to.be.revertedWithCustomError(inft, "RoyaltyTooHigh")
          .withArgs(basisPoints);
      }
    });

    it("for nobody is refused at the deployment", async () => {
      const { inft, deployWith } = await deploy();
      await expect(deployWith({ basisPoints: 1n }))
        .to.be.revertedWithCustomError(inft, "RoyaltyWithoutReceiver")
        .withArgs(1n);
    });
  });

  describe("ERC-4906's MetadataUpdate", () => {
    it("is emitted when a token's data change hands, at once or staged", async () => {
      const { inft, buyer, finalProofs, sellerAddress, tokenId, mintToken } = await deployProven();
      await expect(inft.iTransfer(buyer.address, tokenId, await finalProofs(tokenId)))
        .to.emit(inft, "MetadataUpdate")
        .withArgs(tokenId);
      const staged = await mintToken();
      await expect(inft.stageTransfer(buyer.address, staged, await finalProofs(staged))).to.not.emit(
        inft,
        "MetadataUpdate",
      );
      await expect(inft.transferFrom(sellerAddress, buyer.address, staged))
        .to.emit(inft, "MetadataUpdate")
        .withArgs(staged);
    });

    it("is emitted when they are replaced, in every way", async () => {
      const { inft, owner, ownerAddress, datas, sealedKeys } = await deploy();
      await inft.mint(datas, ownerAddress);
      const token = inft.connect(owner);
      const hash = datas[0]!.dataHash;
      for (const updating of [
        () => token["update(uint256,(string,bytes32)[])"](2n, datas),
        () => token["update(uint256,(string,bytes32)[],bytes[])"](2n, datas, sealedKeys),
        () => token.updateHashes(2n, [hash], []),
      ]) {
        await expect(updating()).to.emit(inft, "MetadataUpdate").withArgs(2n);
      }
    });

    it("is not emitted by what leaves the document as it was", async () => {
      const { inft, owner, strangerAddress } = await deploy();
      const token = inft.connect(owner);
      for (const sending of [
        () => token.approve(strangerAddress, 1n),
        () => token.authorizeUsage(1n, strangerAddress),
      ]) {
        await expect(sending()).to.not.emit(inft, "MetadataUpdate");
      }
    });
  });

  describe("calls it has no use for", () => {
    it("coins, with any function of ERC-721 that writes", async () => {
      const { inft, ethers, owner, ownerAddress, strangerAddress } = await deploy();
      const to = await inft.getAddress();
      const encode = inft.interface.encodeFunctionData.bind(inft.interface);
      for (const data of [
        encode("approve", [strangerAddress, 1n]),
        encode("setApprovalForAll", [strangerAddress, true]),
        encode("transferFrom", [ownerAddress, strangerAddress, 1n]),
        encode("safeTransferFrom(address,address,uint256)", [ownerAddress, strangerAddress, 1n]),
        encode("safeTransferFrom(address,address,uint256,bytes)", [ownerAddress, strangerAddress, 1n, "0x"]),
        "0x",
        "0xdeadbeef",
      ]) {
        const sending = owner.sendTransaction({ to, data, value: 1n });
        await expect(sending, dataSlice(data, 0, Math.min(4, data.length / 2 - 1))).to.be.revertedWithoutReason(ethers);
      }
      expect(await ethers.provider.getBalance(to)).to.equal(0n);
      expect(await inft.ownerOf(1n)).to.equal(ownerAddress);
    });

    it("a function that neither it nor its module has", async () => {
      const { inft, ethers, owner } = await deploy();
      const module = await ethers.getContractAt("INFTDialects", await inft.getAddress());
      await expect(owner.sendTransaction({ to: await inft.getAddress(), data: "0xdeadbeef00" }))
        .to.be.revertedWithCustomError(module, "DialectUnknownSelector")
        .withArgs("0xdeadbeef");
    });
  });
});
