import { expect } from "chai";
import { network } from "hardhat";

import { deployVerifierFixture } from "./support/verifier-fixture.ts";

describe("TransferVerifier", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  async function fixture() {
    return deployVerifierFixture(connection);
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  it("accepts a genuine set of proofs at both entries", async () => {
    const { caller, context, proofs } = await deploy();
    for (const count of [1, 3]) {
      const genuine = await proofs({ count });
      await caller.verifyFor(context, genuine);
      await caller.verifyTransferValidity(genuine);
    }
  });
});
