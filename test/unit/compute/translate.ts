import { expect } from "chai";
import type { ErrorFragment } from "ethers";

import { INTERFACES } from "../../../lib/chain/contracts.ts";
import { ContractRevertError, decodeRevert } from "../../../lib/chain/revert.ts";
import {
  InfoTooLongError,
  InsufficientLedgerBalanceError,
  MinimumDepositError,
  MinimumTransferError,
  NoLedgerError,
  OperatorRuleError,
  PageTooLargeError,
  RefundLockedError,
  WithdrawRemainderError,
} from "../../../lib/compute/errors.ts";
import {
  isTranslated,
  translate,
  translated,
  type CallKind,
  type ContractCall,
} from "../../../lib/compute/translate.ts";
import { EXIT } from "../../../lib/errors.ts";
import type { Hex } from "../../../lib/hex.ts";
import { caught } from "./support/caught.ts";
import { provider, user, ZG } from "./support/fixtures.ts";

type Contract = "ledgerManager" | "inferenceServing";

/** A value of each type, different enough to be found again in a sentence. */
const SAMPLES: Readonly<Record<string, unknown>> = { uint256: 3n * ZG, string: "a-text" };

function argumentsOf(fragment: ErrorFragment): unknown[] {
  return fragment.inputs.map(({ type, name }) => {
    if (type === "address") return name === "user" ? user : provider;
    return SAMPLES[type];
  });
}

function revert(contract: Contract, name: string, args: readonly unknown[]): ContractRevertError {
  const data = INTERFACES[contract]().encodeErrorResult(name, args) as Hex;
  return new ContractRevertError("The call", decodeRevert(data));
}

const CALL: ContractCall = { kind: "read", values: { user, provider, amount: ZG, service: "inference-v9" } };

/** What each error must say, whatever met it: code and sentence. */
const SENTENCES: Readonly<Record<string, readonly [code: string, sentence: RegExp]>> = {
  "ledgerManager.AdditionalInfoTooLong": ["ZG_INFO_TOO_LONG", /is 3000000000000000000 bytes long; the contract takes/],
  "inferenceServing.AdditionalInfoTooLong": ["ZG_INFO_TOO_LONG", /is too long; the contract takes 4096$/],
  "ledgerManager.AlreadyInitialized": ["ZG_OPERATOR_RULE", /^The contract is initialised already$/],
  "inferenceServing.AlreadyInitialized": ["ZG_OPERATOR_RULE", /^The contract is initialised already$/],
  "ledgerManager.CallerNotRegisteredService": [
    "ZG_OPERATOR_RULE",
    /^Only a registered service contract .*; 0x\w{40} is none$/,
  ],
  "ledgerManager.CallFailed": [
    "ZG_TRANSFER_REFUSED",
    new RegExp(`^The sub-account at provider ${provider} refused the transfer`),
  ],
  "ledgerManager.DirectDepositsDisabled": ["ZG_DIRECT_DEPOSIT", /^The contract takes no plain transfers of coin$/],
  "inferenceServing.DirectDepositsDisabled": ["ZG_DIRECT_DEPOSIT", /^The contract takes no plain transfers of coin$/],
  "ledgerManager.InsufficientAvailableBalance": [
    "ZG_LEDGER_BALANCE",
    /^The ledger has 3 0G available, but 3 0G is needed for/,
  ],
  "ledgerManager.InsufficientBalance": [
    "ZG_REFUND_LOCKED",
    /^Only 0 0G of the 1 0G asked for can be withdrawn; 0 0G is locked/,
  ],
  "ledgerManager.InvalidServiceAddress": ["ZG_OPERATOR_RULE", /cannot be the address of a service contract$/],
  "ledgerManager.InvalidServiceType": ["ZG_OPERATOR_RULE", /^"a-text" is not a type of service the ledger knows$/],
  "ledgerManager.LedgerExists": ["ZG_LEDGER_EXISTS", new RegExp(`^${user} has a ledger already$`)],
  "ledgerManager.LedgerLocked": ["ZG_LEDGER_BUSY", /^Another operation on this ledger is in progress/],
  "ledgerManager.LedgerNotExists": ["ZG_NO_LEDGER", new RegExp(`^${user} has no 0G Compute ledger`)],
  "ledgerManager.MinimumDepositRequired": [
    "ZG_MIN_DEPOSIT",
    /^A ledger opens with at least 3 0G on this network; 3 0G was given$/,
  ],
  "ledgerManager.MustWithdrawAllFundsFirst": ["ZG_LEDGER_NOT_EMPTY", /^The ledger still holds 3 0G$/],
  "ledgerManager.NoRecommendedService": ["ZG_OPERATOR_RULE", /^The ledger recommends no version of a-text$/],
  "ledgerManager.ServiceAlreadyRegistered": [
    "ZG_OPERATOR_RULE",
    /^The service contract 0x\w{40} is registered already$/,
  ],
  "ledgerManager.ServiceMustImplementIServing": ["ZG_OPERATOR_RULE", /does not say that it is a serving contract/],
  "ledgerManager.ServiceNameExists": ["ZG_OPERATOR_RULE", /^A service contract named a-text is registered already$/],
  "ledgerManager.ServiceNotFound": ["ZG_SERVICE_KIND", /has no service contract registered for "inference-v9"$/],
  "ledgerManager.ServiceNotRegistered": ["ZG_OPERATOR_RULE", /is not a service contract registered in the ledger$/],
  "ledgerManager.ServiceRegistryLimitReached": ["ZG_OPERATOR_RULE", /registry is full: it takes 3000000000000000000/],
  "ledgerManager.ServiceTypeRequired": ["ZG_OPERATOR_RULE", /without a type$/],
  "ledgerManager.TooManyProviders": ["ZG_BATCH_TOO_LARGE", /^3000000000000000000 providers were given in one call/],
  "ledgerManager.TooManyProvidersForService": [
    "ZG_TOO_MANY_SUBACCOUNTS",
    /has 3000000000000000000 provider sub-accounts/,
  ],
  "ledgerManager.TransferFailed": ["ZG_RECIPIENT_REFUSED", /^The receiving contract refused the payment$/],
  "inferenceServing.TransferFailed": ["ZG_RECIPIENT_REFUSED", /^The receiving contract refused the payment$/],
  "ledgerManager.VersionRequired": ["ZG_OPERATOR_RULE", /without a version$/],
  "ledgerManager.ZeroAddressNotAllowed": ["ZG_ZERO_RECIPIENT", /^The recipient of the deposit is the zero address$/],
  "ledgerManager.ZeroAmountNotAllowed": ["ZG_ZERO_AMOUNT", /the amount is 0$/],
  "inferenceServing.AccountExists": [
    "ZG_OPERATOR_RULE",
    new RegExp(`^${user} has a sub-account at ${provider} already$`),
  ],
  "inferenceServing.AccountNotExists": [
    "ZG_NO_SUBACCOUNT",
    new RegExp(`^${user} has no sub-account at provider ${provider}$`),
  ],
  "inferenceServing.BatchSizeTooLarge": ["ZG_BATCH_TOO_LARGE", /^3000000000000000000 users were given in one call/],
  "inferenceServing.CallerNotLedger": [
    "ZG_OPERATOR_RULE",
    /^Only the ledger may call this function; 0x\w{40} is not it$/,
  ],
  "inferenceServing.CannotAddStakeWhenUpdating": ["ZG_STAKE", /^Coin was sent with the update of a service/],
  "inferenceServing.CannotRevokeWithNonZeroBalance": [
    "ZG_ACKNOWLEDGED_BALANCE",
    new RegExp(`^The sub-account at ${provider} holds 3 0G;`),
  ],
  "inferenceServing.InsufficientStake": ["ZG_STAKE", /^Registering a service needs a stake of 3 0G; 3 0G was sent$/],
  "inferenceServing.InvalidAddress": [
    "ZG_TRANSFER_REFUSED",
    new RegExp(`^The sub-account at provider ${provider} refused`),
  ],
  "inferenceServing.InvalidTEESignature": ["ZG_OPERATOR_RULE", /^The provider's TEE signature is not valid: a-text$/],
  "inferenceServing.LimitTooLarge": ["ZG_PAGE_TOO_LARGE", /^A page of 3000000000000000000 rows was asked for/],
  "inferenceServing.LockTimeOutOfRange": ["ZG_OPERATOR_RULE", /^A lock time of 3000000000000000000 s was given/],
  "inferenceServing.NoSettlementsProvided": ["ZG_OPERATOR_RULE", /^A settlement without any item was sent$/],
  "inferenceServing.ProviderCannotBeUser": [
    "ZG_TRANSFER_REFUSED",
    new RegExp(`^The sub-account at provider ${provider} refused`),
  ],
  "inferenceServing.ServiceNotExist": ["ZG_PROVIDER_UNKNOWN", new RegExp(`^No provider "${provider}" is registered`)],
  "inferenceServing.TooManyRefunds": ["ZG_TOO_MANY_REFUNDS", new RegExp(`already wait at provider ${provider}$`)],
  "inferenceServing.TooManySettlements": [
    "ZG_BATCH_TOO_LARGE",
    /^3000000000000000000 settlements were given in one call/,
  ],
};

describe("translate", () => {
  for (const contract of ["ledgerManager", "inferenceServing"] as const) {
    INTERFACES[contract]().forEachError((fragment) => {
      it(`has a sentence for ${fragment.format("sighash")} of ${contract}`, () => {
        const [code, sentence] = SENTENCES[`${contract}.${fragment.name}`] ?? [];
        const original = revert(contract, fragment.name, argumentsOf(fragment));
        const error = translate(original, CALL);
        expect(error.code).to.equal(code);
        expect(error.message).to.match(sentence ?? /there is no expected sentence/);
        expect(error.remedy).to.match(/[.)\w>]$/);
        expect(error.cause).to.equal(original);
        expect(isTranslated(fragment.name)).to.equal(true);
      });
    });
  }

  it("reads MinimumDepositRequired three ways, by the call that met it", () => {
    const met = (kind: CallKind, values: ContractCall["values"] = {}) =>
      translate(revert("ledgerManager", "MinimumDepositRequired", [ZG, 3n * ZG]), { kind, values });
    expect(met("openLedger")).to.be.instanceOf(MinimumDepositError);
    expect(met("openLedger").remedy).to.contain("npx hardhat ledger deposit 3");
    const first = met("transfer", { provider });
    expect(first).to.be.instanceOf(MinimumTransferError);
    expect(first.message).to.equal("The first transfer to a provider is at least 3 0G on this network; 1 0G was given");
    expect(first.remedy).to.contain(`npx hardhat ledger transfer ${provider} 3`);
    const remainder = met("withdraw", { amount: 4n * ZG, available: 5n * ZG });
    expect(remainder).to.be.instanceOf(WithdrawRemainderError);
    expect(remainder.message).to.contain("would leave 1 0G");
    expect(remainder.details).to.deep.include({ remaining: ZG, required: 3n * ZG, most: 2n * ZG });
  });

  it("says what is locked when more was withdrawn than is there", () => {
    const values = { amount: 2n * ZG, available: ZG, locked: 5n * ZG };
    const error = translate(revert("ledgerManager", "InsufficientBalance", [user]), { kind: "withdraw", values });
    expect(error).to.be.instanceOf(RefundLockedError);
    expect(error.message).to.equal("Only 1 0G of the 2 0G asked for can be withdrawn; 5 0G is locked at providers");
  });

  it("computes what is missing from the contract's own numbers", () => {
    const error = translate(revert("ledgerManager", "InsufficientAvailableBalance", [ZG, 4n * ZG]), CALL);
    expect(error).to.be.instanceOf(InsufficientLedgerBalanceError);
    expect(error.details).to.deep.include({ available: ZG, required: 4n * ZG, missing: 3n * ZG });
    expect(error.remedy).to.contain("npx hardhat ledger deposit 3");
  });

  it("keeps overloaded errors apart by their arguments", () => {
    const data = INTERFACES.fineTuningServing().encodeErrorResult("LimitTooLarge", [51n]) as Hex;
    const page = translate(new ContractRevertError("The call", decodeRevert(data)), CALL);
    expect(page).to.be.instanceOf(PageTooLargeError);
    expect(page.details).to.deep.equal({ limit: 51n });
    const long = translate(revert("ledgerManager", "AdditionalInfoTooLong", [5000n, 4096n]), CALL);
    expect(long).to.be.instanceOf(InfoTooLongError);
    expect(long.details).to.deep.equal({ length: 5000n, maximum: 4096n });
  });

  it("knows the owner check, which is a text and not an error", () => {
    const error = new ContractRevertError("The call", {
      name: "Error",
      args: { reason: "Ownable: caller is not the owner" },
      data: "0x",
    });
    expect(translate(error, CALL)).to.be.instanceOf(OperatorRuleError);
  });

  it("gives back refusals of other contracts as they are", () => {
    for (const name of ["unknown", "Panic", "toString", "SomethingElse"]) {
      const error = new ContractRevertError("The call", { name, args: {}, data: "0x" });
      expect(translate(error, CALL)).to.equal(error);
    }
  });

  it("translates what a call rejects with, and only refusals", async () => {
    const refusal = Promise.reject(revert("ledgerManager", "LedgerNotExists", [user]));
    const error = await caught(NoLedgerError, async () => translated(CALL, refusal));
    expect(error.exit).to.equal(EXIT.precondition);
    const outage = new Error("offline");
    const seen = await translated(CALL, Promise.reject(outage)).catch((reason: unknown) => reason);
    expect(seen).to.equal(outage);
    expect(await translated(CALL, Promise.resolve(5))).to.equal(5);
  });
});
