import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect } from "chai";
import { Wallet, keccak256 } from "ethers";

import { genesisHash } from "../../../lib/chain/connect.ts";
import { checksum, ZERO_ADDRESS, type Hex } from "../../../lib/hex.ts";
import { inftContract } from "../../../lib/inft/contracts.ts";
import { UsageError } from "../../../lib/errors.ts";
import type { AttestorEntry } from "../../../lib/inft/attestor-entry.ts";
import {
  deployInft,
  deployVerifier,
  findDeployment,
  VERIFIER_CONTRACT,
  type Deployment,
  type InftTerms,
} from "../../../lib/inft/deploy.ts";
import type { OpenConnection } from "../../../tasks/support/connection.ts";
import { chooseVerifier, type DeploymentOptions } from "../../../tasks/support/deployment-options.ts";
import {
  DevelopmentAttestorError,
  InftMissingError,
  RoyaltyRefusedError,
  VerifierMissingError,
  WellKnownAttestorError,
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
import { networkNamed } from "../../../lib/networks.ts";
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

  describe("chooses its verifier", () => {
    const NOTHING_SAID: DeploymentOptions = { inft: NAME, urls: [], addresses: [], allowDevelopment: false };
    const io = { log: () => undefined, json: true, signal: new AbortController().signal };

    async function choose(
      said: Partial<DeploymentOptions> & { force?: boolean },
      { live = false, recorded }: { live?: boolean; recorded?: DeploymentRecord } = {},
    ) {
      const network = live ? networkNamed("galileo") : NETWORK;
      const { connection, ctx, minter } = shop;
      const open = { network, connection, read: { ...ctx, network } } as unknown as OpenConnection;
      const record = { load: async () => Promise.resolve(recorded), save: async () => Promise.resolve() };
      const options = { ...NOTHING_SAID, owner: minter.address, force: false, ...said };
      return chooseVerifier(open, { inft: record, verifier: record }, options, io);
    }
    async function recordOf(attestors: readonly AttestorEntry[] = []): Promise<DeploymentRecord> {
      const terms = { owner: shop.minter.address, threshold: 1n, rotationDelay: 0n, attestors };
      const { address, transaction, args } = await deployVerifier(shop.ctx, shop.verifierArtifact, terms);
      const { abi } = shop.verifierArtifact;
      return describeDeployment(shop.ctx, {
        ...{ contractName: VERIFIER_CONTRACT, address, transaction: transaction.hash, args, abi },
      });
    }

    it("a new one with the embedded network's own attestor, for a year", async () => {
      const chosen = await choose({});
      if (chosen.kind !== "new") return expect.fail("none is recorded");
      const { attestors, ...terms } = chosen.terms;
      expect(terms).to.deep.equal({ owner: shop.minter.address, threshold: 1n, rotationDelay: 0n });
      const { address, url } = shop.galileo.attestor;
      expect(attestors.map((one) => [one.address, one.url])).to.deep.equal([[address, url]]);
      expect(Number(attestors[0]?.validUntil)).to.be.greaterThan(Date.now() / 1000 + 360 * 86_400);
    });

    it("a new one of two attestors on a live network, and with none at first when none are named", async () => {
      const chosen = await choose({}, { live: true });
      expect(chosen).to.deep.include({
        terms: { owner: shop.minter.address, threshold: 2n, rotationDelay: 172_800n, attestors: [] },
      });
    });

    it("a new one with attestors asked at their address; no development attestor on a live network", async () => {
      const { address, url } = shop.galileo.attestor;
      const chosen = await choose({ urls: [url], threshold: 2n, addresses: [shop.stranger.address] });
      if (chosen.kind !== "new") return expect.fail("none is recorded");
      expect(chosen.terms.attestors.map((one) => one.address)).to.deep.equal([address, shop.stranger.address]);

      const unknown = checksum(Wallet.createRandom().address);
      for (const said of [{ urls: [url] }, { addresses: [unknown] }]) {
        expect(await rejection(choose(said, { live: true }))).to.be.instanceOf(DevelopmentAttestorError);
        const allowed = await choose({ ...said, allowDevelopment: true }, { live: true });
        expect(allowed).to.have.nested.property("terms.attestors").that.has.length(1);
      }
    });

    it("the recorded one, unless it is not what was asked for, or another is wanted", async () => {
      const recorded = await recordOf();
      const { address } = recorded;
      expect(await choose({}, { recorded })).to.deep.equal({ kind: "standing", address, record: recorded });
      expect(await choose({ threshold: 1n, rotationDelay: 0n }, { recorded })).to.have.property("kind", "standing");
      expect(await choose({ force: true }, { recorded })).to.have.property("kind", "new");
      for (const said of [{ threshold: 2n }, { rotationDelay: 5n }, { addresses: [address] }, { urls: ["http://x"] }]) {
        expect(await rejection(choose(said, { recorded })))
          .to.be.instanceOf(UsageError)
          .with.property("details")
          .that.includes({ verifier: address });
      }
    });

    it("the one that is named, if something stands there", async () => {
      const verifier = shop.verifier;
      expect(await choose({ verifier })).to.deep.equal({ kind: "standing", address: verifier });
      const nowhere = checksum(Wallet.createRandom().address);
      expect(await rejection(choose({ verifier: nowhere }))).to.be.instanceOf(InftMissingError);
    });

    it("none on a live network that a published key vouches for, named or recorded", async () => {
      const recorded = await recordOf([{ address: shop.stranger.address, validUntil: 2n ** 40n }]);
      const { address } = recorded;
      for (const [said, there] of [
        [{ verifier: address }, { live: true }],
        [{}, { live: true, recorded }],
      ] as const) {
        expect(await rejection(choose(said, there)))
          .to.be.instanceOf(WellKnownAttestorError)
          .with.property("details")
          .that.deep.equals({ attestor: shop.stranger.address, network: "galileo" });
      }
      expect(await choose({ verifier: address })).to.have.property("kind", "standing");
    });
  });

  it("is refused without a verifier, and with a royalty above the price or for nobody; nothing is sent", async () => {
    const nowhere = checksum(Wallet.createRandom().address);
    const refused = async (change: Partial<InftTerms>) =>
      rejection(deployInft(shop.ctx, shop.artifact, { ...terms(), ...change }));
    expect(await refused({ verifier: nowhere }))
      .to.be.instanceOf(VerifierMissingError)
      .with.property("details")
      .that.deep.equals({ verifier: nowhere });
    for (const royalty of [
      { receiver: shop.minter.address, basisPoints: 10_001n },
      { receiver: ZERO_ADDRESS, basisPoints: 1n },
    ]) {
      expect(await refused({ royalty }))
        .to.be.instanceOf(RoyaltyRefusedError)
        .with.property("details")
        .that.includes({ basisPoints: royalty.basisPoints });
    }
  });

  it("asks markets for the royalty it was given", async () => {
    const royalty = { receiver: shop.stranger.address, basisPoints: 250n };
    const { address } = await deployInft(shop.ctx, shop.artifact, { ...terms(), royalty });
    const contract = inftContract(address, shop.ctx.provider);
    expect(await contract.royaltyInfo(1n, 1_000n)).to.deep.equal([shop.stranger.address, 25n]);
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
