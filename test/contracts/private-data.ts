/** The data of tokens: descriptions, which tokens share, and hashes; minted, replaced, destroyed. */

import { expect } from "chai";
import { ZeroAddress, type ContractTransactionResponse } from "ethers";
import { network } from "hardhat";

import { deployInftFixture, hashOf } from "./support/inft-fixture.ts";

const TOKEN = 1n;
const UNKNOWN = 99n;
/** EIP-170's 24,576 bytes but the first, which stops who calls them. */
const BLOB_LIMIT = 24_575n;
const UPDATE = "update(uint256,(string,bytes32)[])";
const UPDATE_WITH_KEYS = "update(uint256,(string,bytes32)[],bytes[])";

const dataWith = (descriptions: readonly string[], salt = "") =>
  descriptions.map((dataDescription, i) => ({ dataDescription, dataHash: hashOf(`${salt} datum ${i}`) }));
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `datum ${i}`);
const hashesOf = (datas: readonly { dataHash: string }[]) => datas.map(({ dataHash }) => dataHash);
const pairs = (datas: readonly { dataDescription: string; dataHash: string }[]) =>
  datas.map(({ dataDescription, dataHash }) => [dataDescription, dataHash]);

describe("private data", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;

  async function fixture() {
    const shop = await deployInftFixture(connection);
    const [approved, operator] = (await shop.ethers.getSigners()).slice(-2);
    return { ...shop, approved, operator, owned: shop.inft.connect(shop.owner) };
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);
  const gasOf = async (sent: Promise<ContractTransactionResponse>) => (await (await sent).wait())?.gasUsed ?? 0n;

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  describe("a schema", () => {
    it("is registered once: the same descriptions have the same id, whoever asks", async () => {
      const { inft, stranger } = await deploy();
      const descriptions = ["model", "memory"];
      expect(await inft.schemaIdOf(descriptions)).to.equal(0n);
      const announced = await inft.registerSchema.staticCall(descriptions);
      await expect(inft.registerSchema(descriptions))
        .to.emit(inft, "SchemaRegistered")
        .withArgs(announced, descriptions);
      expect(await inft.schemaIdOf(descriptions)).to.equal(announced);
      expect(await inft.connect(stranger).registerSchema.staticCall(descriptions)).to.equal(announced);
      await expect(inft.connect(stranger).registerSchema(descriptions)).to.not.emit(inft, "SchemaRegistered");
    });

    it("is told from every other: by order, by count, and by where one description ends", async () => {
      const { inft } = await deploy();
      const schemas = [
        ["a", "b"],
        ["b", "a"],
        ["a", "b", ""],
        ["", "a", "b"],
        ["ab"],
        [""],
        ["", ""],
        ["\u0000\u0001ab"],
        ["a\u0000\u0001b"],
      ];
      for (const schema of schemas) await inft.registerSchema(schema);
      const ids = await Promise.all(schemas.map((schema) => inft.schemaIdOf(schema)));
      expect(new Set(ids).size).to.equal(schemas.length);
      expect(ids).to.not.include(0n);
    });

    it("of no descriptions is 0, and is not stored", async () => {
      const { inft } = await deploy();
      expect(await inft.registerSchema.staticCall([])).to.equal(0n);
      await expect(inft.registerSchema([])).to.not.emit(inft, "SchemaRegistered");
      expect(await inft.schemaIdOf([])).to.equal(0n);
    });

    it("of inferences is known from the start", async () => {
      const { inft } = await deploy();
      const id = await inft.schemaIdOf(["application/vnd.0g.inference"]);
      expect(id).to.not.equal(0n);
      await expect(inft.deploymentTransaction())
        .to.emit(inft, "SchemaRegistered")
        .withArgs(id, ["application/vnd.0g.inference"]);
    });

    it("of inferences is also that of a token which only says that it is one", async () => {
      const { inft, owned, ownerAddress, dataOf } = await deploy();
      const datas = dataWith(["application/vnd.0g.inference"]);
      const id = await inft.schemaIdOf(["application/vnd.0g.inference"]);
      await inft.mint(datas, ownerAddress);
      expect([(await inft.tokenStateOf(TOKEN)).schemaId, await dataOf(TOKEN)]).to.deep.equal([id, datas]);
      // Two of them are another schema.
      const both = dataWith(["application/vnd.0g.inference", "application/vnd.0g.inference"]);
      await owned[UPDATE](TOKEN, both);
      expect((await inft.tokenStateOf(TOKEN)).schemaId).to.not.equal(id);
      expect(await dataOf(TOKEN)).to.deep.equal(both);
    });

    it("makes a mint cheaper, by what storing its descriptions costs", async () => {
      const { inft, ownerAddress } = await deploy();
      const datas = dataWith(numbered(3));
      await inft.mint([], ownerAddress);
      const apart = await gasOf(inft.mint(datas, ownerAddress));
      await inft.registerSchema(numbered(3));
      const shared = await gasOf(inft.mint(datas, ownerAddress));
      // Creating a contract alone is 32,000.
      expect(apart - shared > 32_000n, `${apart} and ${shared}`).to.be.true;
    });

    it("is not made by a mint, which stores its descriptions for itself", async () => {
      const { inft, ownerAddress } = await deploy();
      await inft.mint(dataWith(["model"]), ownerAddress);
      await inft.mint(dataWith(["model"]), ownerAddress);
      expect(await inft.schemaIdOf(["model"])).to.equal(0n);
      const [first, second] = await Promise.all([inft.tokenStateOf(1n), inft.tokenStateOf(2n)]);
      expect(first.schemaId).to.not.equal(second.schemaId);
    });

    it("is the token's, when there is one", async () => {
      const { inft, ownerAddress, dataOf } = await deploy();
      const datas = dataWith(["model", "memory"]);
      await inft.registerSchema(["model", "memory"]);
      await inft.mint(datas, ownerAddress);
      expect((await inft.tokenStateOf(TOKEN)).schemaId).to.equal(await inft.schemaIdOf(["model", "memory"]));
      expect(await dataOf(TOKEN)).to.deep.equal(datas);
    });

    it("of 256 descriptions is refused", async () => {
      const { inft } = await deploy();
      await expect(inft.registerSchema(numbered(256)))
        .to.be.revertedWithCustomError(inft, "ERC7857TooManyData")
        .withArgs(256n);
      expect(await inft.registerSchema.staticCall(numbered(255))).to.not.equal(0n);
    });

    it("that fills a contract to its last byte is taken, and one byte more refused", async () => {
      const { inft, ownerAddress, dataOf } = await deploy();
      const longest = "x".repeat(Number(BLOB_LIMIT));
      // Of two, the first has its length before it, in two bytes.
      const two = ["a", "x".repeat(Number(BLOB_LIMIT) - 3)];
      for (const descriptions of [[longest], two]) {
        await inft.registerSchema(descriptions);
        const datas = dataWith(descriptions);
        const id = await inft.mint.staticCall(datas, ownerAddress);
        await inft.mint(datas, ownerAddress);
        expect(await dataOf(id)).to.deep.equal(datas);
      }
      for (const descriptions of [[`${longest}x`], ["ab", two[1]!]]) {
        for (const attempt of [
          () => inft.registerSchema(descriptions),
          () => inft.schemaIdOf(descriptions),
          () => inft.mint(dataWith(descriptions), ownerAddress),
        ]) {
          await expect(attempt())
            .to.be.revertedWithCustomError(inft, "ERC7857BlobTooLarge")
            .withArgs(BLOB_LIMIT + 1n, BLOB_LIMIT);
        }
      }
    });
  });

  describe("intelligentDataOf", () => {
    for (const count of [0, 1, 3, 255]) {
      it(`has all of ${count} data, in order`, async () => {
        const { inft, ownerAddress, dataOf } = await deploy();
        const datas = dataWith(numbered(count));
        await inft.mint(datas, ownerAddress);
        expect(await dataOf(TOKEN)).to.deep.equal(datas);
        const { dataCount, schemaId } = await inft.tokenStateOf(TOKEN);
        expect(dataCount).to.equal(BigInt(count));
        expect(schemaId === 0n).to.equal(count === 0);
      });
    }

    it("of 256 data cannot be: no token has so many", async () => {
      const { inft, owned, ownerAddress } = await deploy();
      await inft.mint([], ownerAddress);
      const datas = dataWith(numbered(256));
      for (const attempt of [() => inft.mint(datas, ownerAddress), () => owned[UPDATE](TOKEN, datas)]) {
        await expect(attempt()).to.be.revertedWithCustomError(inft, "ERC7857TooManyData").withArgs(256n);
      }
    });

    it("has descriptions byte for byte: empty, long, any script, zero bytes, and what is no UTF-8", async () => {
      const { inft, ethers, ownerAddress, owner } = await deploy();
      const hash = hashOf("datum");
      const texts = ["0x", `0x${"78".repeat(3000)}`, "0xf09fa78a", "0x0001000200", "0xff80c0fe", "0x"];
      // Encoded as bytes, which no library takes for text.
      const encoded = ethers.AbiCoder.defaultAbiCoder().encode(
        ["tuple(bytes,bytes32)[]", "address"],
        [texts.map((text) => [text, hash]), ownerAddress],
      );
      const to = await inft.getAddress();
      await owner.sendTransaction({ to, data: `${inft.interface.getFunction("mint").selector}${encoded.slice(2)}` });
      const answer = await ethers.provider.call({
        to,
        data: inft.interface.encodeFunctionData("intelligentDataOf", [TOKEN]),
      });
      const [held] = ethers.AbiCoder.defaultAbiCoder().decode(["tuple(bytes,bytes32)[]"], answer);
      expect(held.map(([text]: [string]) => text)).to.deep.equal(texts);
    });
  });

  describe("update", () => {
    for (const [from, to] of [
      [3, 1],
      [1, 3],
      [2, 2],
      [2, 0],
      [0, 2],
    ] as const) {
      it(`from ${from} data to ${to} leaves exactly the new ones, and uses up a sequence`, async () => {
        const { inft, owned, ownerAddress, dataOf } = await deploy();
        const [old, next] = [dataWith(numbered(from), "old"), dataWith(numbered(to), "new")];
        await inft.mint(old, ownerAddress);
        await expect(owned[UPDATE](TOKEN, next)).to.emit(inft, "Updated").withArgs(TOKEN, pairs(old), pairs(next));
        expect(await dataOf(TOKEN)).to.deep.equal(next);
        const state = await inft.tokenStateOf(TOKEN);
        expect([state.dataCount, state.sequence, state.authorizationEpoch]).to.deep.equal([BigInt(to), 1n, 0n]);
      });
    }

    it("to fewer and back to more brings nothing old back", async () => {
      const { inft, owned, ownerAddress, dataOf } = await deploy();
      await inft.mint(dataWith(numbered(3), "old"), ownerAddress);
      await owned[UPDATE](TOKEN, []);
      const next = dataWith(["a", "b", "c", "d"], "new");
      await owned[UPDATE](TOKEN, next);
      expect(await dataOf(TOKEN)).to.deep.equal(next);
    });

    it("publishes keys for the owner, one for each new datum, whoever of those allowed does it", async () => {
      const { inft, owned, approved, operator, ownerAddress } = await deploy();
      await inft.mint(dataWith(["a"]), ownerAddress);
      await owned.setApprovalForAll(await operator!.getAddress(), true);
      await owned.approve(await approved!.getAddress(), TOKEN);
      const keys = ["0x01", "0x02"];
      for (const by of [approved!, operator!]) {
        await expect(inft.connect(by)[UPDATE_WITH_KEYS](TOKEN, dataWith(["a", "b"]), keys))
          .to.emit(inft, "PublishedSealedKey")
          .withArgs(ownerAddress, TOKEN, keys);
      }
      await expect(owned[UPDATE_WITH_KEYS](TOKEN, dataWith(["a"]), keys))
        .to.be.revertedWithCustomError(inft, "ERC7857SealedKeyCount")
        .withArgs(2n, 1n);
      await expect(owned[UPDATE](TOKEN, dataWith(["a"]))).to.not.emit(inft, "PublishedSealedKey");
    });

    it("keeps owner, balance, approval and authorised users", async () => {
      const { inft, owned, ownerAddress, strangerAddress, providerAddress } = await deploy();
      await inft.mint(dataWith(["a"]), ownerAddress);
      await owned.approve(strangerAddress, TOKEN);
      await owned.authorizeUsage(TOKEN, providerAddress);
      await owned[UPDATE](TOKEN, dataWith(["a", "b"]));
      expect(await inft.ownerOf(TOKEN)).to.equal(ownerAddress);
      expect(await inft.balanceOf(ownerAddress)).to.equal(1n);
      expect(await inft.getApproved(TOKEN)).to.equal(strangerAddress);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([providerAddress]);
    });
  });

  describe("updateHashes", () => {
    it("replaces hashes, keeps descriptions, and publishes keys when it is given any", async () => {
      const { inft, owned, ownerAddress, dataOf } = await deploy();
      const old = dataWith(["a", "b"], "old");
      const next = dataWith(["a", "b"], "new");
      await inft.mint(old, ownerAddress);
      const { schemaId } = await inft.tokenStateOf(TOKEN);
      const first = owned.updateHashes(TOKEN, hashesOf(next), []);
      await expect(first).to.emit(inft, "DataHashesUpdated").withArgs(TOKEN, hashesOf(old), hashesOf(next));
      await expect(first).to.not.emit(inft, "PublishedSealedKey");
      expect(await dataOf(TOKEN)).to.deep.equal(next);
      await expect(owned.updateHashes(TOKEN, hashesOf(old), ["0x01", "0x02"]))
        .to.emit(inft, "PublishedSealedKey")
        .withArgs(ownerAddress, TOKEN, ["0x01", "0x02"]);
      const state = await inft.tokenStateOf(TOKEN);
      expect([state.schemaId, state.sequence]).to.deep.equal([schemaId, 2n]);
    });

    it("refuses another number of hashes than there are data, and of keys than of hashes", async () => {
      const { inft, owned, ownerAddress } = await deploy();
      await inft.mint(dataWith(["a", "b"]), ownerAddress);
      for (const given of [0, 1, 3]) {
        await expect(owned.updateHashes(TOKEN, hashesOf(dataWith(numbered(given))), []))
          .to.be.revertedWithCustomError(inft, "ERC7857DataCount")
          .withArgs(TOKEN, BigInt(given), 2n);
      }
      await expect(owned.updateHashes(TOKEN, hashesOf(dataWith(numbered(2))), ["0x01"]))
        .to.be.revertedWithCustomError(inft, "ERC7857SealedKeyCount")
        .withArgs(1n, 2n);
    });
  });

  it("is replaced by nobody but the owner and whom it approved, and only where there is a token", async () => {
    const { inft, owned, stranger, ownerAddress, strangerAddress, dataOf } = await deploy();
    const datas = dataWith(["a"]);
    await inft.mint(datas, ownerAddress);
    await owned.authorizeUsage(TOKEN, strangerAddress);
    const attempts = (by: typeof inft, tokenId: bigint) => [
      () => by[UPDATE](tokenId, []),
      () => by[UPDATE_WITH_KEYS](tokenId, [], []),
      () => by.updateHashes(tokenId, [hashOf("another")], []),
    ];
    for (const attempt of attempts(inft.connect(stranger), TOKEN)) {
      await expect(attempt())
        .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
        .withArgs(strangerAddress, TOKEN);
    }
    for (const attempt of attempts(owned, UNKNOWN)) {
      await expect(attempt()).to.be.revertedWithCustomError(inft, "ERC721NonexistentToken").withArgs(UNKNOWN);
    }
    expect(await dataOf(TOKEN)).to.deep.equal(datas);
  });

  describe("burn", () => {
    it("takes the data along, and the hashes out of storage", async () => {
      const { inft, owned, ownerAddress, strangerAddress } = await deploy();
      await inft.mint(dataWith(numbered(3)), ownerAddress);
      await owned.approve(strangerAddress, TOKEN);
      await expect(owned.burn(TOKEN)).to.emit(inft, "Transfer").withArgs(ownerAddress, ZeroAddress, TOKEN);
      await expect(inft.intelligentDataOf(TOKEN))
        .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
        .withArgs(TOKEN);
      // Only what keeps the id from coming back: its counters.
      expect(await inft.tokenStateOf(TOKEN)).to.deep.equal([ZeroAddress, 1n, 1n, 0n, 0n, false]);
    });
  });

  describe("mintBatch", () => {
    it("mints each token to whom it is for, with its own data and keys, under consecutive ids", async () => {
      const { inft, stranger, ownerAddress, strangerAddress, dataOf } = await deploy();
      const items = [
        { datas: dataWith(["a"], "first"), sealedKeys: ["0x01"], to: ownerAddress },
        { datas: [], sealedKeys: [], to: strangerAddress },
        { datas: dataWith(["a", "b"], "third"), sealedKeys: ["0x02", "0x03"], to: ownerAddress },
      ];
      expect(await inft.mintBatch.staticCall(items)).to.deep.equal([1n, 2n, 3n]);
      const minted = inft.connect(stranger).mintBatch(items);
      for (const [i, { datas, sealedKeys, to }] of items.entries()) {
        const id = BigInt(i) + 1n;
        await expect(minted).to.emit(inft, "Transfer").withArgs(ZeroAddress, to, id);
        await expect(minted).to.emit(inft, "PublishedSealedKey").withArgs(to, id, sealedKeys);
        expect(await inft.ownerOf(id)).to.equal(to);
        expect(await dataOf(id)).to.deep.equal(datas);
      }
      expect(await inft.balanceOf(ownerAddress)).to.equal(2n);
    });

    it("of nothing mints nothing", async () => {
      const { inft, ownerAddress } = await deploy();
      await expect(inft.mintBatch([])).to.not.emit(inft, "Transfer");
      expect(await inft.mint.staticCall([], ownerAddress)).to.equal(1n);
    });

    it("tells receivers, each of its token, when all are minted", async () => {
      const { inft, deployAccount, ownerAddress } = await deploy();
      const account = await deployAccount();
      await account.onReceipt(inft.interface.encodeFunctionData("ownerOf", [2n]));
      const to = await account.getAddress();
      await inft.mintBatch([
        { datas: [], sealedKeys: [], to },
        { datas: [], sealedKeys: [], to: ownerAddress },
      ]);
      expect(await account.received()).to.equal(1n);
      expect(inft.interface.decodeFunctionResult("ownerOf", await account.answer())).to.deep.equal([ownerAddress]);
    });

    it("is all or nothing: an item without keys, for nobody, or for one that refuses it", async () => {
      const { inft, ethers, ownerAddress } = await deploy();
      const good = { datas: [], sealedKeys: [], to: ownerAddress };
      const refusing = await ethers.deployContract("ERC721Receiver__MockForINFT", ["0xdeadbeef", 0n]);
      const bad = [
        ["ERC7857SealedKeyCount", [0n, 1n], { ...good, datas: dataWith(["a"]) }],
        ["ERC721InvalidReceiver", [ZeroAddress], { ...good, to: ZeroAddress }],
        ["ERC721InvalidReceiver", [await refusing.getAddress()], { ...good, to: await refusing.getAddress() }],
      ] as const;
      for (const [error, values, item] of bad) {
        await expect(inft.mintBatch([good, item]))
          .to.be.revertedWithCustomError(inft, error)
          .withArgs(...values);
      }
      expect(await inft.balanceOf(ownerAddress)).to.equal(0n);
    });
  });
});
