import { expect } from "chai";

import { hardhat, hardhatJson } from "../support/cli.ts";

interface FlowData {
  readonly network: string;
  readonly mode: string;
  readonly kept: boolean;
  readonly content: string;
  readonly tokenId: string;
  readonly inft: string;
  readonly signer: string;
  readonly steps: readonly { readonly id: string; readonly state: string }[];
  readonly checks: readonly { readonly name: string; readonly passed: boolean }[];
  readonly plan: { readonly total: string };
  readonly spent: { readonly gas: string; readonly answer: string };
  readonly transactions: readonly { readonly hash: string }[];
}

describe("flow run on the embedded network, as a newcomer types it", function () {
  this.timeout(120_000);

  it("turns a prompt into a minted, proven inference and answers with one JSON object", async () => {
    const { code, answer } = await hardhatJson(["flow", "run", "--prompt", "What is 2+2?"]);
    expect(code).to.equal(0);
    if (!answer.ok) throw new Error(answer.error.message);
    const data = answer.data as unknown as FlowData;
    expect(data).to.include({ network: "default", mode: "local", kept: false, content: "4" });
    expect(data.steps.map(({ id }) => id)).to.deep.equal([
      ...["provider", "verifier", "deploy", "deposit", "transfer", "acknowledge"],
      ...["infer", "verify", "encrypt", "store", "commit", "mint", "report"],
    ]);
    expect(data.checks.map(({ name, passed }) => [name, passed])).to.deep.equal([
      ["signature", true],
      ["signer", true],
      ["response", true],
      ["request", true],
    ]);
    expect(BigInt(data.tokenId)).to.be.greaterThan(2n ** 64n);
    expect(data.transactions).to.have.length(9);
    expect(BigInt(data.spent.gas) + BigInt(data.spent.answer)).to.be.lessThan(BigInt(data.plan.total));
  });

  it("asks a default question, says what is simulated and how to keep the result", async () => {
    const { code, stdout, stderr } = await hardhat(["flow", "run"]);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.include("\n4\n").and.to.include("embedded Galileo, in this process");
    expect(stdout).to.include("Nothing of this is kept").and.to.include("npx hardhat galileo up");
    expect(stderr).to.include("total at worst");
  });

  it("shows the bill and stops with --dry-run", async () => {
    const { code, answer } = await hardhatJson(["flow", "run", "--dry-run"]);
    expect(code).to.equal(0);
    expect(answer).to.have.nested.property("data.dryRun", true);
    expect(answer).to.not.have.nested.property("data.tokenId");
  });

  it("refuses to start when the bill is above --max-spend", async () => {
    const { code, answer } = await hardhatJson(["flow", "run", "--max-spend", "0.5"]);
    expect(code).to.equal(3);
    expect(answer).to.have.nested.property("error.code", "ZG_MAX_SPEND");
  });

  it("calls --id a usage error here and names galileo up", async () => {
    const { code, answer } = await hardhatJson(["flow", "run", "--id", "first"]);
    expect(code).to.equal(2);
    expect(answer).to.have.nested.property("error.remedy").that.includes("npx hardhat galileo up");
  });

  it("refuses a provider whose results cannot be minted before anything is paid", async () => {
    const { code, answer, stderr } = await hardhatJson(["flow", "run", "--provider", "local/not-endorsed"]);
    expect(code).to.equal(5);
    expect(answer).to.have.nested.property("error.code", "ZG_NOT_ENDORSED");
    expect(stderr).to.not.include("0x");
  });

  it("prints the bill with flow plan, and spends nothing", async () => {
    const { code, stdout } = await hardhat(["flow", "plan"]);
    expect(code).to.equal(0);
    expect(stdout).to.include("total at worst").and.to.include("refundable");
  });
});
