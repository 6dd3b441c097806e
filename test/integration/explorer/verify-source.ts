import { expect } from "chai";
import hre from "hardhat";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { checksum, ZERO_ADDRESS, type Address } from "../../../lib/hex.ts";
import { INFT_CONTRACT, MODULE_CONTRACTS, VERIFIER_CONTRACT } from "../../../lib/inft/deploy.ts";
import { networkNamed, type Network } from "../../../lib/networks.ts";
import { NoExplorerError } from "../../../lib/explorer/errors.ts";
import { outcomeLines, sourceOf, verifyCommand, verifyDeployed } from "../../../tasks/support/verify-source.ts";
import { hardhat } from "../../support/cli.ts";
import { startMockExplorer, type MockExplorer, type MockExplorerOptions } from "../../support/mock-explorer.ts";

const { inferenceServing } = networkNamed("galileo").contracts;
const VERIFIER = developmentAccount(6).address;
const argumentsWith = (verifier: Address) => [
  ...["Verified Inference", "VINF", inferenceServing],
  ...[verifier, ZERO_ADDRESS, "0"],
];
const ARGUMENTS = argumentsWith(VERIFIER);

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
  const attestor = [developmentAccount(7).address, "1900000000", "https://attestor.example"];
  /** Every contract that `inft deploy` makes, with what its record keeps of the constructor's arguments. */
  const CONTRACTS = [
    [INFT_CONTRACT, "inft/INFT.sol", ARGUMENTS],
    [VERIFIER_CONTRACT, "verifier/TransferVerifier.sol", [VERIFIER, "2", "172800", [attestor]]],
    [MODULE_CONTRACTS[0], "inft/dialects/INFTDialects.sol", []],
    [MODULE_CONTRACTS[1], "inft/TokenDocuments.sol", []],
    [MODULE_CONTRACTS[2], "inft/ReturnedProofs.sol", [VERIFIER]],
  ] as const;

  async function live(options: MockExplorerOptions = {}): Promise<Network> {
    explorer = await startMockExplorer(options);
    return { ...networkNamed("galileo"), explorer: explorer.url, explorerApi: explorer.apiUrl };
  }

  for (const [contractName, file, constructorArguments] of CONTRACTS) {
    it(`submits input that compiles to the deployed bytecode of ${contractName}, with its arguments`, async () => {
      const source = await sourceOf(hre, { ...deployed, contractName, constructorArguments });
      const { abi, bytecode } = await hre.artifacts.readArtifact(contractName);

      expect(source.contractName).to.equal(`project/contracts/${file}:${contractName}`);
      expect(source.compilerVersion).to.match(/^0\.8\.37\+commit\.[0-9a-f]{8}$/);
      const input = source.compilerInput as { settings: { viaIR: boolean; evmVersion: string }; sources: object };
      expect(input.settings).to.include({ viaIR: true, evmVersion: "cancun" });
      expect(input.sources).to.have.property(`project/contracts/${file}`);
      const { ethers } = await import("ethers");
      const { data } = await new ethers.ContractFactory(abi, bytecode).getDeployTransaction(...constructorArguments);
      expect(data).to.equal(bytecode + source.constructorArguments.slice(2));
    });
  }

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

  it("names the deployment's own command where arguments cannot be typed", () => {
    const command = verifyCommand(networkNamed("galileo"), {
      ...deployed,
      constructorArguments: [VERIFIER, [attestor]],
    });
    expect(command).to.equal("npx hardhat inft deploy --verify --network galileo");
  });
});

describe("npx hardhat verify etherscan --network galileo", () => {
  let explorer: MockExplorer;
  let rpc: { listen(): Promise<{ address: string; port: number }>; close(): Promise<void> };
  let url: string;
  let address: Address;
  let constructorArguments: string[];

  before(async function () {
    this.timeout(60_000);
    explorer = await startMockExplorer();
    rpc = await hre.network.createServer("default", "127.0.0.1", 0);
    const { port } = await rpc.listen();
    url = `http://127.0.0.1:${port}`;
    const { ethers } = await hre.network.create({ network: "localhost", override: { url } });
    const verifier = await ethers.deployContract("TransferVerifier", [VERIFIER, 1n, 0n, []]);
    await verifier.waitForDeployment();
    constructorArguments = argumentsWith(checksum(await verifier.getAddress()));
    const inft = await ethers.deployContract("INFT", constructorArguments);
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
        ...constructorArguments,
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
