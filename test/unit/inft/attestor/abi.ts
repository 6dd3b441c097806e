import { expect } from "chai";
import { Interface, type Fragment } from "ethers";
import hre from "hardhat";

import { ATTESTED_TOKEN_ABI, ATTESTOR_SET_ABI } from "../../../../lib/inft/attestor/abi.ts";

const described = (fragments: readonly Fragment[]) => fragments.map((fragment) => fragment.format("full")).sort();

async function compiled(contract: string): Promise<string[]> {
  const { abi } = await hre.artifacts.readArtifact(contract);
  return described(new Interface(abi).fragments);
}

describe("what an attestor asks contracts", () => {
  it("is all of IAttestorSet", async () => {
    expect(described(new Interface(ATTESTOR_SET_ABI).fragments)).to.deep.equal(await compiled("IAttestorSet"));
  });

  it("is part of IINFT", async () => {
    expect(await compiled("IINFT")).to.include.members(described(new Interface(ATTESTED_TOKEN_ABI).fragments));
  });
});
