import { expect } from "chai";
import { Interface } from "ethers";
import hre from "hardhat";

import { INFT_ABI } from "../../../lib/inft/abi.ts";
import { inftInterface } from "../../../lib/inft/contracts.ts";
import { INFT_DIALECTS_ABI } from "../../../lib/inft/dialects-abi.ts";
import { TRANSFER_VERIFIER_ABI } from "../../../lib/inft/verifier-abi.ts";
import { decodeRevert } from "../../../lib/chain/revert.ts";
import type { Hex } from "../../../lib/hex.ts";

describe("the iNFT's ABI", () => {
  for (const [name, ours] of [
    ["INFT", INFT_ABI],
    ["INFTDialects", INFT_DIALECTS_ABI],
    ["TransferVerifier", TRANSFER_VERIFIER_ABI],
  ] as const) {
    it(`is what the compiler emits for ${name}`, async () => {
      const { abi } = await hre.artifacts.readArtifact(name);
      const lines = (from: Interface) => [...from.format()].sort();
      expect(lines(new Interface(ours))).to.deep.equal(lines(new Interface(abi)));
    });
  }

  it("lets no function of the module be hidden behind one of the token", () => {
    const selectors = new Set<string>();
    new Interface(INFT_ABI).forEachFunction(({ selector }) => selectors.add(selector));
    const hidden: string[] = [];
    new Interface(INFT_DIALECTS_ABI).forEachFunction((fragment) => {
      if (selectors.has(fragment.selector)) hidden.push(fragment.format());
    });
    expect(hidden).to.deep.equal([]);
  });

  it("makes its custom errors known by name", () => {
    const data = inftInterface().encodeErrorResult("InferenceModeInvalid", [7]) as Hex;
    expect(decodeRevert(data)).to.deep.include({ name: "InferenceModeInvalid", args: { mode: 7n } });
  });
});
