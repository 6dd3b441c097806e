/** What the commands of a run spent, as the chain and its journal tell it. */

import { INTERFACES } from "../chain/contracts.ts";
import { chainCall } from "../chain/revert.ts";
import type { ReadContext } from "../chain/context.ts";
import type { Hex } from "../hex.ts";
import { inParallel } from "../parallel.ts";
import type { BillRow } from "./bill.ts";
import { factsOf, type FactOf, type Fact, type Journal } from "./journal.ts";

/** Transactions by their hash: one that was replaced or dropped is not on the chain, and cost nothing. */
async function landedRows(
  { network, provider }: Pick<ReadContext, "network" | "provider">,
  signed: readonly FactOf<"signed">[],
): Promise<BillRow[]> {
  const { storageFlow, ledgerManager } = network.contracts;
  const whats = new Map(signed.map(({ hash, what }) => [hash, what] as const));
  const rows = await inParallel([...whats], async ([hash, what]): Promise<BillRow[]> => {
    const receipt = await chainCall(`Reading what it cost to ${what}`, provider.getTransactionReceipt(hash));
    if (receipt === null) return [];
    const note = hash;
    const gas: BillRow = { what: `gas to ${what}`, amount: receipt.gasUsed * receipt.gasPrice, from: "wallet", note };
    if (receipt.status === 0) return [gas];
    const transaction = await chainCall(`Reading what it moved to ${what}`, provider.getTransaction(hash));
    const { value = 0n, data = "0x" } = transaction ?? {};
    const moved = receipt.to === ledgerManager ? transferred(data as Hex) : 0n;
    return [
      gas,
      ...(value === 0n
        ? []
        : [{ what, amount: value, from: receipt.to === storageFlow ? "storage" : "deposit", note } as const]),
      ...(moved === 0n ? [] : [{ what, amount: moved, from: "transfer", note } as const]),
    ];
  });
  return rows.flat();
}

/** What a call of LedgerManager takes from the ledger to a provider. */
function transferred(data: Hex): bigint {
  const call = INTERFACES.ledgerManager().parseTransaction({ data });
  return call?.name === "transferFund" ? (call.args[2] as bigint) : 0n;
}

/** What a run took back from the ledger to the wallet. Neuron. */
export async function withdrawnBy(
  { provider, network }: Pick<ReadContext, "network" | "provider">,
  journal: Pick<Journal, "facts">,
): Promise<bigint> {
  const hashes = new Set(factsOf(journal, "signed").flatMap(({ step, hash }) => (step === ABANDON ? [hash] : [])));
  const amounts = await inParallel([...hashes], async (hash) => {
    const [receipt, transaction] = await chainCall(
      `Reading what ${hash} took back`,
      Promise.all([provider.getTransactionReceipt(hash), provider.getTransaction(hash)]),
    );
    if (receipt?.status !== 1 || transaction === null || receipt.to !== network.contracts.ledgerManager) return 0n;
    const call = INTERFACES.ledgerManager().parseTransaction({ data: transaction.data });
    return call?.name === "refund" ? (call.args[0] as bigint) : 0n;
  });
  return amounts.reduce((sum, amount) => sum + amount, 0n);
}

/** What transactions of giving a run up are noted under. */
export const ABANDON = "abandon";

/** What each request of a run cost: as it was billed, at worst where nobody knows, nothing where it was refused. */
export function feeOfRequest(facts: readonly Fact[], asked: FactOf<"asked">): { fee: bigint; known: boolean } {
  const worst = { fee: BigInt(asked.worst ?? 0), known: false };
  for (const fact of facts.slice(facts.indexOf(asked) + 1)) {
    if (fact.type === "asked") return worst;
    if (fact.type === "refused") return { fee: 0n, known: true };
    if (fact.type === "answered") return { fee: BigInt(fact.receipt.fee.fee), known: true };
    if (fact.type === "quarantined") return { fee: BigInt(fact.fee), known: true };
  }
  return worst;
}

/** What all commands of a run have spent and moved, as rows of a bill. Reads the chain; nothing of a run that sent nothing. */
export async function spentRows(
  ctx: Pick<ReadContext, "network" | "provider">,
  { facts }: Pick<Journal, "facts">,
): Promise<BillRow[]> {
  const fees = facts.flatMap((fact): BillRow[] => {
    if (fact.type !== "asked") return [];
    const { fee } = feeOfRequest(facts, fact);
    return fee === 0n ? [] : [{ what: "an answer", amount: fee, from: "fee", note: `of ${fact.provider}` }];
  });
  return [
    ...(await landedRows(
      ctx,
      facts.filter((fact) => fact.type === "signed"),
    )),
    ...fees,
  ];
}

/**
 * What the transactions cost for good that were signed under a reservation: gas and storage. Undefined when that is not
 * known, because one of them has not landed.
 * @param landed transactions of the account that are in blocks, so that one without a receipt below is known to be none.
 */
export async function spentUnder(
  ctx: Pick<ReadContext, "network" | "provider">,
  { facts }: Pick<Journal, "facts">,
  reservation: string,
  landed: number,
): Promise<bigint | undefined> {
  const from = facts.findIndex((fact) => fact.type === "reserved" && fact.reservation === reservation);
  if (from < 0) return 0n; // it was set aside, and its process ended before it could use it
  const next = facts.findIndex((fact, index) => index > from && fact.type === "reserved");
  const signed = facts
    .slice(from, next < 0 ? undefined : next)
    .filter((fact): fact is FactOf<"signed"> => fact.type === "signed");
  if (signed.some(({ nonce }) => nonce >= landed)) return undefined;
  const rows = await landedRows(ctx, signed);
  return rows.reduce(
    (sum, { from: kind, amount }) => (kind === "wallet" || kind === "storage" ? sum + amount : sum),
    0n,
  );
}
