/** Takes money back from providers: in one go, collects what has unlocked and requests what is left. */

import type { WriteContext } from "../chain/context.ts";
import { INTERFACES, ledgerManager } from "../chain/contracts.ts";
import { chainCall } from "../chain/revert.ts";
import { sendTransaction, type ConfirmedTransaction, type TransactionDraft } from "../chain/send.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import { inParallel } from "../parallel.ts";
import { withUnit } from "../units.ts";
import { NoSubAccountError, TooManyRefundsError } from "./errors.ts";
import { serviceName, servingAddress, type ServiceKind } from "./service-kind.ts";
import { listSubAccounts, readSubAccount, type SubAccount } from "./sub-accounts.ts";
import { translated } from "./translate.ts";

/** Live refunds a sub-account holds; the contract has no getter for it (contracts sheet, section 4). */
export const MAX_LIVE_REFUNDS = 5;

/** What happened at one provider. Amounts in neuron. */
export interface Retrieved {
  readonly provider: Address;
  /** Moved to the ledger's available balance. */
  readonly processed: bigint;
  /** Newly requested; unlocks after the lock time. */
  readonly requested: bigint;
  /** Waiting now, what was just requested included. */
  readonly pending: bigint;
  /** When the next of it can be collected, Unix seconds, and how long that is from the latest block. */
  readonly unlocksAt?: bigint;
  readonly remainingSeconds?: bigint;
  /** Why nothing was sent for this provider: it is empty, everything still waits, or five refunds wait already. */
  readonly skipped?: "empty" | "waiting" | "too-many-refunds";
}

export interface RetrieveResult {
  readonly transactions: readonly ConfirmedTransaction[];
  readonly service: ServiceKind;
  readonly providers: readonly Retrieved[];
  /** Sums over the providers, in neuron. */
  readonly processed: bigint;
  readonly requested: bigint;
  readonly pending: bigint;
}

/** What a retrieve would do at a provider, by its state now. */
export type RetrievePlan = "send" | NonNullable<Retrieved["skipped"]>;

/** Decides whether a retrieve moves anything: a call that moves nothing still costs its gas. */
export function planRetrieve(account: SubAccount): RetrievePlan {
  const unlocked = account.refunds.filter((refund) => refund.remainingSeconds === 0n).length;
  if (account.balance === 0n) return "empty";
  if (account.spendable > 0n) {
    // The contract takes what is unlocked before it counts. A sixth refund reverts the whole batch.
    return account.refunds.length - unlocked < MAX_LIVE_REFUNDS ? "send" : "too-many-refunds";
  }
  return unlocked > 0 ? "send" : "waiting";
}

/** Drafts one call of `retrieveFund`, for at most `MAX_PROVIDERS_PER_BATCH` providers. */
export function retrieveDraft(network: Network, service: string, providers: readonly Address[]): TransactionDraft {
  return {
    what: `retrieve from ${providers.length} ${providers.length === 1 ? "provider" : "providers"}`,
    to: network.contracts.ledgerManager,
    data: INTERFACES.ledgerManager().encodeFunctionData("retrieveFund", [providers, service]) as Hex,
  };
}

/** Reads the sub-accounts a retrieve is about: those named, else all. */
export async function retrieveCandidates(
  ctx: Pick<WriteContext, "network" | "provider">,
  user: Address,
  service: ServiceKind,
  providers?: readonly Address[],
): Promise<SubAccount[]> {
  if (providers === undefined) return listSubAccounts(ctx, user, service);
  const distinct = [...new Set(providers.map(checksum))];
  return inParallel(distinct, async (provider) => {
    const account = await readSubAccount(ctx, user, provider, service);
    if (account === undefined) throw new NoSubAccountError({ user, provider });
    return account;
  });
}

function nextUnlock({ refunds }: SubAccount): Pick<Retrieved, "unlocksAt" | "remainingSeconds"> {
  const [first] = [...refunds].sort((a, b) => (a.unlocksAt < b.unlocksAt ? -1 : a.unlocksAt > b.unlocksAt ? 1 : 0));
  return first === undefined ? {} : { unlocksAt: first.unlocksAt, remainingSeconds: first.remainingSeconds };
}

/** Balances that our own transaction left right after collecting, by its events. */
function collectedBalances(network: Network, service: ServiceKind, sent: ConfirmedTransaction): Map<Address, bigint> {
  const contract = servingAddress(network, service).toLowerCase();
  const abi = service === "inference" ? INTERFACES.inferenceServing() : INTERFACES.fineTuningServing();
  const balances = new Map<Address, bigint>();
  for (const log of sent.receipt.logs) {
    if (log.address.toLowerCase() !== contract) continue;
    const event = abi.parseLog(log);
    if (event?.name === "BalanceUpdated")
      balances.set(checksum(event.args["provider"] as string), event.args["amount"] as bigint);
  }
  return balances;
}

/**
 * Retrieves from providers, each in two halves that one call does: what has unlocked moves to the ledger, what is left
 * is requested and unlocks after the lock time; then run it again. Sends `retrieveFund` in batches as large as the
 * contract takes, and nothing for providers where it would move nothing.
 * @throws {NoSubAccountError} when a named provider has none. {@link TooManyRefundsError} when nothing can be done
 *   because of it. Then nothing is sent.
 */
export async function retrieve(
  ctx: WriteContext,
  params: { readonly providers?: readonly Address[]; readonly service?: ServiceKind } = {},
): Promise<RetrieveResult> {
  const { service = "inference" } = params;
  const user = checksum(await ctx.signer.getAddress());
  const accounts = await retrieveCandidates(ctx, user, service, params.providers);
  const planned = accounts.map((account) => ({ account, plan: planRetrieve(account) }));
  const sending = planned.filter(({ plan }) => plan === "send").map(({ account }) => account);
  const stuck = planned.find(({ plan }) => plan === "too-many-refunds")?.account;
  if (sending.length === 0 && stuck !== undefined) throw tooManyRefunds(stuck);

  const { transactions, outcomes } = await sendBatches(ctx, user, service, sending);
  const providers = planned.map(({ account, plan }): Retrieved => {
    const { provider, pendingRefund } = account;
    const untouched = { provider, processed: 0n, requested: 0n, pending: pendingRefund, ...nextUnlock(account) };
    return plan === "send" ? (outcomes.get(provider) ?? untouched) : { ...untouched, skipped: plan };
  });
  return { transactions, service, providers, ...totals(providers) };
}

function totals(providers: readonly Retrieved[]): Pick<RetrieveResult, "processed" | "requested" | "pending"> {
  const sum = (of: (each: Retrieved) => bigint) => providers.reduce((total, each) => total + of(each), 0n);
  return {
    processed: sum((each) => each.processed),
    requested: sum((each) => each.requested),
    pending: sum((each) => each.pending),
  };
}

function tooManyRefunds(account: SubAccount): TooManyRefundsError {
  const { unlocksAt } = nextUnlock(account);
  const values = { provider: account.provider, waiting: account.refunds.length };
  return new TooManyRefundsError(unlocksAt === undefined ? values : { ...values, nextUnlockAt: unlocksAt });
}

async function sendBatches(ctx: WriteContext, user: Address, service: ServiceKind, sending: readonly SubAccount[]) {
  const transactions: ConfirmedTransaction[] = [];
  const outcomes = new Map<Address, Retrieved>();
  if (sending.length === 0) return { transactions, outcomes };
  const [name, batchSize] = await Promise.all([
    serviceName(ctx, service),
    chainCall("Reading the batch size", ledgerManager(ctx.network, ctx.provider).MAX_PROVIDERS_PER_BATCH()),
  ]);
  for (let start = 0; start < sending.length; start += Number(batchSize)) {
    const batch = sending.slice(start, start + Number(batchSize));
    const draft = retrieveDraft(
      ctx.network,
      name,
      batch.map(({ provider }) => provider),
    );
    const call = { kind: "retrieve", values: { user, service: name } } as const;
    const sent = await translated(call, sendTransaction(ctx, draft));
    transactions.push(sent);
    const balances = collectedBalances(ctx.network, service, sent);
    const after = await inParallel(batch, async ({ provider }) =>
      readSubAccount(ctx, user, provider, service, sent.blockNumber),
    );
    batch.forEach((before, index) => outcomes.set(before.provider, outcome(before, after[index], balances)));
  }
  for (const { provider, processed, requested } of outcomes.values()) {
    ctx.log?.(`${provider}: ${withUnit(processed)} back in the ledger, ${withUnit(requested)} requested`);
  }
  return { transactions, outcomes };
}

function outcome(before: SubAccount, after: SubAccount | undefined, balances: Map<Address, bigint>): Retrieved {
  const { provider } = before;
  const collected = balances.get(provider);
  const processed = collected === undefined ? 0n : before.balance - collected;
  const pending = after?.pendingRefund ?? 0n;
  const waiting = before.pendingRefund - processed;
  const requested = pending > waiting ? pending - waiting : 0n;
  return { provider, processed, requested, pending, ...(after === undefined ? {} : nextUnlock(after)) };
}
