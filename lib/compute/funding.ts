/** How much must move before a provider serves: what it wants locked, and what the ledger's rules add. */

import type { ReadContext } from "../chain/context.ts";
import { EXIT, ZgError } from "../errors.ts";
import type { Address } from "../hex.ts";
import { PROVIDER_MINIMUM_RESERVE } from "../protocol/constants.ts";
import { withUnit } from "../units.ts";
import { readLedger, readLimits, splitTransfer, type Ledger, type LedgerLimits } from "./ledger.ts";
import type { HttpDeps } from "./provider-http.ts";
import { assertProviderSees, type Service } from "./providers.ts";
import type { Session } from "./session.ts";
import { readSubAccount, type SubAccount } from "./sub-accounts.ts";
import { assertCanBeOwed, fetchUnsettledFee } from "./unsettled-fee.ts";

/**
 * What a provider wants locked to admit a request: all it has not collected yet, the request's fee, and a reserve that
 * is on no chain (protocol sheet, 4.5). Neuron.
 */
export function requiredLocked(unsettled: bigint, expectedFee: bigint, reserve = PROVIDER_MINIMUM_RESERVE): bigint {
  return unsettled + expectedFee + reserve;
}

export interface FundingParams {
  /** What the coming requests will cost together, in neuron. See `estimateFee`. */
  readonly expectedFee: bigint;
  /** What the provider wants on top; corrected from its own refusal when that names another. Neuron. */
  readonly reserve?: bigint;
  /** Lets the provider be asked for what it has not collected; without, that counts as 0. */
  readonly session?: Session;
  readonly http?: HttpDeps;
}

/** What has to move, in neuron. Both 0 when nothing has to. */
export interface FundingNeed {
  /** From the wallet to the ledger. */
  readonly depositNeeded: bigint;
  /** From the ledger to the provider's sub-account. */
  readonly transferNeeded: bigint;
  /** Of the transfer, what a pending refund covers by being cancelled. */
  readonly fromRefund: bigint;
  readonly required: bigint;
  /** Locked at the provider now. */
  readonly spendable: bigint;
  readonly unsettled: bigint;
  /** False when the provider could not be asked; then `unsettled` is 0 and, if asking failed, `reasons` says so. */
  readonly unsettledKnown: boolean;
  readonly ledger: Ledger | undefined;
  readonly subAccount: SubAccount | undefined;
  readonly limits: LedgerLimits;
  /** In words, for the plan. */
  readonly reasons: readonly string[];
}

/**
 * Works out what to deposit and transfer so that the provider serves. Reads ledger, sub-account and minimums, and asks
 * the provider for the unsettled fee. Moves nothing.
 * @throws {ProviderCannotSeeError} before anything is paid to a provider that could not see it.
 * @throws {UnsettledFeeError} when the provider claims more than it can have served for.
 */
export async function fundingNeed(
  ctx: ReadContext,
  user: Address,
  service: Pick<Service, "provider" | "url">,
  params: FundingParams,
): Promise<FundingNeed> {
  const { provider } = service;
  assertProviderSees(ctx.network, service);
  const [limits, ledger, subAccount] = await Promise.all([
    readLimits(ctx),
    readLedger(ctx, user),
    readSubAccount(ctx, user, provider),
  ]);
  const reasons: string[] = [];
  const unsettled = await askUnsettled(service, subAccount, params, reasons);
  assertCanBeOwed({ provider, claimed: unsettled ?? 0n, balance: subAccount?.balance ?? 0n });
  const required = requiredLocked(unsettled ?? 0n, params.expectedFee, params.reserve);
  const need = computeNeed({ limits, ledger, subAccount, required, provider }, reasons);
  return {
    ...need,
    required,
    spendable: subAccount?.spendable ?? 0n,
    unsettled: unsettled ?? 0n,
    unsettledKnown: unsettled !== undefined,
    ledger,
    subAccount,
    limits,
    reasons,
  };
}

/** Undefined when it cannot be known now; that stops nobody from planning. */
async function askUnsettled(
  service: Pick<Service, "provider" | "url">,
  subAccount: SubAccount | undefined,
  { session, http }: FundingParams,
  reasons: string[],
): Promise<bigint | undefined> {
  if (subAccount === undefined) return 0n; // nobody was ever served without a sub-account
  if (session === undefined || !subAccount.acknowledged) return undefined;
  try {
    return await fetchUnsettledFee({ ...http, session }, service);
  } catch (error) {
    if (!(error instanceof ZgError) || http?.signal?.aborted === true) throw error;
    // Unreachable or refusing: it will say what it wants when it is asked for an answer.
    if (error.exit !== EXIT.network && error.exit !== EXIT.precondition) throw error;
    reasons.push(`the provider could not be asked for unsettled fees, counted as 0 (${error.code})`);
    return undefined;
  }
}

interface NeedState {
  readonly limits: LedgerLimits;
  readonly ledger: Ledger | undefined;
  readonly subAccount: SubAccount | undefined;
  readonly required: bigint;
  readonly provider: Address;
}

/** The arithmetic of {@link fundingNeed}, without any reads. Adds to `reasons`. */
export function computeNeed(
  { limits, ledger, subAccount, required, provider }: NeedState,
  reasons: string[] = [],
): Pick<FundingNeed, "depositNeeded" | "transferNeeded" | "fromRefund"> {
  const spendable = subAccount?.spendable ?? 0n;
  let transferNeeded = required > spendable ? required - spendable : 0n;
  if (transferNeeded > 0n) {
    reasons.push(`provider ${provider} wants ${withUnit(required)} locked, ${withUnit(spendable)} is`);
  }
  if (subAccount === undefined && transferNeeded < limits.minTransferAmount) {
    transferNeeded = limits.minTransferAmount;
    reasons.push(`the first transfer to a provider is at least ${withUnit(transferNeeded)}`);
  }
  const { fromRefund, fromAvailable } = splitTransfer(subAccount, transferNeeded);
  if (fromRefund > 0n) reasons.push(`${withUnit(fromRefund)} of it comes from a pending refund, which it cancels`);
  const available = ledger?.available ?? 0n;
  let depositNeeded = fromAvailable > available ? fromAvailable - available : 0n;
  if (depositNeeded > 0n && ledger !== undefined) {
    reasons.push(`the ledger has ${withUnit(available)} available, ${withUnit(fromAvailable)} is needed`);
  }
  if (ledger === undefined && depositNeeded < limits.minAccountBalance) depositNeeded = limits.minAccountBalance;
  if (ledger === undefined)
    reasons.push(`there is no ledger; it opens with at least ${withUnit(limits.minAccountBalance)}`);
  return { depositNeeded, transferNeeded, fromRefund };
}
