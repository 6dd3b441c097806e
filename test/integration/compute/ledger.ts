import { expect } from "chai";

import { ContractRevertError } from "../../../lib/chain/revert.ts";
import { acknowledge, isAcknowledged } from "../../../lib/compute/acknowledge.ts";
import {
  AcknowledgedBalanceError,
  InsufficientLedgerBalanceError,
  MinimumDepositError,
  MinimumTransferError,
  NoLedgerError,
  NoSubAccountError,
  ProviderUnknownError,
  RefundLockedError,
  TooManyRefundsError,
  WithdrawRemainderError,
} from "../../../lib/compute/errors.ts";
import {
  deposit,
  listSubAccounts,
  readLedger,
  readLimits,
  readLockTime,
  readSubAccount,
  retrieve,
  serviceName,
  transfer,
  withdraw,
} from "../../../lib/compute/ledger.ts";
import { translate } from "../../../lib/compute/translate.ts";
import { chainCall } from "../../../lib/chain/revert.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { fineTuningServing, inferenceServing, ledgerManager } from "../../../lib/chain/contracts.ts";
import type { Address } from "../../../lib/hex.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { bootGalileo, ZG, type TestGalileo, type TestUser } from "./support/galileo.ts";

describe("the ledger on 0G's own contracts", () => {
  let world: TestGalileo;
  let provider: Address;

  before(async () => {
    world = await bootGalileo();
    provider = world.galileo.provider(0).address;
  });

  after(async () => {
    await world.close();
  });

  const walletOf = async (user: TestUser) => world.read.provider.getBalance(user.address);
  const nonceOf = async (user: TestUser) => world.read.provider.getTransactionCount(user.address);

  it("reads Galileo's minimums and lock time", async () => {
    expect(await readLimits(world.read)).to.deep.equal({ minAccountBalance: ZG / 10n, minTransferAmount: ZG / 100n });
    expect(await readLockTime(world.read)).to.equal(86_400n);
    expect(await serviceName(world.read, "inference")).to.equal("inference-v1.0");
    expect(await serviceName(world.read, "fine-tuning")).to.match(/^fine-tuning-v1\.\d$/);
  });

  it("has no ledger for a new user", async () => {
    const { address } = await world.user();
    expect(await readLedger(world.read, address)).to.equal(undefined);
    expect(await readSubAccount(world.read, address, provider)).to.equal(undefined);
    expect(await listSubAccounts(world.read, address)).to.deep.equal([]);
  });

  describe("deposit", () => {
    it("opens a ledger with exactly the amount, and tops it up by exactly the amount", async () => {
      const user = await world.user();
      const before = await walletOf(user);
      const first = await deposit(user.ctx, 1_100_000_000_000_000_001n);
      expect(first.opened).to.equal(true);
      expect(await readLedger(world.read, user.address)).to.deep.include({ available: 1_100_000_000_000_000_001n });
      const second = await deposit(user.ctx, 1n);
      expect(second.opened).to.equal(false);
      expect(await readLedger(world.read, user.address)).to.deep.equal({
        user: user.address,
        available: 1_100_000_000_000_000_002n,
        total: 1_100_000_000_000_000_002n,
        locked: 0n,
      });
      const fees = [...first.transactions, ...second.transactions].reduce((sum, { fee }) => sum + fee, 0n);
      expect(await walletOf(user)).to.equal(before - 1_100_000_000_000_000_002n - fees);
    });

    it("sends nothing below the opening minimum", async () => {
      const user = await world.user();
      const error = await caught(MinimumDepositError, async () => deposit(user.ctx, ZG / 10n - 1n));
      expect(error.details).to.deep.equal({ given: ZG / 10n - 1n, required: ZG / 10n });
      expect(await nonceOf(user)).to.equal(0);
    });
  });

  describe("transfer", () => {
    it("makes the sub-account and acknowledges the provider", async () => {
      const user = await world.user();
      await deposit(user.ctx, 3n * ZG);
      const result = await transfer(user.ctx, { provider, amount: ZG });
      expect(result).to.deep.include({ opened: true, fromAvailable: ZG, fromRefund: 0n, amount: ZG });
      const account = await readSubAccount(world.read, user.address, provider);
      expect(account).to.deep.include({ balance: ZG, spendable: ZG, acknowledged: true, generation: 0n });
      expect(await readLedger(world.read, user.address)).to.deep.include({ available: 2n * ZG, locked: ZG });
      expect(await acknowledge(user.ctx, provider)).to.deep.include({ changed: false, transactions: [] });
      expect(await nonceOf(user)).to.equal(2);
    });

    it("takes a pending refund first, and says so", async () => {
      const user = await world.customer(provider, 2n * ZG);
      await retrieve(user.ctx, { providers: [provider] });
      const first = await transfer(user.ctx, { provider, amount: ZG / 2n });
      expect(first).to.deep.include({ fromRefund: ZG / 2n, fromAvailable: 0n, opened: false });
      await deposit(user.ctx, ZG);
      const second = await transfer(user.ctx, { provider, amount: 2n * ZG });
      expect(second).to.deep.include({ fromRefund: (3n * ZG) / 2n, fromAvailable: ZG / 2n });
      const account = await readSubAccount(world.read, user.address, provider);
      expect(account).to.deep.include({ balance: (5n * ZG) / 2n, pendingRefund: 0n, refunds: [] });
      expect(await readLedger(world.read, user.address)).to.deep.include({ available: ZG / 2n });
    });

    it("pays for fine-tuning through the same ledger, and takes it back", async () => {
      const seller = await world.user();
      const quota = { cpuCount: 1n, nodeMemory: 1n, gpuCount: 1n, nodeStorage: 1n, gpuType: "none" };
      const serving = fineTuningServing(world.read.network, seller.ctx.signer);
      const registration = await serving.addOrUpdateService(
        "http://127.0.0.1:1",
        quota,
        1n,
        false,
        ["model"],
        seller.address,
        { value: 100n * ZG },
      );
      await registration.wait();
      const user = await world.user();
      await deposit(user.ctx, ZG);
      const service = "fine-tuning";
      await caught(ProviderUnknownError, async () => transfer(user.ctx, { provider, amount: ZG, service }));
      const paid = await transfer(user.ctx, { provider: seller.address, amount: ZG, service });
      expect(paid).to.deep.include({ opened: true, fromAvailable: ZG });
      expect(await readSubAccount(world.read, user.address, seller.address)).to.equal(undefined);
      const requested = await retrieve(user.ctx, { service });
      expect(requested).to.deep.include({ service, requested: ZG, processed: 0n });
      const [account] = await listSubAccounts(world.read, user.address, service);
      expect(account).to.deep.include({
        service,
        provider: seller.address,
        balance: ZG,
        spendable: 0n,
        generation: 0n,
      });
      expect(account?.refunds.map(({ amount }) => amount)).to.deep.equal([ZG]);
      await world.galileo.passLock();
      expect(await retrieve(user.ctx, { service })).to.deep.include({ processed: ZG, pending: 0n });
      expect(await withdraw(user.ctx, "all")).to.deep.include({ amount: ZG, closesLedger: true });
    });

    it("sends nothing it can tell will fail", async () => {
      const user = await world.user();
      await caught(NoLedgerError, async () => transfer(user.ctx, { provider, amount: ZG }));
      await deposit(user.ctx, ZG);
      const sent = await nonceOf(user);
      const nobody = developmentAccount(18).address;
      await caught(MinimumTransferError, async () => transfer(user.ctx, { provider, amount: ZG / 100n - 1n }));
      await caught(InsufficientLedgerBalanceError, async () => transfer(user.ctx, { provider, amount: ZG + 1n }));
      await caught(ProviderUnknownError, async () => transfer(user.ctx, { provider: nobody, amount: ZG }));
      expect(await nonceOf(user)).to.equal(sent);
    });
  });

  describe("retrieve and withdraw", () => {
    it("takes everything out in two halves with the lock time between them, and closes the ledger", async () => {
      const user = await world.customer(provider, 2n * ZG);
      const first = await retrieve(user.ctx);
      expect(first).to.deep.include({ requested: 2n * ZG, processed: 0n, pending: 2n * ZG });
      expect(first.providers[0]).to.deep.include({ provider, requested: 2n * ZG, remainingSeconds: 86_400n });
      expect(await readLedger(world.read, user.address)).to.deep.include({ available: 0n, locked: 2n * ZG });

      const idle = await retrieve(user.ctx);
      expect(idle.transactions).to.deep.equal([]);
      expect(idle.providers[0]).to.deep.include({ skipped: "waiting", pending: 2n * ZG });
      await caught(RefundLockedError, async () => withdraw(user.ctx, "all"));

      await world.galileo.passLock();
      const second = await retrieve(user.ctx);
      expect(second).to.deep.include({ requested: 0n, processed: 2n * ZG, pending: 0n });
      const before = await walletOf(user);
      const out = await withdraw(user.ctx, "all");
      expect(out).to.deep.include({ amount: 2n * ZG, remaining: 0n, closesLedger: true, locked: 0n });
      expect(await walletOf(user)).to.equal(before + 2n * ZG - (out.transactions[0]?.fee ?? 0n));
      expect(await readLedger(world.read, user.address)).to.equal(undefined);
      expect(await readSubAccount(world.read, user.address, provider)).to.equal(undefined);
    });

    it("does both halves in one call", async () => {
      const user = await world.customer(provider, 2n * ZG);
      await retrieve(user.ctx);
      await deposit(user.ctx, 5n * ZG);
      await transfer(user.ctx, { provider, amount: 3n * ZG });
      // The refund was cancelled by the transfer; make one that matures beside fresh money.
      await retrieve(user.ctx);
      await world.galileo.passLock();
      const dear = world.galileo.provider(1).address;
      await transfer(user.ctx, { provider: dear, amount: ZG });
      const result = await retrieve(user.ctx);
      const at = (address: Address) => result.providers.find((each) => each.provider === address);
      expect(at(provider)).to.deep.include({ processed: 3n * ZG, requested: 0n, pending: 0n });
      expect(at(dear)).to.deep.include({ processed: 0n, requested: ZG, pending: ZG, remainingSeconds: 86_400n });
      expect(result.transactions).to.have.length(1);
    });

    it("collects what is unlocked and requests what a transfer freed, at one provider", async () => {
      const user = await world.customer(provider, 2n * ZG);
      await retrieve(user.ctx);
      await world.galileo.passLock();
      // Cancels part of the refund, although it could be collected already.
      await transfer(user.ctx, { provider, amount: ZG / 2n });
      const result = await retrieve(user.ctx);
      expect(result).to.deep.include({ processed: (3n * ZG) / 2n, requested: ZG / 2n, pending: ZG / 2n });
      expect(await readLedger(world.read, user.address)).to.deep.include({ available: (3n * ZG) / 2n });
    });

    it("leaves nothing or the minimum in the ledger", async () => {
      const user = await world.user();
      await deposit(user.ctx, ZG);
      const error = await caught(WithdrawRemainderError, async () => withdraw(user.ctx, (95n * ZG) / 100n));
      expect(error.details).to.deep.include({ remaining: ZG / 20n, required: ZG / 10n, most: (9n * ZG) / 10n });
      expect(await withdraw(user.ctx, (9n * ZG) / 10n)).to.deep.include({ remaining: ZG / 10n, closesLedger: false });
      await caught(RefundLockedError, async () => withdraw(user.ctx, ZG));
    });

    it("keeps the ledger while money is at a provider", async () => {
      const user = await world.customer(provider, ZG);
      await deposit(user.ctx, ZG);
      expect(await withdraw(user.ctx, "all")).to.deep.include({ amount: ZG, closesLedger: false, locked: ZG });
      expect(await readLedger(world.read, user.address)).to.deep.include({ available: 0n, total: ZG, locked: ZG });
    });

    it("stops at five refunds, says when the first unlocks, and goes on from there", async () => {
      const user = await world.customer(provider, 2n * ZG);
      await retrieve(user.ctx);
      // Each transfer frees part of the newest refund, each retrieve makes a new one of that part.
      for (const amount of [ZG / 2n, ZG / 4n, ZG / 8n, ZG / 16n]) {
        await transfer(user.ctx, { provider, amount });
        await retrieve(user.ctx);
      }
      const full = await readSubAccount(world.read, user.address, provider);
      expect(full?.refunds).to.have.length(5);
      await transfer(user.ctx, { provider, amount: ZG / 32n });

      const sent = await nonceOf(user);
      const error = await caught(TooManyRefundsError, async () => retrieve(user.ctx));
      expect(error.details).to.deep.include({ provider, waiting: 5, nextUnlockAt: full?.refunds[0]?.unlocksAt });
      expect(await nonceOf(user)).to.equal(sent);
      // The contract counts as we do.
      const ledger = ledgerManager(world.read.network, user.ctx.signer);
      const revert = await caught(ContractRevertError, async () =>
        chainCall("Retrieving", ledger.retrieveFund.staticCall([provider], "inference-v1.0")),
      );
      expect(revert.revert.name).to.equal("TooManyRefunds");

      // Elsewhere it goes on, and this provider is left out by name.
      const dear = world.galileo.provider(1).address;
      await deposit(user.ctx, ZG);
      await transfer(user.ctx, { provider: dear, amount: ZG });
      const partly = await retrieve(user.ctx);
      expect(partly.providers.map((each) => [each.provider, each.skipped])).to.have.deep.members([
        [provider, "too-many-refunds"],
        [dear, undefined],
      ]);

      await world.galileo.passLock();
      const rest = await retrieve(user.ctx, { providers: [provider] });
      expect(rest).to.deep.include({ processed: 2n * ZG - ZG / 32n, requested: ZG / 32n });
    });

    it("takes several providers, and only where there is something", async () => {
      const dear = world.galileo.provider(1).address;
      const user = await world.customer(provider, ZG);
      await deposit(user.ctx, ZG);
      await transfer(user.ctx, { provider: dear, amount: ZG });
      await retrieve(user.ctx, { providers: [dear] });
      const result = await retrieve(user.ctx);
      expect(result.providers.map((each) => [each.provider, each.requested, each.skipped])).to.have.deep.members([
        [provider, ZG, undefined],
        [dear, 0n, "waiting"],
      ]);
      expect(result).to.deep.include({ requested: ZG, pending: 2n * ZG });
    });

    it("refuses a named provider where there is no sub-account", async () => {
      const user = await world.user();
      await caught(NoSubAccountError, async () => retrieve(user.ctx, { providers: [provider] }));
      expect((await retrieve(user.ctx)).providers).to.deep.equal([]);
    });

    it("splits more than twenty providers into the contract's batches", async () => {
      const user = await world.user();
      await deposit(user.ctx, ZG);
      const providers: Address[] = [];
      for (let i = 0; i < 21; i++) {
        const address = await world.galileo.registerService({ endorsed: false });
        await transfer(user.ctx, { provider: address, amount: ZG / 100n });
        providers.push(address);
      }
      const result = await retrieve(user.ctx);
      expect(result.transactions).to.have.length(2);
      expect(result.requested).to.equal((21n * ZG) / 100n);
      expect(result.providers.map((each) => each.provider)).to.have.members(providers);
    }).timeout(120_000);
  });

  describe("acknowledge", () => {
    it("names the transfer that makes a sub-account", async () => {
      const user = await world.user();
      const error = await caught(NoSubAccountError, async () => acknowledge(user.ctx, provider));
      expect(error.remedy).to.contain(`npx hardhat ledger transfer ${provider} 0.01`);
      await caught(NoSubAccountError, async () => isAcknowledged(world.read, user.address, provider));
      expect(await nonceOf(user)).to.equal(0);
    });

    it("acknowledges once what was taken back", async () => {
      const user = await world.customer(provider, ZG);
      await retrieve(user.ctx);
      await world.galileo.passLock();
      await retrieve(user.ctx);
      const serving = inferenceServing(world.read.network, user.ctx.signer);
      await (await serving.acknowledgeTEESigner(provider, false)).wait();
      expect(await isAcknowledged(world.read, user.address, provider)).to.equal(false);
      const changed = await acknowledge(user.ctx, provider);
      expect(changed.changed).to.equal(true);
      expect(changed.transactions).to.have.length(1);
      expect(await isAcknowledged(world.read, user.address, provider)).to.equal(true);
      expect((await acknowledge(user.ctx, provider)).changed).to.equal(false);
    });

    it("reads the contract's refusal to take it back with money inside", async () => {
      const user = await world.customer(provider, ZG);
      const serving = inferenceServing(world.read.network, user.ctx.signer);
      const revert = await caught(ContractRevertError, async () =>
        chainCall("Taking it back", serving.acknowledgeTEESigner.staticCall(provider, false)),
      );
      const error = translate(revert, { kind: "acknowledge", values: {} });
      expect(error).to.be.instanceOf(AcknowledgedBalanceError);
      expect(error.details).to.deep.equal({ provider, balance: ZG });
    });
  });

  it("meets the contract's refusals with the numbers the drafts expect", async () => {
    const user = await world.user();
    const ledger = ledgerManager(world.read.network, user.ctx.signer);
    const refusal = async (work: Promise<unknown>) => caught(ContractRevertError, async () => chainCall("It", work));
    const opening = await refusal(ledger.depositFund.staticCall({ value: 5n }));
    expect(opening.revert).to.deep.include({ name: "MinimumDepositRequired" });
    await deposit(user.ctx, ZG);
    const remainder = await refusal(ledger.refund.staticCall(ZG - 7n));
    expect(remainder.revert.args).to.deep.equal({ provided: 7n, required: ZG / 10n });
    const tooMuch = await refusal(ledger.refund.staticCall(2n * ZG));
    expect(tooMuch.revert).to.deep.include({ name: "InsufficientBalance" });
    const self = await refusal(ledger.transferFund.staticCall(user.address, "inference-v1.0", ZG));
    expect(self.revert.name).to.equal("CallFailed");
    const short = await refusal(ledger.transferFund.staticCall(provider, "inference", ZG));
    expect(short.revert.name).to.equal("ServiceNotFound");
  });
});
