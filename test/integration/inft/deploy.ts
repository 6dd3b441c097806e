import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect } from "chai";
import { Wallet, keccak256 } from "ethers";

import { genesisHash } from "../../../lib/chain/connect.ts";
import { checksum, ZERO_ADDRESS, type Hex } from "../../../lib/hex.ts";
import { inftContract } from "../../../lib/inft/contracts.ts";
import { deployInft, findDeployment, type Deployment } from "../../../lib/inft/deploy.ts";
import {
  InftMissingError,
  RecordMalformedError,
  RecordMismatchError,
  ServingMissingError,
} from "../../../lib/inft/errors.ts";
import {
  describeDeployment,
  loadRecord,
  recordFolder,
  saveRecord,
  type DeploymentRecord,
  type RecordFiles,
} from "../../../lib/inft/records.ts";
import { NETWORK, openWorkshop, rejection, type Workshop } from "./support/workshop.ts";

const NAME = { name: "Verified Inference", symbol: "VINF" };

describe("deploying an iNFT", () => {
  let shop: Workshop;
  before(async () => {
    shop = await openWorkshop();
  });
  after(() => shop.close());

  const terms = () => ({ ...NAME, verifier: shop.verifier });

  it("makes a contract that trusts the network's InferenceServing", async () => {
    const { address, args } = await deployInft(shop.ctx, shop.artifact, terms());
    const contract = inftContract(address, shop.ctx.provider);
    expect([await contract.name(), await contract.symbol()]).to.deep.equal([NAME.name, NAME.symbol]);
    expect(await contract.inferenceServing()).to.equal(NETWORK.contracts.inferenceServing);
    expect(await contract.verifier()).to.equal(shop.verifier);
    expect(await contract.royaltyInfo(1n, 10_000n)).to.deep.equal([ZERO_ADDRESS, 0n]);
    const { inferenceServing } = NETWORK.contracts;
    expect(args).to.deep.equal([NAME.name, NAME.symbol, inferenceServing, shop.verifier, ZERO_ADDRESS, "0"]);
  });

  it("is refused on a chain without InferenceServing; nothing is sent", async () => {
    const inferenceServing = checksum(Wallet.createRandom().address);
    const ctx = { ...shop.ctx, network: { ...NETWORK, contracts: { ...NETWORK.contracts, inferenceServing } } };
    const balance = await shop.ctx.provider.getBalance(shop.minter.address);
    expect(await rejection(deployInft(ctx, shop.artifact, terms())))
      .to.be.instanceOf(ServingMissingError)
      .with.property("details")
      .that.deep.equals({ inferenceServing });
    expect(await shop.ctx.provider.getBalance(shop.minter.address)).to.equal(balance);
  });

  it("is found again by its transaction", async () => {
    const { address, transaction } = await deployInft(shop.ctx, shop.artifact, terms());
    expect(await findDeployment(shop.ctx, transaction.hash)).to.equal(address);
    expect(await findDeployment(shop.ctx, `0x${"12".repeat(32)}`)).to.equal(undefined);
  });

  describe("and its record", () => {
    let deployment: Deployment;
    let record: DeploymentRecord;
    let folder: string;
    let files: RecordFiles;

    before(async () => {
      deployment = await deployInft(shop.ctx, shop.artifact, terms());
      record = await describeDeployment(shop.ctx, {
        contractName: "INFT",
        address: deployment.address,
        transaction: deployment.transaction.hash,
        args: deployment.args,
        abi: shop.artifact.abi,
        compiler: { solcLongVersion: "0.8.37", sourceName: "contracts/inft/INFT.sol", input: { language: "Solidity" } },
      });
    });
    beforeEach(async () => {
      folder = await mkdtemp(path.join(tmpdir(), "records-"));
      files = recordFolder(folder);
    });
    afterEach(() => rm(folder, { recursive: true }));

    it("says where, when, by whom and of what", async () => {
      expect(record).to.deep.include({
        version: 1,
        contractName: "INFT",
        address: deployment.address,
        network: "default",
        chainId: 16602,
        genesisHash: await genesisHash(shop.ctx.provider),
        transaction: deployment.transaction.hash,
        block: deployment.transaction.blockNumber,
        deployer: shop.minter.address,
        args: [...deployment.args],
        codeHash: keccak256(await shop.ctx.provider.getCode(deployment.address)),
      });
    });

    it("is written whole and read back the same", async () => {
      expect(await loadRecord(shop.ctx, files, "INFT")).to.equal(undefined);
      await saveRecord(files, record);
      expect(await readdir(path.join(folder, "default"))).to.deep.equal(["INFT.json"]);
      expect(await loadRecord(shop.ctx, files, "INFT")).to.deep.equal(record);
    });

    const other: Hex = `0x${"ab".repeat(32)}`;
    const changes: readonly (readonly [string, Partial<DeploymentRecord>])[] = [
      ["network", { network: "localhost" }],
      ["chain id", { chainId: 16661 }],
      ["genesis hash", { genesisHash: other }],
      ["code hash", { codeHash: other }],
    ];
    for (const [field, change] of changes) {
      it(`is refused when its ${field} is another`, async () => {
        const file = path.join(folder, "default", "INFT.json");
        await files.write("default/INFT.json", JSON.stringify({ ...record, ...change }));
        const error = await rejection(loadRecord(shop.ctx, files, "INFT"));
        expect(error).to.be.instanceOf(RecordMismatchError).with.property("code", "ZG_RECORD_MISMATCH");
        expect(error).to.have.property("details").that.includes({ file: "default/INFT.json", field });
        expect(await readFile(file, "utf8")).to.equal(JSON.stringify({ ...record, ...change }));
      });
    }

    it("is refused when nothing stands at its address", async () => {
      await saveRecord(files, { ...record, address: checksum(Wallet.createRandom().address) });
      expect(await rejection(loadRecord(shop.ctx, files, "INFT")))
        .to.be.instanceOf(RecordMismatchError)
        .with.property("message")
        .that.includes("no contract there");
    });

    for (const [what, text] of [
      ["not JSON", "{"],
      ["of another version", JSON.stringify({ version: 2 })],
      ["without its fields", JSON.stringify({ version: 1 })],
    ] as const) {
      it(`is refused when it is ${what}`, async () => {
        await files.write("default/INFT.json", text);
        expect(await rejection(loadRecord(shop.ctx, files, "INFT")))
          .to.be.instanceOf(RecordMalformedError)
          .with.property("code", "ZG_RECORD_MALFORMED");
      });
    }

    it("does not take trouble for absence", async () => {
      await writeFile(path.join(folder, "default"), "a file where the folder should be");
      expect(await rejection(loadRecord(shop.ctx, files, "INFT"))).to.have.property("code", "ENOTDIR");
    });

    it("is not made of an address without code", async () => {
      const address = checksum(Wallet.createRandom().address);
      const parts = { contractName: "INFT", address, transaction: deployment.transaction.hash, args: [], abi: [] };
      expect(await rejection(describeDeployment(shop.ctx, parts))).to.be.instanceOf(InftMissingError);
    });
  });
});
