/** What 0G's contracts refuse, in words: the error alone does not say it, the call that met it does. */

import { ContractRevertError } from "../chain/revert.ts";
import type { ZgError } from "../errors.ts";
import { ZERO_ADDRESS, type Address } from "../hex.ts";
import * as errors from "./errors.ts";

/** What was being done when a contract refused. */
export type CallKind =
  | "openLedger"
  | "deposit"
  | "transfer"
  | "retrieve"
  | "withdraw"
  | "deleteLedger"
  | "acknowledge"
  | "revokeTokens"
  | "operate"
  | "read";

/** What the caller knows and the error may not carry. Amounts in neuron. */
export interface CallValues {
  readonly user?: Address;
  readonly provider?: Address;
  readonly amount?: bigint;
  /** Available in the ledger. */
  readonly available?: bigint;
  /** Held at providers. */
  readonly locked?: bigint;
  /** Full name of the service contract, such as `inference-v1.0`. */
  readonly service?: string;
}

export interface ContractCall {
  readonly kind: CallKind;
  readonly values: CallValues;
}

interface Refusal {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly call: ContractCall;
  readonly cause: ContractRevertError;
}

type Translation = (refusal: Refusal) => ZgError;

const MAX_INFO_BYTES = 4096n;

function amountOf(value: unknown): bigint {
  return typeof value === "bigint" ? value : 0n;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : String(value);
}

function providerOf({ args, call }: Refusal): string {
  return textOf(args["provider"] ?? call.values.provider ?? ZERO_ADDRESS);
}

function userOf({ args, call }: Refusal): Address {
  return (args["user"] ?? call.values.user ?? ZERO_ADDRESS) as Address;
}

/** An error only an operator, a provider or another contract can meet: a sentence is enough. */
function operator(sentence: (args: Refusal["args"]) => string, remedy: string): Translation {
  return ({ name, args, cause }) =>
    new errors.OperatorRuleError({ error: name, sentence: sentence(args), remedy, args: { ...args } }, cause);
}

const OWNER_ONLY = "This is for the operator of 0G's contracts; nothing you own is affected.";
const USE_LEDGER = "Call the ledger instead: npx hardhat ledger.";

/** One error, three meanings: opening deposit, first transfer to a provider, remainder of a withdrawal. */
function minimumDepositRequired(refusal: Refusal): ZgError {
  const { args, call, cause } = refusal;
  const given = amountOf(args["provided"]);
  const required = amountOf(args["required"]);
  switch (call.kind) {
    case "transfer":
      return new errors.MinimumTransferError({ given, required, provider: providerOf(refusal) }, cause);
    case "withdraw": {
      const available = call.values.available ?? given + (call.values.amount ?? 0n);
      return new errors.WithdrawRemainderError({ remaining: given, required, available }, cause);
    }
    default:
      return new errors.MinimumDepositError({ given, required }, cause);
  }
}

function insufficientBalance({ call, cause }: Refusal): ZgError {
  const { amount = 0n, available = 0n, locked = 0n } = call.values;
  return new errors.RefundLockedError({ requested: amount, available, locked }, cause);
}

function insufficientAvailable(refusal: Refusal): ZgError {
  const { args, call, cause } = refusal;
  const values = { available: amountOf(args["available"]), required: amountOf(args["required"]) };
  const { provider } = call.values;
  return new errors.InsufficientLedgerBalanceError(provider === undefined ? values : { ...values, provider }, cause);
}

/** Every custom error of LedgerManager and InferenceServing (contracts sheet, section 8). A test walks both ABIs. */
const TRANSLATIONS: Readonly<Record<string, Translation>> = {
  // Ledger, met by users.
  LedgerNotExists: (r) => new errors.NoLedgerError({ user: userOf(r) }, r.cause),
  LedgerExists: (r) => new errors.LedgerExistsError({ user: userOf(r) }, r.cause),
  MinimumDepositRequired: minimumDepositRequired,
  ZeroAmountNotAllowed: (r) => new errors.ZeroAmountError(r.call.kind, r.cause),
  ZeroAddressNotAllowed: (r) => new errors.ZeroRecipientError(r.cause),
  InsufficientBalance: insufficientBalance,
  InsufficientAvailableBalance: insufficientAvailable,
  ServiceNotFound: (r) =>
    new errors.ServiceKindUnknownError({ service: r.call.values.service ?? textOf(r.args["serviceAddress"]) }, r.cause),
  CallFailed: (r) => new errors.TransferRefusedError({ provider: providerOf(r) }, r.cause),
  TooManyProviders: (r) =>
    new errors.BatchTooLargeError(
      { what: "providers", requested: amountOf(r.args["requested"]), maximum: amountOf(r.args["maximum"]) },
      r.cause,
    ),
  TooManyProvidersForService: (r) =>
    new errors.TooManySubAccountsError(
      { current: amountOf(r.args["current"]), maximum: amountOf(r.args["maximum"]) },
      r.cause,
    ),
  MustWithdrawAllFundsFirst: (r) =>
    new errors.LedgerNotEmptyError({ remaining: amountOf(r.args["remainingBalance"]) }, r.cause),
  LedgerLocked: (r) => new errors.LedgerBusyError(r.cause),
  TransferFailed: (r) => new errors.RecipientRefusedError(r.cause),
  DirectDepositsDisabled: (r) => new errors.DirectDepositError(r.cause),
  // The ledger's carries length and maximum, the serving contract's nothing.
  AdditionalInfoTooLong: ({ args, cause }) =>
    typeof args["length"] === "bigint"
      ? new errors.InfoTooLongError({ length: args["length"], maximum: amountOf(args["max"]) }, cause)
      : new errors.InfoTooLongError({ maximum: MAX_INFO_BYTES }, cause),

  // Sub-accounts and services, met by users.
  AccountNotExists: (r) => new errors.NoSubAccountError({ user: userOf(r), provider: providerOf(r) }, r.cause),
  ServiceNotExist: (r) => new errors.ProviderUnknownError({ provider: providerOf(r) }, r.cause),
  TooManyRefunds: (r) => new errors.TooManyRefundsError({ provider: providerOf(r) }, r.cause),
  CannotRevokeWithNonZeroBalance: (r) =>
    new errors.AcknowledgedBalanceError({ provider: providerOf(r), balance: amountOf(r.args["balance"]) }, r.cause),
  ProviderCannotBeUser: (r) => new errors.TransferRefusedError({ provider: providerOf(r) }, r.cause),
  InvalidAddress: (r) => new errors.TransferRefusedError({ provider: textOf(r.args["addr"]) }, r.cause),
  LimitTooLarge: ({ args, cause }) =>
    new errors.PageTooLargeError(
      typeof args["max"] === "bigint"
        ? { limit: amountOf(args["limit"]), maximum: args["max"] }
        : { limit: amountOf(args["limit"]) },
      cause,
    ),

  // Met by providers.
  InsufficientStake: ({ args, cause }) =>
    new errors.StakeError({ given: amountOf(args["provided"]), required: amountOf(args["required"]) }, cause),
  CannotAddStakeWhenUpdating: ({ cause }) => new errors.StakeError({ required: 0n }, cause),
  NoSettlementsProvided: operator(() => "A settlement without any item was sent", "Send 1 to 50 items."),
  TooManySettlements: ({ args, cause }) =>
    new errors.BatchTooLargeError(
      { what: "settlements", requested: amountOf(args["count"]), maximum: amountOf(args["max"]) },
      cause,
    ),
  BatchSizeTooLarge: ({ args, cause }) =>
    new errors.BatchTooLargeError(
      { what: "users", requested: amountOf(args["size"]), maximum: amountOf(args["max"] ?? args["maxSize"]) },
      cause,
    ),
  InvalidTEESignature: operator(
    ({ reason }) => `The provider's TEE signature is not valid: ${textOf(reason)}`,
    "The provider must sign with the key of the TEE signer it registered.",
  ),

  // Internal or for the owner.
  AccountExists: operator(
    ({ user, provider }) => `${textOf(user)} has a sub-account at ${textOf(provider)} already`,
    USE_LEDGER,
  ),
  CallerNotLedger: operator(
    ({ caller }) =>
      `Only the ledger may call this function${caller === undefined ? "" : `; ${textOf(caller)} is not it`}`,
    USE_LEDGER,
  ),
  CallerNotRegisteredService: operator(
    ({ caller }) => `Only a registered service contract may call this function; ${textOf(caller)} is none`,
    USE_LEDGER,
  ),
  NoRecommendedService: operator(
    ({ serviceType }) => `The ledger recommends no version of ${textOf(serviceType)}`,
    "Name the version in full, such as inference-v1.0.",
  ),
  InvalidServiceType: operator(
    ({ serviceType }) => `${JSON.stringify(serviceType)} is not a type of service the ledger knows`,
    "Use inference or fine-tuning.",
  ),
  ServiceNotRegistered: operator(
    ({ serviceAddress }) => `${textOf(serviceAddress)} is not a service contract registered in the ledger`,
    OWNER_ONLY,
  ),
  InvalidServiceAddress: operator(
    ({ serviceAddress }) => `${textOf(serviceAddress)} cannot be the address of a service contract`,
    OWNER_ONLY,
  ),
  ServiceAlreadyRegistered: operator(
    ({ serviceAddress }) => `The service contract ${textOf(serviceAddress)} is registered already`,
    OWNER_ONLY,
  ),
  ServiceMustImplementIServing: operator(
    ({ serviceAddress }) => `${textOf(serviceAddress)} does not say that it is a serving contract (ERC-165)`,
    OWNER_ONLY,
  ),
  ServiceNameExists: operator(
    ({ serviceName }) => `A service contract named ${textOf(serviceName)} is registered already`,
    OWNER_ONLY,
  ),
  ServiceRegistryLimitReached: operator(
    ({ limit }) => `The ledger's registry is full: it takes ${textOf(limit)} service contracts`,
    OWNER_ONLY,
  ),
  ServiceTypeRequired: operator(() => "A service contract was to be registered without a type", OWNER_ONLY),
  VersionRequired: operator(() => "A service contract was to be registered without a version", OWNER_ONLY),
  AlreadyInitialized: operator(() => "The contract is initialised already", OWNER_ONLY),
  LockTimeOutOfRange: operator(
    ({ lockTime, min, max }) =>
      `A lock time of ${textOf(lockTime)} s was given; it must be from ${textOf(min ?? 3600n)} to ${textOf(max ?? 604800n)} s`,
    OWNER_ONLY,
  ),
};

/** Whether {@link translate} has a sentence for the custom error of this name. */
export function isTranslated(name: string): boolean {
  return Object.hasOwn(TRANSLATIONS, name);
}

/** Says what a refusal means for the call that met it. Refusals of other contracts come back as they are. */
export function translate(revertError: ContractRevertError, call: ContractCall): ZgError {
  const { name, args } = revertError.revert;
  if (name === "Error" && args["reason"] === "Ownable: caller is not the owner") return notOwner(revertError);
  const translation = Object.hasOwn(TRANSLATIONS, name) ? TRANSLATIONS[name] : undefined;
  return translation === undefined ? revertError : translation({ name, args, call, cause: revertError });
}

function notOwner(cause: ContractRevertError): ZgError {
  const sentence = "Only the owner of the contract may do this";
  return new errors.OperatorRuleError({ error: "Error", sentence, remedy: OWNER_ONLY, args: cause.revert.args }, cause);
}

/**
 * Awaits a chain call and translates the contract's refusal.
 * @throws what {@link translate} makes of a {@link ContractRevertError}; anything else as it is.
 */
export async function translated<T>(call: ContractCall, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw translateRefusal(call)(error);
  }
}

/** {@link translate} as a function of any error, for calls whose refusals are known by one kind. */
export function translateRefusal(call: ContractCall): (error: unknown) => unknown {
  return (error) => (error instanceof ContractRevertError ? translate(error, call) : error);
}
