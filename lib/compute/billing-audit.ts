/**
 * Compares what providers took with what the answers cost that were kept. A settlement on chain is one total over many
 * answers, and only whoever has the answers can tell whether it is too much.
 */

import { latestBlock } from "../chain/connect.ts";
import type { ReadContext } from "../chain/context.ts";
import { chainCall } from "../chain/revert.ts";
import { ZgError } from "../errors.ts";
import type { Address } from "../hex.ts";
import { withUnit } from "../units.ts";
import { OverBilledError } from "./errors.ts";
import { readLedgerHistory, type LedgerEntry } from "./ledger-history.ts";

/** A request that was sent, as far as it is remembered here. */
export interface PaidRequest {
  /** The same for one request wherever it is remembered. */
  readonly key: string;
  readonly provider: Address;
  /** Neuron: what its answer costs; without an answer, the most that it can have been charged. */
  readonly fee: bigint;
  readonly answered: boolean;
  /** Unix milliseconds. */
  readonly at: number;
}

/** What a provider says is still to be settled, or why nobody knows. */
export type Unsettled = { readonly fee: bigint } | { readonly unknown: string };

/** One provider's account. Amounts in neuron. */
export interface ProviderBilling {
  readonly provider: Address;
  /** How many answers are kept here, and what they cost by listed prices and signed usage. */
  readonly answers: number;
  readonly owed: bigint;
  /** Requests whose answer never came, and the most that they can have been charged. */
  readonly unanswered: number;
  readonly possible: bigint;
  /** What the chain shows the provider to have collected. */
  readonly settled: bigint;
  readonly settlements: number;
  /** What it says it has still to collect. */
  readonly unsettled: Unsettled;
  /** `settled` and what is still to be settled beyond `owed`; negative while not all is billed. */
  readonly difference: bigint;
  /** The part of the difference that nothing here explains, not even requests without an answer. */
  readonly overBilled: bigint;
}

export interface BillingParams {
  readonly user: Address;
  readonly requests: readonly PaidRequest[];
  /** Asks a provider what it has still to collect. */
  readonly unsettled: (provider: Address) => Promise<Unsettled>;
  /** Leaves out what was settled before this block, and asked for before its time. Default 0: nothing is left out. */
  readonly fromBlock?: number;
}

/**
 * Draws up the account of every inference provider that was asked or has settled. Reads the contracts' events; asks each
 * provider once.
 * @throws {RpcUnreachableError}
 */
export async function auditBilling(ctx: ReadContext, params: BillingParams): Promise<readonly ProviderBilling[]> {
  const { user, fromBlock = 0 } = params;
  const history = await readLedgerHistory(ctx, user, { fromBlock });
  const settled = history.filter(({ kind, service }) => kind === "settled" && service === "inference");
  const since = fromBlock === 0 ? 0 : await timeOf(ctx, fromBlock);
  const requests = distinct(params.requests.filter(({ at }) => at >= since));
  const providers = new Set([...settled, ...requests].map(({ provider }) => provider));
  return Promise.all(
    [...providers].sort().map(async (provider) => {
      const ofProvider = <T extends { readonly provider: Address }>(all: readonly T[]) =>
        all.filter((one) => one.provider === provider);
      return accountOf(provider, ofProvider(requests), ofProvider(settled), await params.unsettled(provider));
    }),
  );
}

async function timeOf(ctx: ReadContext, block: number): Promise<number> {
  const found = await chainCall(`Reading block ${block}`, ctx.provider.getBlock(block));
  return (found ?? (await latestBlock(ctx))).timestamp * 1000;
}

/** A request with an answer counts once, and as answered, wherever else it is remembered without. */
function distinct(requests: readonly PaidRequest[]): readonly PaidRequest[] {
  const byKey = new Map<string, PaidRequest>();
  for (const request of requests) {
    if (request.answered || !byKey.has(request.key)) byKey.set(request.key, request);
  }
  return [...byKey.values()];
}

function accountOf(
  provider: Address,
  requests: readonly PaidRequest[],
  settlements: readonly LedgerEntry[],
  unsettled: Unsettled,
): ProviderBilling {
  const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);
  const answers = requests.filter(({ answered }) => answered);
  const unanswered = requests.filter(({ answered }) => !answered);
  const owed = sum(answers.map(({ fee }) => fee));
  const possible = sum(unanswered.map(({ fee }) => fee));
  const settled = sum(settlements.map(({ amount = 0n }) => amount));
  const difference = settled + ("fee" in unsettled ? unsettled.fee : 0n) - owed;
  return {
    ...{ provider, answers: answers.length, owed, unanswered: unanswered.length, possible },
    ...{ settled, settlements: settlements.length, unsettled, difference },
    overBilled: difference > possible ? difference - possible : 0n,
  };
}

/**
 * Asserts that no provider took, or says it will take, more than its answers cost.
 * @throws {OverBilledError} naming those that did, and by how much.
 */
export function assertFairlyBilled(accounts: readonly ProviderBilling[]): void {
  const over = accounts.filter(({ overBilled }) => overBilled > 0n);
  if (over.length === 0) return;
  const providers = over.map(({ provider, overBilled, settled, unsettled, owed }) => ({
    ...{ provider, overBilled, settled, owed },
    ...("fee" in unsettled ? { unsettled: unsettled.fee } : {}),
  }));
  const shown = over.map(({ provider, overBilled }) => `${provider} by ${withUnit(overBilled)}`);
  throw new OverBilledError({ shown: shown.join(", "), providers });
}

/** What asking a provider came to, where not knowing is an answer, too. */
export async function unsettledOrWhy(asked: Promise<bigint>): Promise<Unsettled> {
  try {
    return { fee: await asked };
  } catch (error) {
    if (error instanceof ZgError) return { unknown: `${error.code}: ${error.message}` };
    throw error;
  }
}
