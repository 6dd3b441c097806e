import { expect } from "chai";
import { network } from "hardhat";

import { deposit } from "../../../lib/compute/ledger.ts";
import { examine, type DoctorParams, type Finding } from "../../../lib/flow/doctor.ts";
import type { FundedUser, Galileo } from "../../../lib/galileo/galileo.ts";
import { NETWORKS } from "../../../lib/networks.ts";
import { parseAmount } from "../../../lib/units.ts";

describe("examine", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  let galileo: Galileo;

  before(async () => {
    connection = await network.create();
    ({ galileo } = connection);
  });
  after(async () => connection.close());

  /** What the doctor says of one thing, on this chain with Galileo's faucet. */
  async function finding(name: string, user: FundedUser, params: Partial<DoctorParams> = {}): Promise<Finding> {
    const { provider } = user.signer;
    if (provider === null) throw new Error("a funded user is connected");
    const { faucet } = NETWORKS.galileo;
    const findings = await examine({
      read: { network: { ...galileo.network, faucet }, provider },
      account: () => user.address,
      keyVariable: "GALILEO_PRIVATE_KEY",
      nodeVersion: "v22.0.0",
      indexers: [galileo.storage.indexer],
      fetch,
      clock: Date.now,
      ...params,
    });
    const found = findings.find((each) => each.name === name);
    if (found === undefined) throw new Error(`nothing was said of ${name}`);
    return found;
  }

  it("finds nothing to fix for a user with enough", async () => {
    const user = await galileo.fundedUser();
    for (const name of ["node", "chain", "contracts", "fees", "wallet", "ledger", "providers", "storage"]) {
      expect(await finding(name, user)).to.have.property("verdict", "ok", name);
    }
  });

  it("says when no indexer answers, has a node, or is known", async () => {
    const user = await galileo.fundedUser();
    try {
      galileo.storage.misbehave({ kind: "no-nodes" });
      expect(await finding("storage", user)).to.have.property("verdict", "to fix");
      galileo.storage.misbehave({ kind: "dead" });
      expect((await finding("storage", user)).detail).to.include(galileo.storage.indexer);
      expect(await finding("storage", user)).to.have.property("verdict", "to fix");
    } finally {
      galileo.storage.misbehave(undefined);
    }
    expect(await finding("storage", user, { indexers: [] })).to.have.property("verdict", "warning");
  });

  it("names address, shortfall, faucet and the days it takes when there is too little", async () => {
    const user = await galileo.fundedUser(parseAmount("0.3"));
    const { verdict, detail, remedy } = await finding("wallet", user);
    expect(verdict).to.equal("to fix");
    expect(detail).to.include(user.address).and.include("holds 0.3 0G").and.include("needs about 1.05 0G");
    expect(remedy).to.equal("Send it 0.75 0G, or 8 days of https://faucet.0g.ai at 0.1 0G a day.");
  });

  it("wants gas in the wallet even when the ledger holds more than enough", async () => {
    const user = await galileo.fundedUser(parseAmount("2.01"));
    await deposit(
      { network: galileo.network, provider: user.signer.provider ?? never(), signer: user.signer },
      parseAmount("2"),
    );
    expect(await finding("wallet", user)).to.include({ verdict: "to fix" });
  });

  it("takes no simulated chain for the public one whose id it claims", async () => {
    const user = await galileo.fundedUser();
    const { provider } = user.signer;
    const found = await finding("chain", user, {
      read: { network: { ...galileo.network, mode: "live" }, provider: provider ?? never() },
    });
    expect(found.verdict).to.equal("to fix");
    expect(found.detail).to.match(/only simulates chain 16602 \(HardhatNetwork/);
  });

  it("counts no provider that does not answer", async () => {
    const user = await galileo.fundedUser();
    const nobody: typeof fetch = async () => Promise.reject(new TypeError("fetch failed"));
    const { verdict, detail } = await finding("providers", user, { fetch: nobody });
    expect(verdict).to.equal("to fix");
    expect(detail).to.include("2 chat providers can be minted, 0 of them answer");
  });

  it("says where a key goes when there is none, and what an old Node needs", async () => {
    const user = await galileo.fundedUser();
    const wallet = await finding("wallet", user, { account: () => undefined });
    expect(wallet.verdict).to.equal("warning");
    expect(wallet.remedy).to.include("GALILEO_PRIVATE_KEY");
    expect(await finding("node", user, { nodeVersion: "v20.19.0" })).to.have.property("verdict", "to fix");
  });
});

function never(): never {
  throw new Error("a funded user is connected");
}
