import { expect } from "chai";
import { randomBytes } from "ethers";
import hre from "hardhat";

import { WrongChainError } from "../../lib/chain/connect.ts";
import { developmentAccount } from "../../lib/chain/development-keys.ts";
import { isForkProvider } from "../../lib/chain/development-roles.ts";
import { ForkWithoutContractsError } from "../../lib/galileo/errors.ts";
import { serveGalileo, type ServedGalileo } from "../../lib/galileo/serve.ts";
import { describeAttestor } from "../../lib/inft/attestor/client.ts";
import { storageClient } from "../../lib/storage/storage-client.ts";
import { parseAmount } from "../../lib/units.ts";
import { describeForkedGalileo } from "./support/forked-galileo.ts";

describe("a fork of a locally served Galileo", function () {
  this.timeout(120_000);
  let served: ServedGalileo;

  before(async () => {
    served = await serveGalileo(hre, { port: 0 });
  });

  after(async () => {
    await served.close();
  });

  const forking = (blockNumber?: bigint) => ({
    forking: { url: served.url, ...(blockNumber === undefined ? {} : { blockNumber }) },
  });

  describeForkedGalileo(async () => hre.network.create({ network: "galileoFork", override: forking() }));

  it("starts at the tip, sees what was there, and changes nothing upstream", async () => {
    const { signer, address } = await served.galileo.fundedUser();
    const upstream = served.galileo.contracts.ledgerManager.connect(signer);
    await (await upstream.depositFund({ value: parseAmount("0.5") })).wait();

    const fork = await hre.network.create({ network: "galileoFork", override: forking() });
    try {
      const { ledgerManager } = fork.galileo.contracts;
      expect((await ledgerManager.getLedger(address)).totalBalance).to.equal(parseAmount("0.5"));
      const forked = ledgerManager.connect(await fork.ethers.getSigner(address));
      await (await forked.depositFund({ value: parseAmount("2") })).wait();
      expect((await ledgerManager.getLedger(address)).totalBalance).to.equal(parseAmount("2.5"));
      expect((await upstream.getLedger(address)).totalBalance).to.equal(parseAmount("0.5"));
    } finally {
      await fork.close();
    }
  });

  it("knows the upstream's providers, which are on this machine too, from its own", async () => {
    const fork = await hre.network.create({ network: "galileoFork", override: forking() });
    try {
      const { services } = await fork.galileo.contracts.inferenceServing.getAllServices(0, 50);
      const own = services.filter(({ provider }) => isForkProvider(provider as `0x${string}`));
      expect(own.map(({ provider }) => provider)).to.deep.equal(fork.galileo.providers.map(({ address }) => address));
      expect(services).to.have.length(6);
    } finally {
      await fork.close();
    }
  });

  it("has storage of its own, which holds nothing of what its upstream's does", async () => {
    const { signer } = await served.galileo.fundedUser();
    const { network, storage } = served.galileo;
    const upstream = { network, provider: signer.provider!, signer, indexers: [storage.indexer] };
    const { root } = await storageClient(upstream).put(randomBytes(300), { waitFor: "finalised" });

    const fork = await hre.network.create({ network: "galileoFork", override: forking() });
    try {
      const { storage: own } = fork.galileo;
      expect(own.indexer).not.to.equal(storage.indexer);
      expect(await own.node(0).file(root)).to.equal(undefined);
      expect((await fork.galileo.status()).storage).to.include({ submissions: 1n });

      const forked = await fork.galileo.fundedUser();
      const there = { network: fork.galileo.network, provider: forked.signer.provider!, signer: forked.signer };
      await storageClient({ ...there, indexers: [own.indexer] }).put(randomBytes(300), { waitFor: "finalised" });
      const asked = await fetch(own.node(0).url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "zgs_getFlowContext", params: [] }),
      });
      expect(await asked.json())
        .to.have.nested.property("error.data")
        .that.includes("before the fork");
    } finally {
      await fork.close();
    }
  });

  it("has an attestor of its own, which reads the fork", async () => {
    const fork = await hre.network.create({ network: "galileoFork", override: forking() });
    try {
      const { address, url } = fork.galileo.attestor;
      expect(address).not.to.equal(served.attestor.address);
      expect(await describeAttestor({}, url)).to.include({ address, chainId: 16602, kind: "development" });
    } finally {
      await fork.close();
    }
  });

  it("clears code that the upstream has at a development account", async () => {
    const { address } = developmentAccount(1);
    await served.galileo.status();
    const rpc = async (method: string, params: unknown[]) =>
      fetch(served.url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      });
    // EIP-7702: an account that delegates to other code.
    await rpc("hardhat_setCode", [address, `0xef0100${"aa".repeat(20)}`]);
    await rpc("evm_mine", []);
    const fork = await hre.network.create({ network: "galileoFork", override: forking() });
    try {
      expect(await fork.ethers.provider.getCode(address)).to.equal("0x");
    } finally {
      await fork.close();
      await rpc("hardhat_setCode", [address, "0x"]);
    }
  });

  it("refuses an upstream that is another chain", async () => {
    const opened = hre.network.create({ network: "aristotleFork", override: forking() });
    const error: unknown = await opened.catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(WrongChainError);
    expect((error as WrongChainError).details).to.deep.equal({
      network: "aristotleFork",
      expected: 16661,
      actual: 16602n,
    });
  });

  it("refuses a block older than 0G's contracts", async () => {
    const opened = hre.network.create({ network: "galileoFork", override: forking(1n) });
    const error: unknown = await opened.catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(ForkWithoutContractsError);
    expect((error as ForkWithoutContractsError).details).to.include({ blockNumber: 1 });
  });

  it("works over the default network's name too", async () => {
    const fork = await hre.network.create({ network: "default", override: forking() });
    try {
      expect(fork.galileo.network.name).to.equal("galileoFork");
    } finally {
      await fork.close();
    }
  });
});
