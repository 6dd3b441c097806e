/**
 * The user's account in LedgerManager: read it, fund it, move money to providers and back, take it out.
 * Each write checks what the contract would refuse before it sends; each has a draft to show first.
 */

import type { ConfirmedTransaction, TransactionDraft } from "../chain/send.ts";
import { sendTransaction } from "../chain/send.ts";
import type { ReadContext, WriteContext } from "../chain/context.ts";
import { fineTuningServing, inferenceServing, INTERFACES, ledgerManager } from "../chain/contracts.ts";
import { chainCall, isRevert } from "../chain/revert.ts";
import { checksum, ZERO_ADDRESS, type Address, type Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import { withUnit } from "../units.ts";
import {
  InsufficientLedgerBalanceError,
  MinimumDepositError,
  MinimumTransferError,
  NoLedgerError,
  ProviderUnknownError,
  RefundLockedError,
  TransferRefusedError,
  WithdrawRemainderError,
  ZeroAmountError,
} from "./errors.ts";
import { serviceName, type ServiceKind } from "./service-kind.ts";
import { readSubAccount, type SubAccount } from "./sub-accounts.ts";
import { translated } from "./translate.ts";

export { listSubAccounts, readLockTime, readSubAccount, type Refund, type SubAccount } from "./sub-accounts.ts";
export { parseServiceKind, serviceName, SERVICE_KINDS, type ServiceKind } from "./service-kind.ts";
export { retrieve, retrieveDraft, type RetrieveResult, type Retrieved } from "./retrieve.ts";

/** The network's ledger minimums, in neuron. They differ between networks and have been changed. */
export interface LedgerLimits {
  /** Opens a ledger; also the least that may stay in it after a withdrawal. */
  readonly minAccountBalance: bigint;
  /** Opens a sub-account at a provider. */
  readonly minTransferAmount: bigint;
}

/** The main account. Amounts in neuron. */
export interface Ledger {
  readonly user: Address;
  /** Can be transferred or withdrawn. */
  readonly available: bigint;
  readonly total: bigint;
  /** At providers, pending refunds included: `total - available`. */
  readonly locked: bigint;
}

/** Reads `MIN_ACCOUNT_BALANCE` and `MIN_TRANSFER_AMOUNT`. */
export async function readLimits({ network, provider }: ReadContext): Promise<LedgerLimits> {
  const ledger = ledgerManager(network, provider);
  const [minAccountBalance, minTransferAmount] = await chainCall(
    "Reading the ledger's minimums",
    Promise.all([ledger.MIN_ACCOUNT_BALANCE(), ledger.MIN_TRANSFER_AMOUNT()]),
  );
  return { minAccountBalance, minTransferAmount };
}

/**
 * Reads a user's ledger.
 * @returns undefined when the contract says that there is none.
 */
export async function readLedger({ network, provider }: ReadContext, user: Address): Promise<Ledger | undefined> {
  try {
    const { availableBalance, totalBalance } = await chainCall(
      `Reading the ledger of ${user}`,
      ledgerManager(network, provider).getLedger(user),
    );
    return { user, available: availableBalance, total: totalBalance, locked: totalBalance - availableBalance };
  } catch (error) {
    if (isRevert(error, "LedgerNotExists")) return undefined;
    throw error;
  }
}

/** The address that signs, as the contracts know it. */
export async function userOf({ signer }: Pick<WriteContext, "signer">): Promise<Address> {
  return checksum(await signer.getAddress());
}

// --- Deposit ----------------------------------------------------------------------------------------------------

export interface DepositResult {
  readonly transactions: readonly ConfirmedTransaction[];
  /** Neuron. */
  readonly amount: bigint;
  /** The deposit opened the ledger. */
  readonly opened: boolean;
}

/**
 * Drafts a deposit from the wallet: opens the ledger, or adds to it.
 * @param ledger of whom it is for.
 * @param recipient whose ledger, where it is not the sender's own.
 * @throws {ZeroAmountError} {@link MinimumDepositError}
 */
export function depositDraft(
  network: Network,
  limits: LedgerLimits,
  ledger: Ledger | undefined,
  amount: bigint,
  recipient?: Address,
): TransactionDraft {
  if (amount <= 0n) throw new ZeroAmountError("deposit");
  if (ledger === undefined && amount < limits.minAccountBalance) {
    throw new MinimumDepositError({ given: amount, required: limits.minAccountBalance });
  }
  const abi = INTERFACES.ledgerManager();
  const data =
    recipient === undefined
      ? abi.encodeFunctionData("depositFund")
      : abi.encodeFunctionData("depositFundFor", [recipient]);
  const what = ledger === undefined ? `open a ledger with ${withUnit(amount)}` : `deposit ${withUnit(amount)}`;
  return {
    what: recipient === undefined ? what : `${what} for ${recipient}`,
    to: network.contracts.ledgerManager,
    data: data as Hex,
    value: amount,
  };
}

/**
 * Deposits exactly `amount` neuron from the wallet. Sends `depositFund`, which opens the ledger when there is none.
 * @param recipient whose ledger, where it is not the sender's own: sends `depositFundFor`. Only they can take it out.
 * @throws {ZeroAmountError} {@link MinimumDepositError} before anything is sent.
 */
export async function deposit(ctx: WriteContext, amount: bigint, recipient?: Address): Promise<DepositResult> {
  const user = recipient ?? (await userOf(ctx));
  const [limits, ledger] = await Promise.all([readLimits(ctx), readLedger(ctx, user)]);
  const draft = depositDraft(ctx.network, limits, ledger, amount, recipient);
  const kind = ledger === undefined ? "openLedger" : "deposit";
  const sent = await translated({ kind, values: { user, amount } }, sendTransaction(ctx, draft));
  return { transactions: [sent], amount, opened: ledger === undefined };
}

// --- Transfer ---------------------------------------------------------------------------------------------------

/** What a transfer is drafted from. */
export interface TransferState {
  readonly limits: LedgerLimits;
  readonly ledger: Ledger | undefined;
  readonly subAccount: SubAccount | undefined;
  /** The ledger's full name of the service contract; see {@link serviceName}. */
  readonly serviceName: string;
}

export interface TransferParams {
  readonly user: Address;
  readonly provider: Address;
  /** Neuron. */
  readonly amount: bigint;
}

/** Where a transfer takes its money from. Neuron. */
export interface TransferSplit {
  /** Pending refunds that the contract cancels first, newest first. Their waiting was in vain. */
  readonly fromRefund: bigint;
  /** Leaves the ledger's available balance. */
  readonly fromAvailable: bigint;
}

export interface TransferResult extends TransferSplit {
  readonly transactions: readonly ConfirmedTransaction[];
  readonly amount: bigint;
  readonly provider: Address;
  /** The transfer made the sub-account. */
  readonly opened: boolean;
}

/** Splits a transfer as the contract will: pending refunds are cancelled before the ledger is touched. */
export function splitTransfer(subAccount: SubAccount | undefined, amount: bigint): TransferSplit {
  const pending = subAccount?.pendingRefund ?? 0n;
  const fromRefund = amount < pending ? amount : pending;
  return { fromRefund, fromAvailable: amount - fromRefund };
}

/**
 * Drafts a transfer from the ledger to a provider.
 * @throws {ZeroAmountError} {@link NoLedgerError} {@link TransferRefusedError} {@link MinimumTransferError}
 *   {@link InsufficientLedgerBalanceError}
 */
export function transferDraft(
  network: Network,
  state: TransferState,
  { user, provider, amount }: TransferParams,
): TransactionDraft & TransferSplit {
  const { limits, ledger, subAccount } = state;
  if (amount <= 0n) throw new ZeroAmountError("transfer");
  // The contract hides the reason of both behind a bare CallFailed.
  if (provider === user || provider === ZERO_ADDRESS) throw new TransferRefusedError({ provider });
  if (ledger === undefined) throw new NoLedgerError({ user, minimum: atLeast(amount, limits.minAccountBalance) });
  if (subAccount === undefined && amount < limits.minTransferAmount) {
    throw new MinimumTransferError({ given: amount, required: limits.minTransferAmount, provider });
  }
  const split = splitTransfer(subAccount, amount);
  if (split.fromAvailable > ledger.available) {
    throw new InsufficientLedgerBalanceError({ available: ledger.available, required: split.fromAvailable, provider });
  }
  return {
    what: `transfer ${withUnit(amount)} to ${provider}`,
    to: network.contracts.ledgerManager,
    data: INTERFACES.ledgerManager().encodeFunctionData("transferFund", [provider, state.serviceName, amount]) as Hex,
    ...split,
  };
}

function atLeast(amount: bigint, minimum: bigint): bigint {
  return amount > minimum ? amount : minimum;
}

/** Reads all that {@link transferDraft} needs. */
export async function readTransferState(
  ctx: ReadContext,
  user: Address,
  provider: Address,
  service: ServiceKind = "inference",
): Promise<TransferState> {
  const [limits, ledger, subAccount, name] = await Promise.all([
    readLimits(ctx),
    readLedger(ctx, user),
    readSubAccount(ctx, user, provider, service),
    serviceName(ctx, service),
  ]);
  return { limits, ledger, subAccount, serviceName: name };
}

/** The contract would lock money at any address, also one where nobody sells anything. */
async function assertServiceExists(ctx: ReadContext, provider: Address, service: ServiceKind): Promise<void> {
  const contract =
    service === "inference"
      ? inferenceServing(ctx.network, ctx.provider)
      : fineTuningServing(ctx.network, ctx.provider);
  try {
    await chainCall(`Reading the service of ${provider}`, contract.getService(provider) as Promise<unknown>);
  } catch (error) {
    if (isRevert(error, "ServiceNotExist")) throw new ProviderUnknownError({ provider }, error);
    throw error;
  }
}

/**
 * Transfers exactly `amount` neuron from the ledger to a provider's sub-account, which the first transfer makes and
 * every transfer acknowledges. Sends `transferFund`. Cancels pending refunds first; the result says how much.
 * @throws {ProviderUnknownError} when no service is registered there, and what {@link transferDraft} throws; then
 *   nothing is sent.
 */
export async function transfer(
  ctx: WriteContext,
  params: { readonly provider: Address; readonly amount: bigint; readonly service?: ServiceKind },
): Promise<TransferResult> {
  const { amount, service = "inference" } = params;
  const provider = checksum(params.provider);
  const user = await userOf(ctx);
  const state = await readTransferState(ctx, user, provider, service);
  const { fromRefund, fromAvailable, ...draft } = transferDraft(ctx.network, state, { user, provider, amount });
  await assertServiceExists(ctx, provider, service);
  if (fromRefund > 0n)
    ctx.log?.(`${withUnit(fromRefund)} of the transfer comes from a pending refund, which it cancels`);
  const values = { user, provider, amount, service: state.serviceName };
  const sent = await translated({ kind: "transfer", values }, sendTransaction(ctx, draft));
  return { transactions: [sent], amount, provider, fromRefund, fromAvailable, opened: state.subAccount === undefined };
}

// --- Withdraw ---------------------------------------------------------------------------------------------------

export interface WithdrawDraft extends TransactionDraft {
  /** Neuron that goes to the wallet. */
  readonly amount: bigint;
  /** Neuron left available in the ledger. */
  readonly remaining: bigint;
  /** Nothing is left anywhere: the contract deletes the ledger and its (empty) sub-accounts. */
  readonly closesLedger: boolean;
}

export interface WithdrawResult extends Pick<WithdrawDraft, "amount" | "remaining" | "closesLedger"> {
  readonly transactions: readonly ConfirmedTransaction[];
  /** Neuron still at providers. */
  readonly locked: bigint;
}

/**
 * Drafts a withdrawal from the ledger to the wallet. What stays available must be nothing or the account minimum.
 * @throws {ZeroAmountError} {@link NoLedgerError} {@link RefundLockedError} {@link WithdrawRemainderError}
 */
export function withdrawDraft(
  network: Network,
  limits: LedgerLimits,
  ledger: Ledger | undefined,
  params: { readonly user: Address; readonly amount: bigint | "all" },
): WithdrawDraft {
  if (params.amount !== "all" && params.amount <= 0n) throw new ZeroAmountError("withdraw");
  if (ledger === undefined) throw new NoLedgerError({ user: params.user, minimum: limits.minAccountBalance });
  const { available, locked } = ledger;
  if (available === 0n) throw new RefundLockedError({ requested: 0n, available, locked });
  const amount = params.amount === "all" ? available : params.amount;
  if (amount > available) throw new RefundLockedError({ requested: amount, available, locked });
  const remaining = available - amount;
  if (remaining > 0n && remaining < limits.minAccountBalance) {
    throw new WithdrawRemainderError({ remaining, required: limits.minAccountBalance, available });
  }
  return {
    what: `withdraw ${withUnit(amount)}`,
    to: network.contracts.ledgerManager,
    data: INTERFACES.ledgerManager().encodeFunctionData("refund", [amount]) as Hex,
    amount,
    remaining,
    closesLedger: ledger.total === amount,
  };
}

/**
 * Withdraws from the ledger to the wallet: exactly `amount` neuron, or all that is available. Sends `refund`. Taking
 * the last neuron deletes the ledger; money at providers keeps it open.
 * @throws what {@link withdrawDraft} throws; then nothing is sent.
 */
export async function withdraw(ctx: WriteContext, amount: bigint | "all"): Promise<WithdrawResult> {
  const user = await userOf(ctx);
  const [limits, ledger] = await Promise.all([readLimits(ctx), readLedger(ctx, user)]);
  const draft = withdrawDraft(ctx.network, limits, ledger, { user, amount });
  const { available = 0n, locked = 0n } = ledger ?? {};
  const { amount: paid, remaining, closesLedger, what, to, data } = draft;
  const plain: TransactionDraft = to === undefined ? { what, data } : { what, to, data };
  const call = { kind: "withdraw", values: { user, amount: paid, available, locked } } as const;
  const sent = await translated(call, sendTransaction(ctx, plain));
  return { transactions: [sent], amount: paid, remaining, closesLedger, locked };
}
