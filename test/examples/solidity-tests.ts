/** Runs the Solidity example against a served Galileo, as its reader would. Alone it is skipped: it needs a network. */

import { expect } from "chai";
import hre from "hardhat";

import { serveGalileo, type ServedGalileo } from "../../lib/galileo/serve.ts";
import { hardhat } from "../support/cli.ts";

const TESTS = ["test", "solidity", "test/examples/Sponsor.t.sol"];

describe("example: Solidity tests on a fork of a served Galileo", function () {
  this.timeout(120_000);
  let served: ServedGalileo;

  before(async () => {
    served = await serveGalileo(hre, { port: 0 });
  });

  after(async () => {
    await served.close();
  });

  it("passes against 0G's contracts", async () => {
    const { code, stdout, stderr } = await hardhat(TESTS, { SERVED_GALILEO_URL: served.url });
    expect(code, stdout + stderr).to.equal(0);
    expect(stdout).to.include("2 passing");
  });

  it("is skipped, visibly, when no Galileo is named", async () => {
    const { code, stdout } = await hardhat(TESTS);
    expect(code).to.equal(0);
    expect(stdout).to.include("1 skipped");
  });
});
