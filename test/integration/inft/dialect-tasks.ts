import { expect } from "chai";

import { NETWORKS } from "../../../lib/networks.ts";
import { hardhat, hardhatJson } from "../../support/in-process.ts";
import { serveGalileoByTask, type ServedByTask } from "../../support/served-galileo.ts";

const { contracts } = NETWORKS.default;

describe("inft lint", function () {
  this.timeout(120_000);

  it("tells of any contract what it speaks, as text and as one JSON object", async () => {
    const [shown, { code, answer }] = await Promise.all([
      hardhat(["inft", "lint", contracts.inferenceServing]),
      hardhatJson(["inft", "lint", contracts.inferenceServing]),
    ]);
    expect(shown.code, shown.stderr).to.equal(0);
    expect(shown.stdout).to.match(/^ERC-7857 Final +no +0 of 16 +0 of 2$/m);
    expect(shown.stdout).to.match(/^beacon implementation +0x[0-9a-fA-F]{40}$/m);
    expect(code).to.equal(0);
    if (!answer.ok) return expect.fail(JSON.stringify(answer));
    expect(answer.data).to.include({ network: "default", contract: contracts.inferenceServing });
    expect(answer.data["dialects"]).to.have.length(9);
  });

  it("refuses an address without a contract, one that is none, and a token id that is none", async () => {
    const refusals = await Promise.all(
      [
        ["0x00000000000000000000000000000000000000aa"],
        ["qwen"],
        [contracts.inferenceServing, "--token", "first"],
        [], // nothing is recorded for a network that ends with the command
      ].map(async (args) => hardhatJson(["inft", "lint", ...args])),
    );
    const codes = refusals.map(({ code, answer }) => [code, answer.ok ? "" : answer.error.code]);
    expect(codes).to.deep.equal([
      [3, "ZG_INFT_MISSING"],
      [2, "ZG_USAGE"],
      [2, "ZG_USAGE"],
      [3, "ZG_NO_INFT"],
    ]);
  });
});

describe("inft env", function () {
  this.timeout(120_000);
  let served: ServedByTask;
  before(async () => {
    served = await serveGalileoByTask();
  });
  after(async () => {
    await served.stop();
  });

  /** Any contract: what stands there is not looked at. */
  const INFT = contracts.ledgerManager;

  it("prints what the Go agent needs, and no secret although it is at hand", async () => {
    const key = "ab".repeat(32);
    const { code, stdout, stderr } = await hardhat(
      ["inft", "env", "--network", "localhost", "--inft", INFT, "--agent-id", "agent-7"],
      { ...served.env, ZG_ENCRYPTION_KEY: key, ZG_ENCRYPTION_KEY_ID: "2026-11" },
    );
    expect(code, stderr).to.equal(0);
    const lines = stdout.split("\n");
    expect(lines).to.include.members([
      "INFERENCE_AGENT_ID=agent-7",
      `ZG_CHAIN_RPC=${served.ready.url}`,
      `ZG_INFT_CONTRACT=${INFT}`,
      `ZG_SERVING_CONTRACT=${contracts.inferenceServing}`,
      "# ZG_CHAIN_PRIVATE_KEY=",
      "# ZG_ENCRYPTION_KEY=",
      "ZG_ENCRYPTION_KEY_ID=2026-11",
    ]);
    expect(stdout + stderr).to.not.include(key);
  });

  it("refuses a network that ends with the command", async () => {
    const { code, answer } = await hardhatJson(["inft", "env", "--inft", INFT]);
    expect([code, answer.ok ? "" : answer.error.code]).to.deep.equal([2, "ZG_AGENT_NETWORK"]);
  });
});
