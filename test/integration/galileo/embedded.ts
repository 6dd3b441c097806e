import { expect } from "chai";
import { keccak256 } from "ethers";
import { network } from "hardhat";

import { PrecompileOnlyOnLiveChainError, chainCall } from "../../../lib/chain/revert.ts";
import { GalileoUnavailableError, PredeployHashError } from "../../../lib/galileo/errors.ts";
import { placePredeploys } from "../../../lib/galileo/place.ts";
import { PRECOMPILES, PREDEPLOYS } from "../../../lib/galileo/predeploys.ts";
import type { Eip1193 } from "../../../lib/galileo/rpc.ts";
import { parseAmount } from "../../../lib/units.ts";

type Connection = Awaited<ReturnType<typeof network.create>>;

describe("the embedded Galileo", () => {
  let connection: Connection;

  before(async () => {
    connection = await network.create();
  });

  after(async () => {
    await connection.close();
  });

  it("has Galileo's chain id and the recorded code at every predeploy", async () => {
    const { provider } = connection.ethers;
    expect((await provider.getNetwork()).chainId).to.equal(16602n);
    for (const { name, address, placedCodeHash } of PREDEPLOYS) {
      expect(keccak256(await provider.getCode(address)), name).to.equal(placedCodeHash);
    }
  });

  it("has Galileo's minimums and lock time, set by the contracts' own initialisers", async () => {
    const { ledgerManager, inferenceServing, fineTuningServing } = connection.galileo.contracts;

    expect(await ledgerManager.MIN_ACCOUNT_BALANCE()).to.equal(parseAmount("0.1"));
    expect(await ledgerManager.MIN_TRANSFER_AMOUNT()).to.equal(parseAmount("0.01"));
    expect(await inferenceServing.lockTime()).to.equal(86_400n);
    expect(await fineTuningServing.lockTime()).to.equal(86_400n);
    expect(await fineTuningServing.penaltyPercentage()).to.equal(30n);
    await expect(ledgerManager.initialize.staticCall(connection.galileo.owner)).to.be.revertedWithCustomError(
      ledgerManager,
      "AlreadyInitialized",
    );
  });

  it("belongs to development account 9, which can upgrade it", async () => {
    const { ethers, galileo } = connection;
    const owner = (await ethers.getSigners())[9]?.address;

    expect(galileo.owner).to.equal(owner);
    for (const { kind, name, address } of PREDEPLOYS) {
      if (kind === "implementation") continue;
      const ownable = new ethers.Contract(address, ["function owner() view returns (address)"], ethers.provider);
      expect(await ownable.getFunction("owner")(), name).to.equal(owner);
    }
  });

  it("has both services registered and recommended in the ledger", async () => {
    const { ledgerManager, inferenceServing, fineTuningServing } = connection.galileo.contracts;

    expect(await ledgerManager.getServiceAddressByName("inference-v1.0")).to.equal(await inferenceServing.getAddress());
    expect([...(await ledgerManager.getRecommendedService("inference"))]).to.deep.equal([
      "v1.0",
      await inferenceServing.getAddress(),
    ]);
    expect([...(await ledgerManager.getRecommendedService("fine-tuning"))]).to.deep.equal([
      "v1.1",
      await fineTuningServing.getAddress(),
    ]);
  });

  it("has three providers, registered with their stake: two endorsed at different prices, one not", async () => {
    const { ethers, galileo } = connection;
    const { inferenceServing } = galileo.contracts;
    const { services } = await inferenceServing.getAllServices(0, 50);

    expect(services.map(({ teeSignerAcknowledged }) => teeSignerAcknowledged)).to.deep.equal([true, true, false]);
    expect(services[0]?.inputPrice).to.not.equal(services[1]?.inputPrice);
    expect(services.map(({ provider, url, teeSignerAddress }) => [provider, url, teeSignerAddress])).to.deep.equal(
      galileo.providers.map(({ address, url, teeSigner }) => [address, url, teeSigner]),
    );
    const stakes = 3n * (await inferenceServing.MIN_PROVIDER_STAKE());
    expect(await ethers.provider.getBalance(inferenceServing)).to.equal(stakes);
  });

  it("serves every provider over HTTP", async () => {
    for (const { url } of connection.galileo.providers) {
      expect((await fetch(`${url}/v1/models`)).status).to.equal(200);
    }
  });

  for (const { name, address } of PRECOMPILES) {
    it(`refuses calls to the ${name} with an error that says where it exists`, async () => {
      const error: unknown = await chainCall(
        "Calling a precompile",
        connection.ethers.provider.call({ to: address, data: "0x12345678" }),
      ).catch((thrown: unknown) => thrown);

      expect(error).to.be.instanceOf(PrecompileOnlyOnLiveChainError);
      expect((error as PrecompileOnlyOnLiveChainError).details).to.deep.equal({ precompile: address });
    });
  }

  it("refuses to start on code that is not the recorded one", async () => {
    const bare = await network.create({ network: "node", override: { chainId: 16602 } });
    const tampered: Eip1193 = {
      request: async (request) =>
        request.method === "eth_getCode" ? "0x00" : bare.provider.request({ ...request, params: request.params ?? [] }),
    };
    try {
      const error: unknown = await placePredeploys(tampered).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(PredeployHashError);
      expect(error).to.include({ code: "ZG_PREDEPLOY_HASH", exit: 5 });
      expect((error as PredeployHashError).details).to.include({ actual: keccak256("0x00") });
    } finally {
      await bare.close();
    }
  });

  it("leaves other networks alone, and says so when asked", async () => {
    const served = await network.create({ network: "localhost", override: { url: "http://127.0.0.1:1" } });
    try {
      expect(() => served.galileo)
        .to.throw(GalileoUnavailableError)
        .with.property("code", "ZG_GALILEO_UNAVAILABLE");
    } finally {
      await served.close();
    }
  });

  it("is another chain for every connection, and stops its servers when that closes", async () => {
    const other = await network.create();
    const { url } = other.galileo.provider(0);
    const { address, signer } = await other.galileo.fundedUser();
    await (await other.galileo.contracts.ledgerManager.connect(signer).depositFund({ value: parseAmount("1") })).wait();
    await expect(connection.galileo.contracts.ledgerManager.getLedger(address)).to.be.revertedWithCustomError(
      connection.galileo.contracts.ledgerManager,
      "LedgerNotExists",
    );

    await other.close();

    const refused: unknown = await fetch(url).catch((thrown: unknown) => thrown);
    expect(refused).to.be.instanceOf(TypeError);
  });
});
