import { expect } from "chai";
import { Contract, getCreateAddress, ZeroHash } from "ethers";
import { network } from "hardhat";

import { allDialects } from "../../lib/inft/dialects.ts";
import { lintContract } from "../../lib/inft/lint.ts";
import { checksum } from "../../lib/hex.ts";
import { networkNamed } from "../../lib/networks.ts";
import {
  AGENT_NFT_ABI,
  deployDialectsFixture,
  DOCS_DRAFT_ABI,
  GO_AGENT_ABI,
  TRANSFER_NONCE,
} from "./support/dialects-fixture.ts";
import { hashOf } from "./support/verifier-fixture.ts";

/** The instructions of runtime code, without the metadata that the compiler appends. */
function opcodesOf(code: string): ReadonlySet<number> {
  const bytes = Buffer.from(code.slice(2), "hex");
  const end = bytes.length - 2 - bytes.readUInt16BE(bytes.length - 2);
  const opcodes = new Set<number>();
  for (let at = 0; at < end; at++) {
    const opcode = bytes[at]!;
    opcodes.add(opcode);
    if (opcode >= 0x60 && opcode <= 0x7f) at += opcode - 0x5f;
  }
  return opcodes;
}

describe("the module of older dialects", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  async function fixture() {
    const shop = await deployDialectsFixture(connection);
    return { ...shop, moduleAddress: checksum(getCreateAddress({ from: shop.address, nonce: 1 })) };
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  it("is the first contract that the token creates, and fits in 6.1 kB", async () => {
    const { ethers, moduleAddress } = await deploy();
    const code = await ethers.provider.getCode(moduleAddress);
    expect((code.length - 2) / 2)
      .to.be.greaterThan(0)
      .and.lessThan(6_100);
  });

  it("neither reads nor writes storage, creates nothing and runs nobody's code but its own", async () => {
    const { ethers, moduleAddress } = await deploy();
    const opcodes = opcodesOf(await ethers.provider.getCode(moduleAddress));
    const forbidden = { SLOAD: 0x54, SSTORE: 0x55, TLOAD: 0x5c, TSTORE: 0x5d, CREATE: 0xf0, CREATE2: 0xf5 };
    const running = { CALLCODE: 0xf2, DELEGATECALL: 0xf4, SELFDESTRUCT: 0xff };
    for (const [name, opcode] of Object.entries({ ...forbidden, ...running })) {
      expect(opcodes.has(opcode), name).to.equal(false);
    }
  });

  it("has the functions of all three older dialects that the token itself lacks", async () => {
    const { inft, module } = await deploy();
    const declared = (of: { interface: { fragments: readonly { type: string; selector?: string }[] } }) =>
      of.interface.fragments.filter(({ type }) => type === "function").map(({ selector }) => selector!);
    const needed = allDialects()
      .filter(({ id }) => ["agentnft", "docs-draft", "go-agent"].includes(id))
      .flatMap(({ functions }) => functions.map(({ id }) => id));
    const both = [...declared(inft), ...declared(module)];
    expect(both).to.include.members(needed);
    expect(new Set(both).size, "a selector of both would never reach the module").to.equal(both.length);
  });

  it("is what the token answers with for a function that neither has", async () => {
    const { ethers, address, module } = await deploy();
    for (const data of ["0xdeadbeef", "0xdeadbeef01", "0x"]) {
      await expect(ethers.provider.call({ to: address, data }))
        .to.be.revertedWithCustomError(module, "DialectUnknownSelector")
        .withArgs(data === "0x" ? "0x00000000" : "0xdeadbeef");
    }
  });

  it("takes no value, as the token takes none", async () => {
    const { ethers, address, seller, agentNft, sellerAddress } = await deploy();
    await expect(seller.sendTransaction({ to: address, value: 1n })).to.be.revert(ethers);
    await expect(agentNft.getFunction("mint")([], sellerAddress, { value: 1n })).to.be.revert(ethers);
  });

  it("does nothing when it is called by itself", async () => {
    const {
      ethers,
      seller,
      sellerAddress,
      moduleAddress,
      module,
      encodeFinal,
      agentNftProofs,
      finalProofs,
      mintToken,
    } = await deploy();
    const tokenId = await mintToken();
    const client = new Contract(
      moduleAddress,
      [...AGENT_NFT_ABI.filter((text) => /iTransferFrom|iCloneFrom|intelligentDatasOf/.test(text)), TRANSFER_NONCE],
      seller,
    );
    const draft = new Contract(moduleAddress, DOCS_DRAFT_ABI.slice(0, 7), seller);
    const agent = new Contract(moduleAddress, GO_AGENT_ABI.slice(0, 2), seller);
    const key = `0x${"01".repeat(129)}`;
    const proof = encodeFinal(await finalProofs(tokenId));
    const proofs = await agentNftProofs(tokenId);
    const calls: (() => Promise<unknown>)[] = [
      () => client.getFunction("iTransferFrom")(sellerAddress, sellerAddress, tokenId, proofs),
      () => client.getFunction("iCloneFrom")(sellerAddress, sellerAddress, tokenId, proofs),
      () => client.getFunction("intelligentDatasOf")(tokenId),
      () => client.getFunction("transferNonce")(1, tokenId, 0, sellerAddress, 1n),
      () => draft.getFunction("mint")(sellerAddress, "uri", ZeroHash),
      () => draft.getFunction("transfer")(sellerAddress, sellerAddress, tokenId, key, proof),
      () => draft.getFunction("clone")(sellerAddress, tokenId, key, proof),
      () => draft.getFunction("authorizeUsage")(tokenId, sellerAddress, "0x"),
      () => draft.getFunction("getMetadataHash")(tokenId),
      () => draft.getFunction("getEncryptedURI")(tokenId),
      () => draft.getFunction("oracle")(),
      () => agent.getFunction("mint")(sellerAddress, "name", "", "0x01", ZeroHash, ""),
      () => agent.getFunction("updateEncryptedMetadata")(tokenId, "0x01"),
    ];
    for (const call of calls) {
      await expect(call()).to.be.revertedWithCustomError(module, "DialectDirectCall").withArgs(moduleAddress);
    }
    await expect(ethers.provider.call({ to: moduleAddress, data: "0xdeadbeef" }))
      .to.be.revertedWithCustomError(module, "DialectUnknownSelector")
      .withArgs("0xdeadbeef");
  });

  it("is the only one whom the token lets act for others", async () => {
    const { ethers, address, strangerAddress, stranger, sellerAddress, mintToken, finalProofs, stateOf } =
      await deploy();
    const tokenId = await mintToken();
    const before = await stateOf(tokenId);
    const host = (await ethers.getContractAt("IDialectHost", address)).connect(stranger);
    const [hash, key] = [hashOf("stolen"), `0x${"01".repeat(129)}`];
    const proofs = await finalProofs(tokenId);
    const calls: (() => Promise<unknown>)[] = [
      () => host.hostMint(sellerAddress, [], strangerAddress),
      () => host.hostDeliver(1, sellerAddress, sellerAddress, strangerAddress, tokenId, [hash], [key]),
      () => host.hostDeliver(2, sellerAddress, sellerAddress, strangerAddress, tokenId, [hash], [key]),
      () => host.hostDeliverProven(1, sellerAddress, sellerAddress, strangerAddress, tokenId, proofs),
      () => host.hostUpdateHashes(sellerAddress, tokenId, [hash]),
      () => host.hostAuthorize(sellerAddress, tokenId, strangerAddress, 0, 0),
    ];
    for (const call of calls) {
      await expect(call()).to.be.revertedWithCustomError(host, "DialectHostOnlySelf").withArgs(strangerAddress);
    }
    expect(await stateOf(tokenId)).to.equal(before);
  });

  it("is not believed, even so, that there is a key for each datum", async () => {
    const { ethers, networkHelpers, address, inft, sellerAddress, buyer, mintToken, stateOf } = await deploy();
    const tokenId = await mintToken(2);
    const before = await stateOf(tokenId);
    await networkHelpers.impersonateAccount(address);
    await networkHelpers.setBalance(address, 10n ** 18n);
    const host = inft.connect(await ethers.getSigner(address));
    const hashes = [hashOf("first"), hashOf("second")];
    for (const keys of [[], ["0x01"], ["0x01", "0x02", "0x03"]]) {
      await expect(host.hostDeliver(1, sellerAddress, sellerAddress, buyer.address, tokenId, hashes, keys))
        .to.be.revertedWithCustomError(inft, "ERC7857SealedKeyCount")
        .withArgs(keys.length, hashes.length);
    }
    expect(await stateOf(tokenId)).to.equal(before);
  });

  it("lets the lint see that the token speaks every dialect but AgenticID's", async () => {
    const { ethers, address, moduleAddress, mintToken } = await deploy();
    await mintToken();
    const ctx = { network: networkNamed("default"), provider: ethers.provider };
    const report = await lintContract(ctx, { contract: checksum(address) });
    expect(report.code).to.deep.equal([
      { address: checksum(address), role: "itself" },
      { address: moduleAddress, role: "module" },
    ]);
    expect(Object.fromEntries(report.dialects.map(({ id, speaks }) => [id, speaks]))).to.deep.equal({
      final: "yes",
      agentnft: "yes",
      agenticid: "partly",
      "docs-draft": "yes",
      "go-agent": "yes",
      erc721: "yes",
      "erc721-metadata": "yes",
      erc2981: "yes",
      erc4906: "yes",
    });
    expect(report.dialects.flatMap(({ id, notAnnounced }) => (id === "agenticid" ? [] : notAnnounced))).to.deep.equal(
      [],
    );
    expect(report.observations.map(({ name, status }) => [name, status])).to.deep.equal([
      ["erc-165", "ok"],
      ["same-code", "ok"],
      ["plain-transfer", "ok"],
      ["verifier", "ok"],
      ["unsigned-proof", "ok"],
      ["bound-nonce", "ok"],
    ]);
    expect(report.observations[2]!.detail).to.include("ERC7857TransferNeedsProof");
  });
});
