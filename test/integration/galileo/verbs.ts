import { expect } from "chai";
import { network } from "hardhat";

import { SIMULATED } from "../../../lib/galileo/status.ts";
import { parseAmount } from "../../../lib/units.ts";

type Connection = Awaited<ReturnType<typeof network.create>>;

describe("connection.galileo", () => {
  let connection: Connection;

  before(async () => {
    connection = await network.create();
  });

  after(async () => {
    await connection.close();
  });

  /** A user with 1 0G in the ledger, 0.5 of it at the first provider. */
  async function customer() {
    const { galileo } = connection;
    const user = await galileo.fundedUser();
    const ledger = galileo.contracts.ledgerManager.connect(user.signer);
    const provider = galileo.provider(0).address;
    await (await ledger.depositFund({ value: parseAmount("1") })).wait();
    await (await ledger.transferFund(provider, "inference-v1.0", parseAmount("0.5"))).wait();
    return { ...user, ledger, provider };
  }

  it("hands out users that nobody else has, holding exactly what was asked", async () => {
    const { ethers, galileo } = connection;
    const users = [await galileo.fundedUser(parseAmount("0.25")), await galileo.fundedUser()];

    expect(await ethers.provider.getBalance(users[0]?.address ?? "")).to.equal(parseAmount("0.25"));
    expect(await ethers.provider.getBalance(users[1]?.address ?? "")).to.equal(parseAmount("10000"));
    expect(users[0]?.address).to.not.equal(users[1]?.address);
  });

  it("hands out more users than Hardhat has accounts", async () => {
    const other = await network.create();
    try {
      const addresses = new Set<string>();
      for (let i = 0; i < 14; i++) addresses.add((await other.galileo.fundedUser()).address);
      expect(addresses.size).to.equal(14);
    } finally {
      await other.close();
    }
  });

  it("passes the lock, so that retrieved funds come free", async () => {
    const { ledger, provider, address } = await customer();
    await (await ledger.retrieveFund([provider], "inference-v1.0")).wait();
    await (await ledger.retrieveFund([provider], "inference-v1.0")).wait();
    expect((await ledger.getLedger(address)).availableBalance).to.equal(parseAmount("0.5"));

    await connection.galileo.passLock();

    await (await ledger.retrieveFund([provider], "inference-v1.0")).wait();
    expect((await ledger.getLedger(address)).availableBalance).to.equal(parseAmount("1"));
  });

  it("endorses and stops endorsing a service", async () => {
    const { galileo } = connection;
    const third = galileo.provider(2);
    const endorsed = async () =>
      (await galileo.contracts.inferenceServing.getService(third.address)).teeSignerAcknowledged;

    await galileo.endorse(third);
    expect(await endorsed()).to.equal(true);
    await galileo.unendorse(third.address);
    expect(await endorsed()).to.equal(false);
  });

  it("signs as the owner", async () => {
    const { galileo } = connection;
    const serving = galileo.contracts.inferenceServing.connect(await galileo.ownerSigner());
    await (await serving.updateLockTime(7_200)).wait();
    expect(await serving.lockTime()).to.equal(7_200n);
    await (await serving.updateLockTime(86_400)).wait();
  });

  it("starts another provider with what it was told", async () => {
    const { galileo } = connection;
    const started = await galileo.registerProvider({ service: { inputPrice: 7n }, endorsed: false });
    const service = await galileo.contracts.inferenceServing.getService(started.address);

    expect(galileo.providers.at(-1)).to.equal(started);
    expect(service.inputPrice).to.equal(7n);
    expect(service.teeSignerAcknowledged).to.equal(false);
    expect((await fetch(`${service.url}/v1/models`)).status).to.equal(200);
  });

  it("fills the list with services that have no server, leaving no money behind", async () => {
    const { ethers, galileo } = connection;
    const { total: before } = await galileo.contracts.inferenceServing.getAllServices(0, 1);
    const addresses = [];
    for (let i = 0; i < 60; i++) addresses.push(await galileo.registerService({ model: `filler-${i}` }));
    const { total } = await galileo.contracts.inferenceServing.getAllServices(0, 1);
    const last = await galileo.contracts.inferenceServing.getService(addresses.at(-1) ?? "");

    expect(total - before).to.equal(60n);
    expect(last.model).to.equal("filler-59");
    expect(last.teeSignerAcknowledged).to.equal(true);
    expect(await ethers.provider.getBalance(last.provider)).to.equal(0n);
  });

  it("settles with nothing to collect", async () => {
    expect(await connection.galileo.settle()).to.deep.equal([]);
    expect(await connection.galileo.settle(1)).to.deep.equal([]);
  });

  it("refuses a provider that is not there", () => {
    expect(() => connection.galileo.provider(99)).to.throw(RangeError, "not 100");
  });

  it("says what stands where, what of it is real, and whether the providers answer", async () => {
    const other = await network.create();
    try {
      await other.galileo.provider(1).close();
      const status = await other.galileo.status();

      expect(status).to.include({
        network: "default",
        mode: "local",
        chainId: 16602n,
        lockTime: 86_400n,
        serviceCount: 3,
      });
      expect(status.minimumDeposit).to.equal(parseAmount("0.1"));
      const matches = Object.fromEntries(status.predeploys.map(({ name, match }) => [name, match]));
      expect(matches).to.include({
        "InferenceServing implementation": "both",
        "LedgerManager implementation": "placed",
      });
      expect(Object.values(matches)).to.not.include("neither");
      expect(status.precompiles.map(({ standIn }) => standIn)).to.deep.equal([true, true, true]);
      expect(status.services.map(({ alive, endorsed }) => [alive, endorsed])).to.deep.equal([
        [true, true],
        [false, true],
        [true, false],
      ]);
      expect(status.services[1]?.reason).to.be.a("string").that.includes("ECONNREFUSED");
      expect(status.simulated).to.equal(SIMULATED);
    } finally {
      await other.close();
    }
  });
});
