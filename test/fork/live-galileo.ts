import { expect } from "chai";
import { Contract, keccak256 } from "ethers";
import hre from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";

import { BEACON } from "../../lib/galileo/place.ts";
import { PREDEPLOYS } from "../../lib/galileo/predeploys.ts";
import { describeForkedGalileo } from "./support/forked-galileo.ts";

/** As the recorded upgrades left them; another answer means that 0G has upgraded since. */
const IMPLEMENTATIONS = ["LedgerManager", "InferenceServing", "FineTuningServing"].map((name) => {
  const implementation = PREDEPLOYS.find((predeploy) => predeploy.name === `${name} implementation`);
  return [`${name} beacon`, implementation?.address] as const;
});

const UPSTREAM = process.env["GALILEO_RPC_URL"]?.trim() ?? "";

if (UPSTREAM === "") {
  describe("the live Galileo", () => {
    it.skip("is forked and compared with our records when GALILEO_RPC_URL is set");
  });
} else {
  describe("a fork of the live Galileo (GALILEO_RPC_URL)", function () {
    this.timeout(600_000);
    describeForkedGalileo(async () => hre.network.create("galileoFork"));
  });

  describe("the live Galileo's code (GALILEO_RPC_URL)", function () {
    this.timeout(120_000);
    let live: NetworkConnection;

    before(async () => {
      live = await hre.network.create("galileo");
    });

    after(async () => {
      await live.close();
    });

    for (const { name, address, recordedCodeHash } of PREDEPLOYS) {
      it(`is the recorded one at ${name}`, async () => {
        expect(keccak256(await live.ethers.provider.getCode(address))).to.equal(recordedCodeHash);
      });
    }

    for (const [name, implementation] of IMPLEMENTATIONS) {
      it(`is what the ${name} points at`, async () => {
        const beacon = PREDEPLOYS.find((predeploy) => predeploy.name === name)?.address ?? "";
        const contract = new Contract(beacon, BEACON, live.ethers.provider);
        expect(await contract.getFunction("implementation")()).to.equal(implementation);
      });
    }
  });
}
