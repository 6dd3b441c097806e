/** The calls of LedgerManager and InferenceServing that this project makes, proved on a fork of some Galileo. */

import { expect } from "chai";
import { hexlify, randomBytes, Wallet } from "ethers";
import type { NetworkConnection } from "hardhat/types/network";

import { listServices } from "../../../lib/compute/providers.ts";
import { isForkProvider } from "../../../lib/chain/development-roles.ts";
import { SETTLEMENT_TYPES, settlementDomain, settlementNonce } from "../../../lib/protocol/settlement.ts";
import type { Address } from "../../../lib/hex.ts";
import { storageClient } from "../../../lib/storage/storage-client.ts";
import { parseAmount } from "../../../lib/units.ts";

const SERVICE = "inference-v1.0";
const PAGE = 50;

/** Defines the suite; `open` makes a new fork each time it is called. */
export function describeForkedGalileo(open: () => Promise<NetworkConnection>): void {
  let connection: NetworkConnection;

  before(async () => {
    connection = await open();
  });

  after(async () => {
    // Absent when opening failed; then that is the report.
    await (connection as NetworkConnection | undefined)?.close();
  });

  /** Somebody who never was on the forked chain, as the published accounts may have been. */
  async function newcomer() {
    const signer = new Wallet(hexlify(randomBytes(32)), connection.ethers.provider);
    const funds = `0x${parseAmount("10").toString(16)}`;
    await connection.provider.request({ method: "hardhat_setBalance", params: [signer.address, funds] });
    return { signer, address: signer.address };
  }

  /** A newcomer with a ledger of 3 0G, and verbs that say what they do. */
  async function customer() {
    const { galileo } = connection;
    const { signer, address } = await newcomer();
    const ledger = galileo.contracts.ledgerManager.connect(signer);
    const serving = galileo.contracts.inferenceServing.connect(signer);
    const provider = galileo.provider(0).address;
    await (await ledger.depositFund({ value: parseAmount("3") })).wait();
    return {
      signer,
      address,
      ledger,
      serving,
      provider,
      transfer: async (amount: bigint, to: string = provider) =>
        (await ledger.transferFund(to, SERVICE, amount)).wait(),
      retrieve: async () => (await ledger.retrieveFund([provider], SERVICE)).wait(),
      available: async () => (await ledger.getLedger(address)).availableBalance,
      subAccount: async () => serving.getAccount(address, provider),
    };
  }

  it("stores a file on nodes of its own, which follow the forked Flow from the fork on", async () => {
    const { galileo, ethers } = connection;
    const { signer } = await galileo.fundedUser();
    const client = storageClient({
      network: galileo.network,
      provider: ethers.provider,
      signer,
      indexers: [galileo.storage.indexer],
    });
    const bytes = randomBytes(5_000);
    const { root } = await client.put(bytes, { waitFor: "finalised" });
    expect(Buffer.compare((await client.getBytes(root)).bytes, bytes)).to.equal(0);
    expect(await galileo.storage.node(0).file(root)).to.include({ finalized: true });
  });

  it("opens a ledger at the minimum the chain states, and not below it", async () => {
    const { signer, address } = await newcomer();
    const ledger = connection.galileo.contracts.ledgerManager.connect(signer);
    const minimum = await ledger.MIN_ACCOUNT_BALANCE();

    await expect(ledger.depositFund.staticCall({ value: minimum - 1n }))
      .to.be.revertedWithCustomError(ledger, "MinimumDepositRequired")
      .withArgs(minimum - 1n, minimum);
    await expect(ledger.getLedger(address)).to.be.revertedWithCustomError(ledger, "LedgerNotExists").withArgs(address);
    await (await ledger.depositFund({ value: minimum })).wait();

    const { availableBalance, totalBalance } = await ledger.getLedger(address);
    expect([availableBalance, totalBalance]).to.deep.equal([minimum, minimum]);
  });

  it("adds a deposit exactly", async () => {
    const { ledger, available } = await customer();
    await (await ledger.depositFund({ value: 1n })).wait();
    expect(await available()).to.equal(parseAmount("3") + 1n);
  });

  it("makes and acknowledges a sub-account by the first transfer, of at least the minimum the chain states", async () => {
    const { ledger, serving, address, provider, transfer, available } = await customer();
    const minimum = await ledger.MIN_TRANSFER_AMOUNT();

    await expect(ledger.transferFund.staticCall(provider, SERVICE, minimum - 1n))
      .to.be.revertedWithCustomError(ledger, "MinimumDepositRequired")
      .withArgs(minimum - 1n, minimum);
    expect(await serving.accountExists(address, provider)).to.equal(false);
    await transfer(minimum);

    const { balance, acknowledged } = await serving.getAccount(address, provider);
    expect([balance, acknowledged]).to.deep.equal([minimum, true]);
    expect(await available()).to.equal(parseAmount("3") - minimum);
  });

  it("keeps an acknowledgement while there is money at the provider", async () => {
    const { serving, address, provider, transfer, subAccount } = await customer();
    await transfer(parseAmount("1"));
    await (await serving.acknowledgeTEESigner(provider, true)).wait();

    expect((await subAccount()).acknowledged).to.equal(true);
    await expect(serving.acknowledgeTEESigner.staticCall(provider, false))
      .to.be.revertedWithCustomError(serving, "CannotRevokeWithNonZeroBalance")
      .withArgs(address, provider, parseAmount("1"));
  });

  it("lets the provider settle what its TEE signed, once, and nothing that another key signed", async () => {
    const { ethers, galileo } = connection;
    const teeWallet = new Wallet(hexlify(randomBytes(32)));
    const started = await galileo.registerProvider({ teeWallet });
    const { address, transfer, serving } = await customer();
    await transfer(parseAmount("1"), started.address);
    const message = {
      requestsHash: `0x${"5e".repeat(32)}`,
      nonce: settlementNonce(Date.now()),
      provider: started.address,
      user: address as Address,
      totalFee: parseAmount("0.4"),
    } as const;
    const { chainId, contracts } = galileo.network;
    const domain = settlementDomain(chainId, contracts.inferenceServing);
    const sign = async (key: Pick<Wallet, "signTypedData">) => ({
      ...message,
      signature: await key.signTypedData(domain, SETTLEMENT_TYPES, message),
    });
    await connection.provider.request({ method: "hardhat_impersonateAccount", params: [started.address] });
    const asProvider = serving.connect(await ethers.getSigner(started.address));
    const [honest, foreign] = await Promise.all([sign(teeWallet), sign(Wallet.createRandom())]);

    expect(await asProvider.settleFeesWithTEE.staticCall([foreign])).to.deep.equal([5n]);
    const paid = await ethers.provider.getBalance(started.address);
    const receipt = await (await asProvider.settleFeesWithTEE([honest])).wait();
    const gas = (receipt?.gasUsed ?? 0n) * (receipt?.gasPrice ?? 0n);

    expect((await ethers.provider.getBalance(started.address)) - paid + gas).to.equal(message.totalFee);
    expect((await serving.getAccount(address, started.address)).balance).to.equal(parseAmount("0.6"));
    expect(await asProvider.settleFeesWithTEE.staticCall([honest]), "the nonce is spent").to.deep.equal([4n]);
  });

  it("gives retrieved funds back after the lock, not before, and pays them out", async () => {
    const { ethers, galileo } = connection;
    const { address, ledger, transfer, retrieve, available, subAccount } = await customer();
    await transfer(parseAmount("1"));
    await retrieve();
    await retrieve();
    expect((await subAccount()).pendingRefund).to.equal(parseAmount("1"));
    expect(await available()).to.equal(parseAmount("2"));

    await galileo.passLock();
    await retrieve();
    expect(await available()).to.equal(parseAmount("3"));

    const wallet = await ethers.provider.getBalance(address);
    const receipt = await (await ledger.refund(parseAmount("3"))).wait();
    const gas = (receipt?.gasUsed ?? 0n) * (receipt?.gasPrice ?? 0n);
    expect((await ethers.provider.getBalance(address)) - wallet + gas).to.equal(parseAmount("3"));
    await expect(ledger.getLedger(address), "a full refund deletes the ledger").to.be.revertedWithCustomError(
      ledger,
      "LedgerNotExists",
    );
  });

  it("takes a pending refund back when more is transferred", async () => {
    const { transfer, retrieve, available, subAccount } = await customer();
    await transfer(parseAmount("1"));
    await retrieve();
    await transfer(parseAmount("0.4"));

    expect((await subAccount()).pendingRefund).to.equal(parseAmount("0.6"));
    expect(await available()).to.equal(parseAmount("2"));
  });

  it("revokes one session token, several, and all of a generation", async () => {
    const { serving, address, provider, transfer, subAccount } = await customer();
    await transfer(parseAmount("1"));
    await (await serving.revokeToken(provider, 3)).wait();
    await (await serving.revokeTokens(provider, [5, 255])).wait();

    const revoked = await Promise.all([3, 4, 5, 255].map(async (id) => serving.isTokenRevoked(address, provider, id)));
    expect(revoked).to.deep.equal([true, false, true, true]);
    await (await serving.revokeAllTokens(provider)).wait();
    const { generation, revokedBitmap } = await subAccount();
    expect([generation, revokedBitmap]).to.deep.equal([1n, 0n]);
  });

  it("lists every service in pages of 50, which is all the contract gives at once", async () => {
    const { galileo, ethers } = connection;
    const { inferenceServing } = galileo.contracts;
    for (let i = 0; i <= PAGE; i++) await galileo.registerService();
    await expect(inferenceServing.getAllServices(0, PAGE + 1))
      .to.be.revertedWithCustomError(inferenceServing, "LimitTooLarge")
      .withArgs(PAGE + 1, PAGE);
    const { services: first, total } = await inferenceServing.getAllServices(0, 0);

    expect(first).to.have.length(PAGE);
    const listed = await listServices({ network: galileo.network, provider: ethers.provider });
    expect(BigInt(listed.length)).to.equal(total);
    expect(new Set(listed.map(({ provider }) => provider)).size).to.equal(listed.length);
  });

  it("brings local providers along that are not the forked chain's", async () => {
    const { galileo } = connection;
    const status = await galileo.status();

    expect(status.mode).to.equal("fork");
    expect(galileo.providers.slice(0, 3).map(({ address }) => isForkProvider(address))).to.deep.equal([
      true,
      true,
      true,
    ]);
    const { inferenceServing } = galileo.contracts;
    for (const [index, endorsed] of [true, true, false].entries()) {
      const service = await inferenceServing.getService(galileo.provider(index).address);
      expect([service.teeSignerAcknowledged, service.url]).to.deep.equal([endorsed, galileo.provider(index).url]);
    }
  });

  it("has plain development accounts, whatever the forked chain put on them", async () => {
    for (const { address } of await connection.ethers.getSigners()) {
      expect(await connection.ethers.provider.getCode(address)).to.equal("0x");
    }
  });
}
