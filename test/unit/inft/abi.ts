import { expect } from "chai";
import { Interface } from "ethers";
import hre from "hardhat";

import { INFT_ABI } from "../../../lib/inft/abi.ts";
import { inftInterface } from "../../../lib/inft/contracts.ts";
import { decodeRevert } from "../../../lib/chain/revert.ts";
import type { Hex } from "../../../lib/hex.ts";

describe("the iNFT's ABI", () => {
  it("is what the compiler emits", async () => {
    const { abi } = await hre.artifacts.readArtifact("INFT");
    const lines = (from: Interface) => [...from.format()].sort();
    expect(lines(new Interface(INFT_ABI))).to.deep.equal(lines(new Interface(abi)));
  });

  it("makes its custom errors known by name", () => {
    const data = inftInterface().encodeErrorResult("InferenceModeInvalid", [7]) as Hex;
    expect(decodeRevert(data)).to.deep.include({ name: "InferenceModeInvalid", args: { mode: 7n } });
  });
});
