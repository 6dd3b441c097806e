import { expect } from "chai";

import { INTERFACES } from "../../../lib/chain/contracts.ts";
import {
  InsufficientLedgerBalanceError,
  MinimumDepositError,
  MinimumTransferError,
  NoLedgerError,
  RefundLockedError,
  ServiceKindUnknownError,
  TransferRefusedError,
  WithdrawRemainderError,
  ZeroAmountError,
} from "../../../lib/compute/errors.ts";
import {
  depositDraft,
  parseServiceKind,
  readLedger,
  readLimits,
  readSubAccount,
  serviceName,
  splitTransfer,
  transferDraft,
  withdrawDraft,
  type Ledger,
  type TransferState,
} from "../../../lib/compute/ledger.ts";
import { planRetrieve } from "../../../lib/compute/retrieve.ts";
import { UsageError } from "../../../lib/errors.ts";
import { ZERO_ADDRESS } from "../../../lib/hex.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { RpcUnreachableError } from "../../../lib/chain/revert.ts";
import { caught } from "./support/caught.ts";
import { fakeChain, NOW, Refusal } from "./support/fake-chain.ts";
import { provider, subAccount, user, ZG } from "./support/fixtures.ts";

const network = networkNamed("default");
const limits = { minAccountBalance: 3n * ZG, minTransferAmount: ZG };
const ledger: Ledger = { user, available: 5n * ZG, total: 7n * ZG, locked: 2n * ZG };
const decode = (data: string) => INTERFACES.ledgerManager().parseTransaction({ data });

describe("depositDraft", () => {
  it("opens a ledger with exactly the amount", () => {
    const draft = depositDraft(network, limits, undefined, 3_100_000_000_000_000_001n);
    expect(draft).to.deep.include({ to: network.contracts.ledgerManager, value: 3_100_000_000_000_000_001n });
    expect(draft.what).to.equal("open a ledger with 3.100000000000000001 0G");
    expect(decode(draft.data)?.name).to.equal("depositFund");
  });

  it("refuses to open a ledger below the minimum, by one neuron", async () => {
    const error = await caught(MinimumDepositError, () => depositDraft(network, limits, undefined, 3n * ZG - 1n));
    expect(error.details).to.deep.equal({ given: 3n * ZG - 1n, required: 3n * ZG });
  });

  it("tops up below the minimum", () => {
    expect(depositDraft(network, limits, ledger, 1n)).to.deep.include({ value: 1n });
  });

  it("refuses nothing", async () => {
    await caught(ZeroAmountError, () => depositDraft(network, limits, ledger, 0n));
  });
});

describe("transferDraft", () => {
  const state: TransferState = { limits, ledger, subAccount: undefined, serviceName: "inference-v1.0" };
  const draft = (changes: Partial<TransferState>, amount: bigint, to = provider) =>
    transferDraft(network, { ...state, ...changes }, { user, provider: to, amount });

  it("names the service in full", () => {
    const made = draft({}, ZG);
    expect(made).not.to.have.property("value");
    expect(decode(made.data)?.args.toArray()).to.deep.equal([provider, "inference-v1.0", ZG]);
  });

  it("refuses a first transfer below the minimum, and a later one not", async () => {
    const error = await caught(MinimumTransferError, () => draft({}, ZG - 1n));
    expect(error.details).to.deep.equal({ given: ZG - 1n, required: ZG, provider });
    expect(draft({ subAccount: subAccount() }, 1n)).to.deep.include({ fromAvailable: 1n, fromRefund: 0n });
  });

  it("refuses more than is available, and says how much is missing", async () => {
    const error = await caught(InsufficientLedgerBalanceError, () => draft({}, 5n * ZG + 1n));
    expect(error.details).to.deep.include({ available: 5n * ZG, required: 5n * ZG + 1n, missing: 1n, provider });
  });

  it("counts the refund it cancels, which leaves the ledger alone", () => {
    const waiting = subAccount({ balance: 4n * ZG, pendingRefund: 3n * ZG, spendable: ZG });
    expect(draft({ subAccount: waiting }, 8n * ZG)).to.deep.include({ fromRefund: 3n * ZG, fromAvailable: 5n * ZG });
    expect(splitTransfer(waiting, 2n * ZG)).to.deep.equal({ fromRefund: 2n * ZG, fromAvailable: 0n });
    expect(splitTransfer(undefined, 2n * ZG)).to.deep.equal({ fromRefund: 0n, fromAvailable: 2n * ZG });
  });

  it("refuses what the contract would hide behind CallFailed", async () => {
    await caught(TransferRefusedError, () => draft({}, ZG, user));
    await caught(TransferRefusedError, () => draft({}, ZG, ZERO_ADDRESS));
  });

  it("names the deposit that opens a ledger", async () => {
    const error = await caught(NoLedgerError, () => draft({ ledger: undefined }, ZG));
    expect(error.remedy).to.contain("npx hardhat ledger deposit 3");
  });

  it("refuses nothing", async () => {
    await caught(ZeroAmountError, () => draft({}, 0n));
  });
});

describe("withdrawDraft", () => {
  const draft = (amount: bigint | "all", from: Ledger | undefined = ledger) =>
    withdrawDraft(network, limits, from, { user, amount });

  it("takes everything that is available, and keeps the ledger while money is locked", () => {
    const made = draft("all");
    expect(made).to.deep.include({ amount: 5n * ZG, remaining: 0n, closesLedger: false });
    expect(decode(made.data)?.args.toArray()).to.deep.equal([5n * ZG]);
  });

  it("says that it closes the ledger", () => {
    expect(draft("all", { ...ledger, total: 5n * ZG, locked: 0n }).closesLedger).to.equal(true);
  });

  it("leaves nothing or the minimum", async () => {
    expect(draft(2n * ZG)).to.deep.include({ remaining: 3n * ZG, closesLedger: false });
    const error = await caught(WithdrawRemainderError, () => draft(2n * ZG + 1n));
    expect(error.details).to.deep.include({ remaining: 3n * ZG - 1n, required: 3n * ZG, most: 2n * ZG });
  });

  it("refuses more than is available, naming what is locked", async () => {
    const error = await caught(RefundLockedError, () => draft(6n * ZG));
    expect(error.details).to.deep.equal({ requested: 6n * ZG, available: 5n * ZG, locked: 2n * ZG });
    await caught(RefundLockedError, () => draft("all", { ...ledger, available: 0n, total: 2n * ZG }));
  });

  it("refuses nothing, and a ledger that is none", async () => {
    await caught(ZeroAmountError, () => draft(0n));
    await caught(NoLedgerError, () => withdrawDraft(network, limits, undefined, { user, amount: "all" }));
  });
});

describe("planRetrieve", () => {
  const waiting = (remainingSeconds: bigint) => ({ amount: ZG, createdAt: 0n, unlocksAt: 0n, remainingSeconds });

  it("sends when something can be requested or collected", () => {
    expect(planRetrieve(subAccount())).to.equal("send");
    const unlocked = subAccount({ pendingRefund: 2n * ZG, spendable: 0n, refunds: [waiting(9n), waiting(0n)] });
    expect(planRetrieve(unlocked)).to.equal("send");
  });

  it("sends nothing where it would move nothing", () => {
    expect(planRetrieve(subAccount({ balance: 0n, spendable: 0n }))).to.equal("empty");
    const locked = subAccount({ pendingRefund: 2n * ZG, spendable: 0n, refunds: [waiting(9n)] });
    expect(planRetrieve(locked)).to.equal("waiting");
  });

  it("leaves out a sixth refund, unless one of the five is collected in the same call", () => {
    const five = [1n, 2n, 3n, 4n, 5n].map(waiting);
    expect(planRetrieve(subAccount({ refunds: five }))).to.equal("too-many-refunds");
    expect(planRetrieve(subAccount({ refunds: [waiting(0n), ...five.slice(1)] }))).to.equal("send");
  });
});

describe("reading the ledger", () => {
  const account = {
    user,
    provider,
    nonce: 4n,
    balance: 5n * ZG,
    pendingRefund: 3n * ZG,
    refunds: [
      { index: 0n, amount: ZG, createdAt: BigInt(NOW - 100), processed: false },
      { index: 1n, amount: 2n * ZG, createdAt: BigInt(NOW - 10), processed: false },
      { index: 2n, amount: 9n * ZG, createdAt: 1n, processed: true },
    ],
    additionalInfo: "",
    acknowledged: true,
    validRefundsLength: 2n,
    generation: 6n,
    revokedBitmap: 5n,
  };

  it("reads the minimums from the chain", async () => {
    const { ctx } = fakeChain({
      "ledgerManager.MIN_ACCOUNT_BALANCE": () => [7n],
      "ledgerManager.MIN_TRANSFER_AMOUNT": () => [8n],
    });
    expect(await readLimits(ctx)).to.deep.equal({ minAccountBalance: 7n, minTransferAmount: 8n });
  });

  it("takes only the contract's own word for an absence", async () => {
    const chain = fakeChain({
      "ledgerManager.getLedger": () => {
        throw new Refusal("ledgerManager", "LedgerNotExists", [user]);
      },
      "inferenceServing.getAccount": () => {
        throw new Refusal("inferenceServing", "AccountNotExists", [user, provider]);
      },
      "inferenceServing.lockTime": () => [60n],
    });
    expect(await readLedger(chain.ctx, user)).to.equal(undefined);
    expect(await readSubAccount(chain.ctx, user, provider)).to.equal(undefined);
    chain.outage = true;
    await caught(RpcUnreachableError, async () => readLedger(chain.ctx, user));
    await caught(RpcUnreachableError, async () => readSubAccount(chain.ctx, user, provider));
  });

  it("gives live refunds only, with what is left of the lock time", async () => {
    const { ctx } = fakeChain({
      "inferenceServing.getAccount": () => [Object.values(account)],
      "inferenceServing.lockTime": () => [60n],
    });
    const read = await readSubAccount(ctx, user, provider);
    expect(read).to.deep.include({
      spendable: 2n * ZG,
      generation: 6n,
      revokedBitmap: 5n,
      acknowledged: true,
      nonce: 4n,
    });
    expect(read?.refunds).to.deep.equal([
      { amount: ZG, createdAt: BigInt(NOW - 100), unlocksAt: BigInt(NOW - 40), remainingSeconds: 0n },
      { amount: 2n * ZG, createdAt: BigInt(NOW - 10), unlocksAt: BigInt(NOW + 50), remainingSeconds: 50n },
    ]);
  });

  it("asks the ledger for a service's full name, and says when it knows none", async () => {
    const info = (fullName: string) => [[user, user, "t", "v", fullName, "", false, 0n]];
    const known = fakeChain({ "ledgerManager.getServiceInfo": () => info("inference-v7") });
    expect(await serviceName(known.ctx, "inference")).to.equal("inference-v7");
    const unknown = fakeChain({ "ledgerManager.getServiceInfo": () => info("") });
    await caught(ServiceKindUnknownError, async () => serviceName(unknown.ctx, "fine-tuning"));
  });

  it("parses --service", async () => {
    expect(parseServiceKind("fine-tuning")).to.equal("fine-tuning");
    await caught(UsageError, () => parseServiceKind("inference-v1.0"));
  });
});
