/** Every way an account operation fails. The Why and How of each code is in docs/errors.md. */

import { DomainError, EXIT } from "../../errors.ts";
import type { Address } from "../../hex.ts";
import { withUnit } from "../../units.ts";
import { COMMANDS } from "../commands.ts";

/** The user has no account in LedgerManager. */
export class NoLedgerError extends DomainError {
  constructor(values: { user: Address; minimum?: bigint }, cause?: unknown) {
    const { user, minimum } = values;
    super(
      "ZG_NO_LEDGER",
      EXIT.precondition,
      `${user} has no 0G Compute ledger on this network`,
      minimum === undefined
        ? "Open one: npx hardhat ledger deposit <amount in 0G>"
        : `Open one with at least ${withUnit(minimum)}: ${COMMANDS.deposit(minimum)}`,
      values,
      cause,
    );
  }
}

/** A ledger was to be opened twice. */
export class LedgerExistsError extends DomainError {
  constructor(values: { user: string }, cause?: unknown) {
    super(
      "ZG_LEDGER_EXISTS",
      EXIT.precondition,
      `${values.user} has a ledger already`,
      "Top it up instead: npx hardhat ledger deposit <amount in 0G>",
      values,
      cause,
    );
  }
}

/** The deposit that opens a ledger is below the network's minimum. */
export class MinimumDepositError extends DomainError {
  constructor(values: { given: bigint; required: bigint }, cause?: unknown) {
    super(
      "ZG_MIN_DEPOSIT",
      EXIT.precondition,
      `A ledger opens with at least ${withUnit(values.required)} on this network; ${withUnit(values.given)} was given`,
      `Deposit more: ${COMMANDS.deposit(values.required)}`,
      values,
      cause,
    );
  }
}

/** The transfer that opens a sub-account is below the network's minimum. */
export class MinimumTransferError extends DomainError {
  constructor(values: { given: bigint; required: bigint; provider: string }, cause?: unknown) {
    const { given, required, provider } = values;
    super(
      "ZG_MIN_TRANSFER",
      EXIT.precondition,
      `The first transfer to a provider is at least ${withUnit(required)} on this network; ${withUnit(given)} was given`,
      `Transfer more: ${COMMANDS.transfer(provider, required)}`,
      values,
      cause,
    );
  }
}

/** A withdrawal would leave less in the ledger than the network lets stay there. */
export class WithdrawRemainderError extends DomainError {
  constructor(values: { remaining: bigint; required: bigint; available: bigint }, cause?: unknown) {
    const { remaining, required, available } = values;
    const most = available > required ? available - required : 0n;
    super(
      "ZG_REMAINDER",
      EXIT.precondition,
      `The withdrawal would leave ${withUnit(remaining)} in the ledger; the network wants nothing or at least ${withUnit(required)} left`,
      most > 0n
        ? `Withdraw at most ${withUnit(most)} (${COMMANDS.withdraw(most)}) or everything: ${COMMANDS.withdrawAll}`
        : `Withdraw everything: ${COMMANDS.withdrawAll}`,
      { ...values, most },
      cause,
    );
  }
}

/** The ledger has too little available for a transfer. */
export class InsufficientLedgerBalanceError extends DomainError {
  constructor(values: { available: bigint; required: bigint; provider?: string }, cause?: unknown) {
    const { available, required, provider } = values;
    const missing = required - available;
    super(
      "ZG_LEDGER_BALANCE",
      EXIT.precondition,
      `The ledger has ${withUnit(available)} available, but ${withUnit(required)} is needed${provider === undefined ? "" : ` for ${provider}`}`,
      `Deposit more: ${COMMANDS.deposit(missing)}; or take it back from other providers: ${COMMANDS.retrieve}`,
      { ...values, missing },
      cause,
    );
  }
}

/** More was to be withdrawn than is available; the rest is at providers or waits for its lock time. */
export class RefundLockedError extends DomainError {
  constructor(values: { requested: bigint; available: bigint; locked: bigint }, cause?: unknown) {
    const { requested, available, locked } = values;
    super(
      "ZG_REFUND_LOCKED",
      EXIT.precondition,
      `${requested === 0n ? "Nothing" : `Only ${withUnit(available)} of the ${withUnit(requested)} asked for`} can be withdrawn; ${withUnit(locked)} is locked at providers`,
      locked > 0n
        ? `Request it back with ${COMMANDS.retrieve}, wait the lock time, run that again, then withdraw.`
        : available > 0n
          ? `Withdraw what is there: ${COMMANDS.withdrawAll}`
          : "The ledger is empty; there is nothing to do.",
      values,
      cause,
    );
  }
}

/** The user has no balance at this provider. */
export class NoSubAccountError extends DomainError {
  constructor(values: { user: string; provider: string; minimum?: bigint }, cause?: unknown) {
    const { user, provider, minimum } = values;
    super(
      "ZG_NO_SUBACCOUNT",
      EXIT.precondition,
      `${user} has no sub-account at provider ${provider}`,
      minimum === undefined
        ? `Make one: npx hardhat ledger transfer ${provider} <amount in 0G>`
        : `Make one: ${COMMANDS.transfer(provider, minimum)}`,
      values,
      cause,
    );
  }
}

/** An amount of nothing. */
export class ZeroAmountError extends DomainError {
  constructor(what: string, cause?: unknown) {
    super("ZG_ZERO_AMOUNT", EXIT.usage, `Cannot ${what}: the amount is 0`, "Give an amount above 0.", { what }, cause);
  }
}

/** Coin was to be credited to the zero address. */
export class ZeroRecipientError extends DomainError {
  constructor(cause?: unknown) {
    super(
      "ZG_ZERO_RECIPIENT",
      EXIT.usage,
      "The recipient of the deposit is the zero address",
      "Give the address whose ledger gets the deposit.",
      {},
      cause,
    );
  }
}

/** The ledger knows no service contract by this name or address. */
export class ServiceKindUnknownError extends DomainError {
  constructor(values: { service: string }, cause?: unknown) {
    super(
      "ZG_SERVICE_KIND",
      EXIT.precondition,
      `The ledger of this network has no service contract registered for ${JSON.stringify(values.service)}`,
      `Use --service inference or --service fine-tuning on a network that has it; ${COMMANDS.doctor} shows what is there.`,
      values,
      cause,
    );
  }
}

/** The provider's sub-account contract refused a transfer, without saying why. */
export class TransferRefusedError extends DomainError {
  constructor(values: { provider: string }, cause?: unknown) {
    super(
      "ZG_TRANSFER_REFUSED",
      EXIT.precondition,
      `The sub-account at provider ${values.provider} refused the transfer (nobody can be their own provider, and the zero address is none)`,
      `Choose another provider: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

/** The ledger has sub-accounts at as many providers as the contract allows. */
export class TooManySubAccountsError extends DomainError {
  constructor(values: { current: bigint; maximum: bigint }, cause?: unknown) {
    super(
      "ZG_TOO_MANY_SUBACCOUNTS",
      EXIT.precondition,
      `The ledger has ${values.current} provider sub-accounts; the contract allows ${values.maximum}`,
      "Use one of those providers, another wallet, or retrieve and withdraw everything, which closes them all.",
      values,
      cause,
    );
  }
}

/** A list handed to a contract call was longer than it takes. */
export class BatchTooLargeError extends DomainError {
  constructor(values: { what: string; requested?: bigint; maximum?: bigint }, cause?: unknown) {
    const { what, requested, maximum } = values;
    super(
      "ZG_BATCH_TOO_LARGE",
      EXIT.usage,
      `${requested ?? "Too many"} ${what} were given in one call${maximum === undefined ? "" : `; the contract takes at most ${maximum}`}`,
      `Split the list into parts${maximum === undefined ? "" : ` of ${maximum}`}.`,
      values,
      cause,
    );
  }
}

/** Five refunds wait at this provider, and the contract takes no sixth. */
export class TooManyRefundsError extends DomainError {
  constructor(values: { provider: string; waiting?: number; nextUnlockAt?: bigint }, cause?: unknown) {
    const { provider, waiting, nextUnlockAt } = values;
    super(
      "ZG_TOO_MANY_REFUNDS",
      EXIT.precondition,
      `${waiting ?? "As many"} refunds ${waiting === undefined ? "as the contract allows already wait" : "already wait"} at provider ${provider}${nextUnlockAt === undefined ? "" : `; the earliest unlocks at ${new Date(Number(nextUnlockAt) * 1000).toISOString()}`}`,
      `Run ${COMMANDS.retrieve} again after that; it takes what is unlocked and then requests the rest.`,
      values,
      cause,
    );
  }
}

/** A ledger with money in it was to be deleted. */
export class LedgerNotEmptyError extends DomainError {
  constructor(values: { remaining: bigint }, cause?: unknown) {
    super(
      "ZG_LEDGER_NOT_EMPTY",
      EXIT.precondition,
      `The ledger still holds ${withUnit(values.remaining)}`,
      `Take it out first (${COMMANDS.retrieve}, then ${COMMANDS.withdrawAll}); withdrawing everything deletes the ledger anyway.`,
      values,
      cause,
    );
  }
}

/** Another operation on the same ledger is running inside this one: re-entrance of a contract wallet. */
export class LedgerBusyError extends DomainError {
  constructor(cause?: unknown) {
    super(
      "ZG_LEDGER_BUSY",
      EXIT.precondition,
      "Another operation on this ledger is in progress in the same transaction",
      "A contract wallet must not call the ledger again while it receives coin from it.",
      {},
      cause,
    );
  }
}

/** The receiver of a payment is a contract that refused it. */
export class RecipientRefusedError extends DomainError {
  constructor(cause?: unknown) {
    super(
      "ZG_RECIPIENT_REFUSED",
      EXIT.precondition,
      "The receiving contract refused the payment",
      "Use a wallet that accepts plain transfers of coin.",
      {},
      cause,
    );
  }
}

/** An acknowledgement cannot be taken back while money is in the sub-account. */
export class AcknowledgedBalanceError extends DomainError {
  constructor(values: { provider: string; balance: bigint }, cause?: unknown) {
    super(
      "ZG_ACKNOWLEDGED_BALANCE",
      EXIT.precondition,
      `The sub-account at ${values.provider} holds ${withUnit(values.balance)}; its acknowledgement cannot be taken back until it is empty`,
      `Take the money back first, in two steps with the lock time between them: ${COMMANDS.retrieve}`,
      values,
      cause,
    );
  }
}

/** Text stored on chain is longer than the contract takes. */
export class InfoTooLongError extends DomainError {
  constructor(values: { length?: bigint; maximum: bigint }, cause?: unknown) {
    super(
      "ZG_INFO_TOO_LONG",
      EXIT.usage,
      `The additional information is ${values.length === undefined ? "too long" : `${values.length} bytes long`}; the contract takes ${values.maximum}`,
      `Shorten it to ${values.maximum} bytes.`,
      values,
      cause,
    );
  }
}

/** Coin was sent to a contract that takes it only through its functions. */
export class DirectDepositError extends DomainError {
  constructor(cause?: unknown) {
    super(
      "ZG_DIRECT_DEPOSIT",
      EXIT.usage,
      "The contract takes no plain transfers of coin",
      "Deposit through the ledger: npx hardhat ledger deposit <amount in 0G>",
      {},
      cause,
    );
  }
}

/** A provider's stake does not fit what the contract wants. */
export class StakeError extends DomainError {
  constructor(values: { given?: bigint; required: bigint }, cause?: unknown) {
    const { given, required } = values;
    super(
      "ZG_STAKE",
      EXIT.precondition,
      given === undefined
        ? "Coin was sent with the update of a service; stake is taken at the first registration only"
        : `Registering a service needs a stake of ${withUnit(required)}; ${withUnit(given)} was sent`,
      given === undefined ? "Send no value when updating." : `Register with ${withUnit(required)}.`,
      values,
      cause,
    );
  }
}

/** A page longer than the contract gives. */
export class PageTooLargeError extends DomainError {
  constructor(values: { limit: bigint; maximum?: bigint }, cause?: unknown) {
    super(
      "ZG_PAGE_TOO_LARGE",
      EXIT.usage,
      `A page of ${values.limit} rows was asked for; the contract gives at most ${values.maximum ?? 50n}`,
      `Read in pages of ${values.maximum ?? 50n}.`,
      values,
      cause,
    );
  }
}

/** A rule of 0G's contracts that only their owner, a provider or another contract can meet. */
export class OperatorRuleError extends DomainError {
  constructor(
    values: { error: string; sentence: string; remedy: string; args: Record<string, unknown> },
    cause?: unknown,
  ) {
    const { error, sentence, remedy, args } = values;
    super("ZG_OPERATOR_RULE", EXIT.precondition, sentence, remedy, { error, args }, cause);
  }
}
