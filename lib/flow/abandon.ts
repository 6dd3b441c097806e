/** Gives a run up: marks it, and takes back what it moved and nobody needs any more. */

import type { ConfirmedTransaction } from "../chain/send.ts";
import { readLedger, readLimits, readSubAccount, retrieve, withdraw } from "../compute/ledger.ts";
import { MAX_LIVE_REFUNDS, planRetrieve, type Retrieved, type RetrievePlan } from "../compute/retrieve.ts";
import type { Address, Hex } from "../hex.ts";
import { inferenceTokenId } from "../inft/mint.ts";
import { resultOfReceipt } from "../inft/receipt.ts";
import type { FlowContext } from "./context.ts";
import { RunDoneError } from "./errors.ts";
import { factsOf, lastFact, type FactOf, type Journal } from "./journal.ts";
import { ABANDON, spentRows, withdrawnBy } from "./spent.ts";
import { isMinted } from "./steps/mint.ts";

/** What can be taken back for a run. Amounts in neuron. */
export interface Retrievable {
  readonly providers: readonly {
    readonly provider: Address;
    readonly plan: RetrievePlan;
    readonly spendable: bigint;
  }[];
  /** What the run deposited and did not move on: back to the wallet at once. 0 when there is nothing. */
  readonly withdrawable: bigint;
}

/** The answer a run paid for and holds, whatever became of it: proved or not, or quarantined. */
export function heldAnswer(journal: Pick<Journal, "facts">): FactOf<"received">["result"] | undefined {
  return factsOf(journal, "received").at(-1)?.result;
}

/**
 * Works out what a run moved and left: at providers it transferred to, and in the ledger. Reads only.
 * @throws {RunDoneError} when it has minted.
 */
export async function retrievable(ctx: FlowContext): Promise<Retrievable> {
  const { read, owner, journal, id } = ctx;
  const receipt = lastFact(journal, "answered")?.receipt;
  if (receipt !== undefined && (await isMinted(ctx))) {
    const tokenId = inferenceTokenId(read.network, resultOfReceipt(receipt, read.network.mode));
    throw new RunDoneError({ id, tokenId: tokenId.toString() });
  }
  const rows = await spentRows(read, journal);
  const sum = (kind: "deposit" | "transfer") =>
    rows.reduce((total, { from, amount }) => (from === kind ? total + amount : total), 0n);
  const [deposited, transferred] = [sum("deposit"), sum("transfer")];
  const funded = transferred === 0n ? [] : fundedProviders(journal);
  const providers = [];
  for (const provider of funded) {
    const account = await readSubAccount(read, owner, provider);
    if (account !== undefined) {
      providers.push({ provider, plan: planRetrieve(account), spendable: account.spendable });
    }
  }
  // Given up before, it may have been taken back: what is in the ledger now is another's.
  const left = deposited - transferred - (await withdrawnBy(read, journal));
  return { providers, withdrawable: await withdrawable(read, owner, left) };
}

/** The providers that were chosen before something was transferred. */
function fundedProviders({ facts }: Pick<Journal, "facts">): readonly Address[] {
  const found = new Set<Address>();
  let chosen: Address | undefined;
  for (const fact of facts) {
    if (fact.type === "provider") chosen = fact.provider;
    if (fact.type === "signed" && fact.step === "transfer" && chosen !== undefined) found.add(chosen);
  }
  return [...found];
}

/** No more than is there, and no less than the contract leaves in a ledger that stays. */
async function withdrawable(read: FlowContext["read"], owner: Address, left: bigint): Promise<bigint> {
  if (left <= 0n) return 0n;
  const [ledger, { minAccountBalance }] = await Promise.all([readLedger(read, owner), readLimits(read)]);
  if (ledger === undefined) return 0n;
  if (left >= ledger.total) return ledger.total === ledger.available ? ledger.available : 0n;
  const keep = ledger.total - left >= minAccountBalance ? 0n : minAccountBalance - (ledger.total - left);
  const most = left - keep;
  if (most <= 0n) return 0n;
  return most < ledger.available ? most : ledger.available;
}

export interface Abandoned {
  readonly providers: readonly Retrieved[];
  readonly withdrawn: bigint;
  readonly transactions: readonly ConfirmedTransaction[];
}

/**
 * Marks a run as given up, then takes back what {@link retrievable} found. Sends what that takes; done again, it sends
 * what is left to send.
 */
export async function abandon(ctx: FlowContext, what: Retrievable): Promise<Abandoned> {
  const { journal, write } = ctx;
  if (lastFact(journal, "abandoned") === undefined) {
    journal.append({ type: "abandoned", time: new Date(ctx.clock()).toISOString() });
  }
  const onSigned = ({ what: purpose, hash, nonce }: { what: string; hash: Hex; nonce: number }) => {
    journal.append({ type: "signed", step: ABANDON, what: purpose, hash, nonce } satisfies FactOf<"signed">);
  };
  const recording = { ...write, onSigned };
  const sending = what.providers.filter(({ plan }) => plan === "send").map(({ provider }) => provider);
  const retrieved =
    sending.length === 0 ? { providers: [], transactions: [] } : await retrieve(recording, { providers: sending });
  const withdrawn = what.withdrawable === 0n ? { transactions: [] } : await withdraw(recording, what.withdrawable);
  return {
    providers: retrieved.providers,
    withdrawn: what.withdrawable,
    transactions: [...retrieved.transactions, ...withdrawn.transactions],
  };
}

/** Why nothing is asked back from a provider, in words. */
export const NOT_RETRIEVED: Readonly<Record<Exclude<RetrievePlan, "send">, string>> = {
  empty: "nothing is left there",
  waiting: "all of it is on its way back already",
  "too-many-refunds": `${MAX_LIVE_REFUNDS} refunds wait already; collect one first`,
};
