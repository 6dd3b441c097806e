import { expect } from "chai";
import { keccak256, ZeroHash } from "ethers";
import { network } from "hardhat";

import { encryptForGoAgent } from "../../lib/sealing/go-agent-envelope.ts";
import { toHex, type Hex } from "../../lib/hex.ts";
import { deployDialectsFixture, GO_AGENT_ABI } from "./support/dialects-fixture.ts";
import { hashOf } from "./support/verifier-fixture.ts";

/** What the agent seals: its metadata, in its own envelope. */
function envelope(text: string): Hex {
  const key = new Uint8Array(32).fill(7);
  const nonce = (length: number) => new Uint8Array(length).fill(9);
  return toHex(encryptForGoAgent(new TextEncoder().encode(text), { key, id: "default" }, nonce));
}

describe("the Go inference agent", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  async function fixture() {
    return deployDialectsFixture(connection);
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);
  type Shop = Awaited<ReturnType<typeof fixture>>;

  const META = envelope('{"task_id":"t-1","model_id":"qwen","agent_id":"a-1"}');
  const mint = ({ goAgent, sellerAddress }: Shop, meta = META) =>
    goAgent.getFunction("mint")(sellerAddress, "inference-t-1", "a result", meta, ZeroHash, "storage://t-1");

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  it("calls functions of its own selectors", async () => {
    const { goAgent } = await deploy();
    expect(goAgent.interface.getFunction("mint")!.selector).to.equal("0xfe487d93");
    expect(goAgent.interface.getFunction("updateEncryptedMetadata")!.selector).to.equal("0x88b9f8b5");
  });

  it("mints, and reads the id from topic 3 of Transfer and from the return value", async () => {
    const shop = await deploy();
    const { goAgent, sellerAddress, inft } = shop;
    const returned = await goAgent
      .getFunction("mint")
      .staticCall(sellerAddress, "inference-t-1", "a result", META, ZeroHash, "storage://t-1");
    const receipt = await (await mint(shop)).wait();
    const transfer = receipt.logs.find(
      ({ topics }: { topics: string[] }) => topics[0] === goAgent.interface.getEvent("Transfer")!.topicHash,
    );
    expect(BigInt(transfer.topics[3] as string)).to.equal(returned);
    expect(await goAgent.getFunction("ownerOf")(returned)).to.equal(sellerAddress);
    expect(await inft.isProven(returned)).to.equal(false);
  });

  it("leaves a token whose one datum is its metadata, and publishes the rest", async () => {
    const shop = await deploy();
    const { inft, module } = shop;
    const minting = mint(shop);
    const dataHash = keccak256(META);
    await expect(minting).to.emit(module, "EncryptedMetadataPublished").withArgs(dataHash, META);
    await expect(minting)
      .to.emit(module, "AgentResultDeclared")
      .withArgs(dataHash, "inference-t-1", "a result", ZeroHash, "storage://t-1");
    expect(await inft.intelligentDataOf(1n)).to.deep.equal([["inference-t-1", dataHash]]);
  });

  it("publishes before the receiver is called, so that it finds all there is", async () => {
    const shop = await deploy();
    const { ethers, goAgent, module } = shop;
    const account = await ethers.deployContract("Account__MockForINFT");
    const receipt = await (
      await goAgent.getFunction("mint")(await account.getAddress(), "inference", "", META, ZeroHash, "")
    ).wait();
    const names = receipt.logs.map((log: { topics: string[]; data: string }) => module.interface.parseLog(log)?.name);
    expect(names.slice(0, 2)).to.deep.equal(["EncryptedMetadataPublished", "AgentResultDeclared"]);
    expect(await account.received()).to.equal(1n);
  });

  it("replaces its metadata, and keeps the name", async () => {
    const shop = await deploy();
    await mint(shop);
    const { goAgent, inft, module } = shop;
    const next = envelope('{"task_id":"t-2"}');
    await expect(goAgent.getFunction("updateEncryptedMetadata")(1n, next))
      .to.emit(module, "EncryptedMetadataPublished")
      .withArgs(keccak256(next), next);
    expect(await inft.intelligentDataOf(1n)).to.deep.equal([["inference-t-1", keccak256(next)]]);
    expect((await inft.tokenStateOf(1n)).sequence).to.equal(1n);
  });

  it("may not replace somebody else's", async () => {
    const shop = await deploy();
    await mint(shop);
    const { clientOf, stranger, strangerAddress, inft } = shop;
    await expect(clientOf(GO_AGENT_ABI, stranger).getFunction("updateEncryptedMetadata")(1n, envelope("mine")))
      .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
      .withArgs(strangerAddress, 1n);
    expect(await inft.intelligentDataOf(1n)).to.deep.equal([["inference-t-1", keccak256(META)]]);
  });

  it("may not replace the metadata of a token that holds something else, or that there is none of", async () => {
    const { goAgent, inft, mintToken } = await deploy();
    const tokenId = await mintToken(2);
    await expect(goAgent.getFunction("updateEncryptedMetadata")(tokenId, META))
      .to.be.revertedWithCustomError(inft, "ERC7857DataCount")
      .withArgs(tokenId, 1n, 2n);
    await expect(goAgent.getFunction("updateEncryptedMetadata")(99n, META))
      .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
      .withArgs(99n);
  });

  it("mints what can be transferred with proofs, like any token", async () => {
    const shop = await deploy();
    await mint(shop);
    const { inft, buyer, finalProofs } = shop;
    await inft.iTransfer(buyer.address, 1n, await finalProofs(1n));
    expect(await inft.ownerOf(1n)).to.equal(buyer.address);
    expect(await inft.intelligentDataOf(1n)).to.deep.equal([["inference-t-1", hashOf("new 0")]]);
  });
});
