import { expect } from "chai";
import { FunctionFragment, id, ZeroAddress, type BaseContract } from "ethers";
import { network } from "hardhat";

import { allDialects, type DialectId } from "../../lib/inft/dialects.ts";
import { InftMissingError } from "../../lib/inft/errors.ts";
import { constantsIn } from "../../lib/inft/lint-code.ts";
import { lintContract, type LintReport } from "../../lib/inft/lint.ts";
import { checksum, type Address } from "../../lib/hex.ts";
import { networkNamed } from "../../lib/networks.ts";

const HASH = id("a ciphertext");
const DATAS = [{ dataDescription: "model", dataHash: HASH }];

function finding(report: LintReport, dialect: DialectId) {
  return report.dialects.find(({ id: its }) => its === dialect)!;
}
function spoken(report: LintReport): Record<string, string> {
  return Object.fromEntries(report.dialects.map(({ id: its, speaks }) => [its, speaks]));
}
function observation(report: LintReport, name: string) {
  return report.observations.find((its) => its.name === name)!;
}

describe("the lint of a deployed contract", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  const lint = async (contract: Address, tokenId?: bigint) =>
    lintContract(
      { network: networkNamed("default"), provider: connection.ethers.provider },
      { contract, ...(tokenId === undefined ? {} : { tokenId }) },
    );
  const addressOf = async (contract: BaseContract) => checksum(await contract.getAddress());

  async function fixture() {
    const { ethers } = connection;
    const [deployer, owner] = await ethers.getSigners();
    const verifier = await ethers.deployContract("Verifier__MockForLint");
    const agentNft = await ethers.deployContract("AgentNFT__MockForLint", [verifier]);
    await agentNft.mint(DATAS, owner!.address);
    return { ethers, deployer: deployer!, owner: owner!, verifier, agentNft };
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);

  it("refuses an address without a contract", async () => {
    const nobody = checksum("0x00000000000000000000000000000000000000aa");
    const refusal = await lint(nobody).catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(InftMissingError);
    expect((refusal as InftMissingError).details).to.include({ address: nobody, network: "default" });
  });

  it("knows 0G's AgentNFT, and what it does not announce", async () => {
    const { agentNft } = await deploy();
    const report = await lint(await addressOf(agentNft));
    expect(spoken(report)).to.deep.equal({
      final: "no",
      agentnft: "yes",
      agenticid: "no",
      "docs-draft": "no",
      "go-agent": "no",
      erc721: "yes",
      "erc721-metadata": "yes",
      erc2981: "no",
      erc4906: "no",
    });
    expect(finding(report, "agentnft")).to.deep.include({ missingFunctions: [], missingEvents: [], announced: [] });
    expect(finding(report, "agentnft").notAnnounced).to.deep.include({ name: "IERC7857", id: "0x5762046c" });
    expect(finding(report, "final").missingFunctions).to.deep.include({
      name: "intelligentDataOf(uint256)",
      id: "0x393df216",
    });
    expect(report.code).to.deep.equal([{ address: await addressOf(agentNft), role: "itself" }]);
  });

  it("tells how much of AgenticID there is", async () => {
    const { ethers, verifier } = await deploy();
    const agenticId = await ethers.deployContract("AgenticID__MockForLint", [verifier]);
    const report = await lint(await addressOf(agenticId));
    const { speaks, functions, missingFunctions } = finding(report, "agenticid");
    expect(speaks).to.equal("partly");
    expect(functions.found + missingFunctions.length).to.equal(functions.of);
    const missing = missingFunctions.map(({ id: selector }) => selector);
    expect(missing).to.include.members(["0x732fea42", "0x74f8628b", "0x4ec5d962"]);
    expect(missing).to.not.include.members(["0xe86be0e2"]).and.to.not.include.members(["0x01812e1a"]);
    expect(finding(report, "agentnft").speaks).to.equal("no");
  });

  it("knows the draft of 0G's documentation", async () => {
    const { ethers } = await deploy();
    const oracle = await ethers.deployContract("Oracle__MockForLint");
    const draft = await ethers.deployContract("DocsDraft__MockForLint", [oracle]);
    const report = await lint(await addressOf(draft));
    expect(spoken(report)).to.include({ final: "no", agentnft: "no", "docs-draft": "yes", erc721: "yes" });
  });

  it("knows what the Go inference agent needs, and that it is no ERC-721", async () => {
    const { ethers } = await deploy();
    const report = await lint(await addressOf(await ethers.deployContract("GoAgentNFT__MockForLint")));
    expect(spoken(report)).to.include({ "go-agent": "yes", erc721: "no", final: "no" });
    expect(observation(report, "erc-165").status).to.equal("warning");
    expect(observation(report, "plain-transfer").detail).to.equal("It has no transferFrom");
  });

  it("finds nothing in a contract that answers everything with nothing", async () => {
    const { ethers } = await deploy();
    const report = await lint(await addressOf(await ethers.deployContract("Anything__MockForLint")));
    expect(new Set(Object.values(spoken(report)))).to.deep.equal(new Set(["no"]));
    expect(observation(report, "erc-165").status).to.equal("warning");
  });

  describe("behind a proxy", () => {
    async function proxied(kind: "upgradeable" | "beacon" | "minimal") {
      const { ethers, agentNft } = await deploy();
      const proxies = await ethers.deployContract("Proxies__MockForLint");
      const receipt = await (await proxies.getFunction(kind)(agentNft)).wait();
      const proxy = checksum(proxies.interface.parseLog(receipt.logs.at(-1))!.args[0] as string);
      return { proxy, implementation: await addressOf(agentNft), report: await lint(proxy) };
    }

    for (const [kind, role] of [
      ["upgradeable", "implementation"],
      ["beacon", "beacon implementation"],
      ["minimal", "minimal proxy target"],
    ] as const) {
      it(`reads the code of the ${role} (${kind})`, async () => {
        const { proxy, implementation, report } = await proxied(kind);
        expect(report.code).to.deep.equal([
          { address: proxy, role: "itself" },
          { address: implementation, role },
        ]);
        expect(finding(report, "agentnft")).to.include({ speaks: "yes" });
        expect(finding(report, "agentnft").missingEvents).to.deep.equal([]);
      });
    }

    it("warns that the code can be replaced, and by whom", async () => {
      const { report } = await proxied("beacon");
      const { status, detail } = observation(report, "same-code");
      expect(status).to.equal("warning");
      expect(detail).to.match(/^beacon 0x[0-9a-fA-F]{40} names the code that runs at 0x/);
      const upgradeable = await proxied("upgradeable");
      expect(observation(upgradeable.report, "same-code").detail).to.match(
        new RegExp(`^${upgradeable.proxy} is a proxy whose code can be replaced by its admin 0x[0-9a-fA-F]{40}$`),
      );
      expect(observation((await proxied("minimal")).report, "same-code").status).to.equal("ok");
    });
  });

  describe("plain-transfer", () => {
    it("warns when the owner of data could move it without a proof", async () => {
      const { agentNft } = await deploy();
      const { status, detail } = observation(await lint(await addressOf(agentNft)), "plain-transfer");
      expect(status).to.equal("warning");
      expect(detail).to.include("Token 0 holds data");
    });

    it("is content when that is refused, and says with what", async () => {
      const { ethers, verifier } = await deploy();
      const agenticId = await ethers.deployContract("AgenticID__MockForLint", [verifier]);
      await agenticId.register("", [], DATAS, []);
      const { status, detail } = observation(await lint(await addressOf(agenticId)), "plain-transfer");
      expect(status).to.equal("ok");
      expect(detail).to.include(FunctionFragment.from("function ERC7857UseITransferFrom()").selector);
    });

    it("is not checked where no token holds data", async () => {
      const { ethers, verifier } = await deploy();
      const empty = await addressOf(await ethers.deployContract("AgentNFT__MockForLint", [verifier]));
      expect(observation(await lint(empty), "plain-transfer").detail).to.include("--token");
      expect(observation(await lint(empty, 7n), "plain-transfer").status).to.equal("not checked");
    });

    it("looks at the token that is named", async () => {
      const { ethers, owner, verifier } = await deploy();
      const many = await ethers.deployContract("AgentNFT__MockForLint", [verifier]);
      for (let i = 0; i < 5; i++) await many.mint(i < 4 ? [] : DATAS, owner.address);
      const contract = await addressOf(many);
      expect(observation(await lint(contract), "plain-transfer").status).to.equal("not checked");
      expect(observation(await lint(contract, 4n), "plain-transfer").status).to.equal("warning");
    });
  });

  describe("verifier", () => {
    it("warns of one that accepts what nobody signed", async () => {
      const { agentNft, verifier } = await deploy();
      const report = await lint(await addressOf(agentNft));
      expect(observation(report, "verifier").detail).to.include(await addressOf(verifier));
      const { status, detail } = observation(report, "unsigned-proof");
      expect(status).to.equal("warning");
      expect(detail).to.include("verifyTransferValidity");
    });

    it("warns of an oracle that does", async () => {
      const { ethers } = await deploy();
      const oracle = await ethers.deployContract("Oracle__MockForLint");
      const draft = await ethers.deployContract("DocsDraft__MockForLint", [oracle]);
      const { status, detail } = observation(await lint(await addressOf(draft)), "unsigned-proof");
      expect(status).to.equal("warning");
      expect(detail).to.include("verifyProof (0x55c265fe)");
    });

    it("warns when no contract stands there", async () => {
      const { ethers } = await deploy();
      const draft = await ethers.deployContract("DocsDraft__MockForLint", [ZeroAddress]);
      const report = await lint(await addressOf(draft));
      expect(observation(report, "verifier").status).to.equal("warning");
      expect(observation(report, "unsigned-proof").status).to.equal("not checked");
    });

    it("is not checked where none is named", async () => {
      const { ethers } = await deploy();
      const report = await lint(await addressOf(await ethers.deployContract("GoAgentNFT__MockForLint")));
      expect(observation(report, "verifier").status).to.equal("not checked");
      expect(observation(report, "unsigned-proof").status).to.equal("not checked");
    });
  });

  it("warns that AgentNFT's proofs are bound to nothing where no nonce is named", async () => {
    const { agentNft } = await deploy();
    expect(observation(await lint(await addressOf(agentNft)), "bound-nonce").status).to.equal("warning");
  });
});

describe("the constants of runtime code", () => {
  const push4 = (selector: string) => `63${selector}`;
  const selectorsIn = (code: string) => [...constantsIn(`0x${code}`).selectors];

  it("count a selector that is compared, whatever is done to the stack before", () => {
    expect(selectorsIn(`80${push4("aabbccdd")}14`)).to.deep.equal(["0xaabbccdd"]);
    expect(selectorsIn(`${push4("aabbccdd")}8114`)).to.deep.equal(["0xaabbccdd"]);
    expect(selectorsIn("80621122331457")).to.deep.equal(["0x00112233"]);
  });

  it("do not count one that is sent, or that stands within another constant", () => {
    expect(selectorsIn(`${push4("aabbccdd")}60e01b`)).to.deep.equal([]);
    expect(selectorsIn(`7f${push4("aabbccdd")}14${"00".repeat(26)}14`)).to.deep.equal([]);
  });

  it("count 32-byte words, those whose leading zeros were left out too", () => {
    const word = "ab".repeat(31);
    expect([...constantsIn(`0x7e${word}`).words]).to.deep.equal([`0x00${word}`]);
  });

  it("end where the code ends in the middle of one", () => {
    expect(selectorsIn("63aabb")).to.deep.equal([]);
  });
});

describe("the table of dialects", () => {
  it("has the selectors and ids that were published", () => {
    const selectors = (dialect: DialectId) =>
      Object.fromEntries(
        allDialects()
          .find(({ id: its }) => its === dialect)!
          .functions.map(({ fragment, id: selector }) => [fragment.name, selector]),
      );
    const ids = allDialects().flatMap(({ id: its, interfaces }) => interfaces.map((one) => [its, one.name, one.id]));
    expect(selectors("final")).to.include({ iTransfer: "0xb0654873", iClone: "0xe915c38a" });
    expect(selectors("agentnft")).to.include({ iTransferFrom: "0xeafcbf9c", iCloneFrom: "0xc07038b7" });
    expect(selectors("agenticid")).to.include({ iTransferFrom: "0x01812e1a", registerWithSeal: "0x732fea42" });
    expect(selectors("docs-draft")).to.include({ transfer: "0xc78fed04", clone: "0xca14bee7", mint: "0xd34047b6" });
    expect(selectors("go-agent")).to.include({ mint: "0xfe487d93", updateEncryptedMetadata: "0x88b9f8b5" });
    expect(ids).to.deep.include.members([
      ["final", "IERC7857", "0xee5a526e"],
      ["final", "IERC7857Metadata", "0xaa18b754"],
      ["agentnft", "IERC7857", "0x5762046c"],
      ["agentnft", "IERC7857Authorize", "0x2309ab96"],
      ["agenticid", "IERC7857", "0x2afbede9"],
      ["agenticid", "IERC7857Authorize", "0xdf597d99"],
      ["agenticid", "IERC7857Delegate", "0x20d189db"],
      ["agenticid", "IERC7857Updatable", "0xcd6a82d7"],
      ["erc721", "IERC721", "0x80ac58cd"],
      ["erc721-metadata", "IERC721Metadata", "0x5b5e139f"],
      ["erc2981", "IERC2981", "0x2a55205a"],
    ]);
  });
});
