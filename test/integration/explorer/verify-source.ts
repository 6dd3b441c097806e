import { expect } from "chai";
import hre from "hardhat";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { checksum, type Address } from "../../../lib/hex.ts";
import { networkNamed, type Network } from "../../../lib/networks.ts";
import { NoExplorerError } from "../../../lib/explorer/errors.ts";
import { outcomeLines, sourceOf, verifyCommand, verifyDeployed } from "../../../tasks/support/verify-source.ts";
import { hardhat } from "../../support/cli.ts";
import { startMockExplorer, type MockExplorer, type MockExplorerOptions } from "../../support/mock-explorer.ts";

const ARGUMENTS = ["Verified Inference", "VINF", networkNamed("galileo").contracts.inferenceServing];

describe("publishing the source of a deployed iNFT", () => {
  let explorer: MockExplorer | undefined;

  afterEach(async () => {
    await explorer?.close();
    explorer = undefined;
  });

  const io = { log: () => {}, signal: new AbortController().signal };
  const deployed = {
    address: developmentAccount(5).address,
    contractName: "INFT",
    constructorArguments: ARGUMENTS,
  };

  async function live(options: MockExplorerOptions = {}): Promise<Network> {
    explorer = await startMockExplorer(options);
    return { ...networkNamed("galileo"), explorer: explorer.url, explorerApi: explorer.apiUrl };
  }

  it("submits input that compiles to the deployed bytecode, with its constructor arguments", async () => {
    const source = await sourceOf(hre, deployed);
    const { abi, bytecode } = await hre.artifacts.readArtifact("INFT");

    expect(source.contractName).to.equal("project/contracts/inft/INFT.sol:INFT");
    expect(source.compilerVersion).to.match(/^0\.8\.37\+commit\.[0-9a-f]{8}$/);
    const input = source.compilerInput as { settings: { viaIR: boolean; evmVersion: string }; sources: object };
    expect(input.settings).to.include({ viaIR: true, evmVersion: "cancun" });
    expect(input.sources).to.have.property("project/contracts/inft/INFT.sol");
    const { ethers } = await import("ethers");
    const { data } = await new ethers.ContractFactory(abi, bytecode).getDeployTransaction(...ARGUMENTS);
    expect(data).to.equal(bytecode + source.constructorArguments.slice(2));
  });

  it("publishes it once: the second time it is found", async function () {
    this.timeout(20_000);
    const network = await live();

    const first = await verifyDeployed(hre, network, deployed, io);
    const second = await verifyDeployed(hre, network, deployed, io);

    expect(first).to.deep.equal({
      status: "verified",
      link: `${explorer!.url}/address/${deployed.address}#code`,
    });
    expect(second.status).to.equal("already verified");
    expect(explorer!.actions().filter((action) => action === "verifysourcecode")).to.have.length(1);
    expect(outcomeLines(first)[0]).to.include("#code");
  });

  it("reports a failure as an outcome with code, remedy and exit code, because the deployment stands", async () => {
    const network = await live({ submit: { status: "0", result: "Unsupported compiler version" } });

    const outcome = await verifyDeployed(hre, network, deployed, io);

    if (outcome.status !== "failed") expect.fail(outcome.status);
    expect(outcome).to.include({ exit: 3 });
    expect(outcome.error.code).to.equal("ZG_VERIFY_REFUSED");
    expect(outcome.error.remedy).to.include(verifyCommand(network, deployed));
    expect(outcomeLines(outcome).join("\n")).to.include("Unsupported compiler version");
  });

  it("has nothing to publish on where nobody else can see the chain", async () => {
    const thrown: unknown = await verifyDeployed(hre, networkNamed("default"), deployed, io).catch(
      (error: unknown) => error,
    );
    expect(thrown).to.be.instanceOf(NoExplorerError);
    expect(thrown).to.include({ code: "ZG_VERIFY_NO_EXPLORER", exit: 2 });
  });

  it("prints a command that a shell reads back as the same words", () => {
    const command = verifyCommand(networkNamed("galileo"), { ...deployed, constructorArguments: ["It's", "A", "$x"] });
    expect(command).to.match(/ 'It'\\''s' A '\$x'$/);
  });
});

describe("npx hardhat verify etherscan --network galileo", () => {
  let explorer: MockExplorer;
  let rpc: { listen(): Promise<{ address: string; port: number }>; close(): Promise<void> };
  let url: string;
  let address: Address;

  before(async function () {
    this.timeout(60_000);
    explorer = await startMockExplorer();
    rpc = await hre.network.createServer("default", "127.0.0.1", 0);
    const { port } = await rpc.listen();
    url = `http://127.0.0.1:${port}`;
    const { ethers } = await hre.network.create({ network: "localhost", override: { url } });
    const inft = await ethers.deployContract("INFT", ARGUMENTS);
    await inft.waitForDeployment();
    address = checksum(await inft.getAddress());
  });

  after(async () => {
    await rpc.close();
    await explorer.close();
  });

  async function verify() {
    return hardhat(
      [
        "--config",
        "test/support/explorer-config.ts",
        "verify",
        "etherscan",
        "--network",
        "galileo",
        address,
        ...ARGUMENTS,
      ],
      { GALILEO_RPC_URL: url, TEST_EXPLORER_API: explorer.apiUrl },
    );
  }

  it("submits to the explorer's /open/api with the chain id, and finds it verified when run again", async function () {
    this.timeout(60_000);

    const first = await verify();

    expect(first.code, first.stderr).to.equal(0);
    const submission = explorer.requests.find(({ query }) => query["action"] === "verifysourcecode");
    expect(submission?.path).to.equal("/open/api");
    expect(submission?.query).to.include({ chainid: "16602" });
    expect(submission?.form["contractname"]).to.equal("project/contracts/inft/INFT.sol:INFT");

    const second = await verify();

    expect(second.code, second.stderr).to.equal(0);
    expect(second.stdout).to.include("already been verified");
    expect(explorer.actions().filter((action) => action === "verifysourcecode")).to.have.length(1);
  });
});
