/** Commitments and mints of inferences, several in one transaction. */

import { expect } from "chai";
import { ZeroHash, encodeBytes32String, type Signer } from "ethers";
import { network } from "hardhat";

import { deployClaimsFixture } from "./support/claims-fixture.ts";
import { MODE, hashOf } from "./support/inft-fixture.ts";

describe("a batch of inferences", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  const fixture = async () => deployClaimsFixture(connection);
  const deploy = () => connection.networkHelpers.loadFixture(fixture);
  const now = async () => BigInt(await connection.networkHelpers.time.latest());

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  async function batch() {
    const shop = await deploy();
    const { inft, minter, minterAddress, claimOf, ownerAddress, strangerAddress, datas, sealedKeys } = shop;
    const items = await Promise.all(
      [ownerAddress, strangerAddress].map(async (to, i) => ({
        claim: await claimOf(`request ${i}`),
        datas: datas.map(({ dataDescription }) => ({ dataDescription, dataHash: hashOf(`ciphertext ${i}`) })),
        sealedKeys: sealedKeys.map((key) => `${key}${String(i).padStart(2, "0")}`),
        to,
        salt: encodeBytes32String(`salt ${i}`),
      })),
    );
    type Item = (typeof items)[number];
    const commitments = (list: readonly Item[], by = minterAddress) =>
      Promise.all(
        list.map((item) => inft.hashCommitment(by, item.claim, item.datas, item.sealedKeys, item.to, item.salt)),
      );
    const commitAll = async (list: readonly Item[]) => inft.connect(minter).commitBatch(await commitments(list));
    const mintAll = (list: readonly Item[], by: Signer = minter) => inft.connect(by).mintInferenceBatch([...list]);
    return { ...shop, items, commitments, commitAll, mintAll };
  }

  it("of commitments makes each as if it were alone", async () => {
    const { inft, minter, minterAddress, items, commitments, commitAll, networkHelpers } = await batch();
    const committing = await commitAll(items);
    for (const commitment of await commitments(items)) {
      await expect(committing).to.emit(inft, "InferenceCommitted").withArgs(minterAddress, commitment);
      expect(await inft.commitmentOf(minterAddress, commitment)).to.deep.equal([
        BigInt(await networkHelpers.time.latestBlock()),
        await now(),
      ]);
    }
    await expect(inft.connect(minter).commitBatch([])).to.not.emit(inft, "InferenceCommitted");
  });

  it("of commitments is all or nothing: none may be open already, nor stand in it twice", async () => {
    const { inft, minter, minterAddress, items, commitments, commitAll } = await batch();
    const [first = ZeroHash, second = ZeroHash] = await commitments(items);
    await inft.connect(minter).commit(second);
    const expiresAt = (await now()) + 86_400n;
    await expect(commitAll(items))
      .to.be.revertedWithCustomError(inft, "CommitmentPending")
      .withArgs(minterAddress, second, expiresAt);
    await expect(inft.connect(minter).commitBatch([first, first])).to.be.revertedWithCustomError(
      inft,
      "CommitmentPending",
    );
    expect(await inft.commitmentOf(minterAddress, first)).to.deep.equal([0n, 0n]);
  });

  it("mints each result to whom it is for, with its own record, data and keys", async () => {
    const { inft, minterAddress, items, commitments, commitAll, mintAll, idOfClaim, recordOf, dataOf, ...shop } =
      await batch();
    await commitAll(items);
    const ids = await Promise.all(items.map(({ claim }) => idOfClaim(claim)));
    await shop.networkHelpers.mine();
    expect(await inft.connect(shop.minter).mintInferenceBatch.staticCall(items)).to.deep.equal(ids);
    const minting = await mintAll(items);
    const at = await now();
    for (const [i, { claim, datas, sealedKeys, to }] of items.entries()) {
      const id = ids[i]!;
      await expect(minting)
        .to.emit(inft, "InferenceMinted")
        .withArgs(
          id,
          shop.providerAddress,
          minterAddress,
          recordOf(claim),
          "chat-1",
          at,
          datas[0]?.dataHash,
          MODE.local,
        );
      await expect(minting).to.emit(inft, "PublishedSealedKey").withArgs(to, id, sealedKeys);
      expect([await inft.ownerOf(id), await inft.isProven(id)]).to.deep.equal([to, true]);
      expect(await dataOf(id)).to.deep.equal(datas);
    }
    for (const commitment of await commitments(items)) {
      expect(await inft.commitmentOf(minterAddress, commitment)).to.deep.equal([0n, 0n]);
    }
  });

  it("of nothing mints nothing", async () => {
    const { inft, mintAll } = await batch();
    await expect(mintAll([])).to.not.emit(inft, "InferenceMinted");
  });

  it("is all or nothing: an item nobody committed to, and one that stands in it twice", async () => {
    const { inft, minterAddress, items, commitments, commitAll, mintAll, idOfClaim, provenanceOf } = await batch();
    const [first, second] = items as [(typeof items)[0], (typeof items)[0]];
    const other = { ...first, salt: encodeBytes32String("another") };
    await commitAll([first, other]);
    const missing = (await commitments([second]))[0];
    for (const list of [
      [first, second],
      [second, first],
    ]) {
      await expect(mintAll(list))
        .to.be.revertedWithCustomError(inft, "CommitmentMissing")
        .withArgs(minterAddress, missing);
    }
    await expect(mintAll([first, other]))
      .to.be.revertedWithCustomError(inft, "InferenceAlreadyMinted")
      .withArgs(await idOfClaim(first.claim));
    await expect(mintAll([first, first]))
      .to.be.revertedWithCustomError(inft, "CommitmentMissing")
      .withArgs(minterAddress, (await commitments([first]))[0]);
    expect(await inft.verifyProvenance(await idOfClaim(first.claim), provenanceOf(first.claim))).to.equal(false);
    await mintAll([first]);
    expect(await inft.ownerOf(await idOfClaim(first.claim))).to.equal(first.to);
  });

  it("is nobody else's, and not of the block that committed", async () => {
    const { inft, stranger, strangerAddress, items, commitments, commitAll, mintAll, deployAccount, ...shop } =
      await batch();
    await commitAll(items);
    await expect(mintAll(items, stranger))
      .to.be.revertedWithCustomError(inft, "CommitmentMissing")
      .withArgs(strangerAddress, (await commitments(items, strangerAddress))[0]);
    const account = await deployAccount();
    const address = await account.getAddress();
    const own = await commitments(items, address);
    await expect(
      account.execute(await inft.getAddress(), [
        inft.interface.encodeFunctionData("commitBatch", [own]),
        inft.interface.encodeFunctionData("mintInferenceBatch", [items]),
      ]),
    )
      .to.be.revertedWithCustomError(inft, "CommitmentTooYoung")
      .withArgs(address, own[0], (await shop.networkHelpers.time.latestBlock()) + 1);
  });

  it("tells receivers, each of its token, when all are minted", async () => {
    const { inft, items, commitAll, mintAll, deployAccount, idOfClaim } = await batch();
    const account = await deployAccount();
    const [first, second] = items as [(typeof items)[0], (typeof items)[0]];
    const list = [{ ...first, to: await account.getAddress() }, second];
    await account.onReceipt(inft.interface.encodeFunctionData("ownerOf", [await idOfClaim(second.claim)]));
    await commitAll(list);
    await mintAll(list);
    expect(await account.received()).to.equal(1n);
    expect(inft.interface.decodeFunctionResult("ownerOf", await account.answer())).to.deep.equal([second.to]);
  });
});
