/** How the provider collects: totals per user, signed by the TEE key, previewed, sent in batches of 50. */

import type { BaseWallet } from "ethers";

import type { Log } from "../../chain/context.ts";
import type { Address, Hex } from "../../hex.ts";
import type { Network } from "../../networks.ts";
import { requestsHash, SETTLEMENT_TYPES, settlementDomain, settlementNonce } from "../../protocol/settlement.ts";
import { settlementBatches, type SignedSettlement } from "../../operator/settle.ts";
import type { Bill, Bills } from "./bills.ts";
import type { ProviderChain } from "./chain.ts";
import type { SettlementOutcome } from "./options.ts";

export interface Settler {
  /** Settles all users; with `patient`, leaves out those whose balance was too small within the last hour. */
  settle(options?: { readonly patient?: boolean }): Promise<SettlementOutcome[]>;
}

interface Claim {
  readonly item: SignedSettlement;
  readonly rows: readonly Bill[];
}

const SKIPPED_FOR_MS = 3_600_000;

function total(rows: readonly Bill[]): bigint {
  return rows.reduce((sum, row) => sum + row.fee, 0n);
}

/** The oldest requests that `available` pays for in full. */
function affordable(rows: readonly Bill[], available: bigint): readonly Bill[] {
  let sum = 0n;
  const end = rows.findIndex((row) => (sum += row.fee) > available);
  return end < 0 ? rows : rows.slice(0, end);
}

export function settler(options: {
  readonly network: Network;
  readonly provider: Address;
  readonly tee: () => BaseWallet;
  readonly chain: ProviderChain;
  readonly bills: Bills;
  readonly clock: () => number;
  readonly log: Log;
}): Settler {
  const { network, provider, tee, chain, bills, clock, log } = options;
  const domain = settlementDomain(network.chainId, network.contracts.inferenceServing);
  const skippedUntil = new Map<Address, number>();
  let lastNonce = 0n;

  /** By the clock as live providers do, but never one twice: two settlements in a second must both succeed. */
  const nextNonce = (accountNonce: bigint): bigint => {
    const floor = (accountNonce > lastNonce ? accountNonce : lastNonce) + 1n;
    const byClock = settlementNonce(clock());
    lastNonce = byClock > floor ? byClock : floor;
    return lastNonce;
  };

  const claim = async (user: Address, rows: readonly Bill[]): Promise<Claim> => {
    const account = await chain.getAccount(user);
    const message = {
      requestsHash: requestsHash(rows),
      nonce: nextNonce(account?.nonce ?? 0n),
      provider,
      user,
      totalFee: total(rows),
    };
    const signature = (await tee().signTypedData(domain, SETTLEMENT_TYPES, message)) as Hex;
    return { item: { ...message, signature }, rows };
  };

  const outcome = (
    { item, rows }: Claim,
    status: SettlementOutcome["status"],
    unsettled: bigint,
    hash?: Hex,
  ): SettlementOutcome => ({
    provider,
    user: item.user,
    status,
    requests: rows.length,
    totalFee: item.totalFee,
    unsettled,
    ...(hash === undefined ? {} : { hash }),
  });

  const forget = (rows: readonly Bill[]): void => bills.remove(rows.map((row) => row.requestId));

  /** Asks the contract first: keeps what will succeed, cuts what fits only in part, and reports the rest. */
  const preview = async (claims: readonly Claim[], outcomes: SettlementOutcome[]): Promise<Claim[]> => {
    const { failed, partial } = await chain.previewSettlement(claims.map(({ item }) => item));
    const ready: Claim[] = [];
    for (const made of claims) {
      const { user, totalFee } = made.item;
      const failure = failed.get(user);
      const missing = partial.get(user);
      if (failure !== undefined) {
        // Nobody vouches for this signer any more: such fees can never be collected.
        if (failure === "no-tee-signer") forget(made.rows);
        outcomes.push(outcome(made, failure, totalFee));
      } else if (missing === undefined) {
        ready.push(made);
      } else {
        skippedUntil.set(user, clock() + SKIPPED_FOR_MS);
        const rows = affordable(made.rows, totalFee - missing);
        if (rows.length > 0) ready.push(await claim(user, rows));
        else outcomes.push(outcome(made, "skipped", totalFee));
      }
    }
    return ready;
  };

  const send = async (claims: readonly Claim[], outcomes: SettlementOutcome[]): Promise<void> => {
    const { hash, results } = await chain.settle(claims.map(({ item }) => item));
    for (const made of claims) {
      const result = results.get(made.item.user);
      if (result === undefined) throw new Error(`settlement ${hash} says nothing about ${made.item.user}`);
      const paid = result.status === "success" || result.status === "partial";
      // What a partial settlement leaves unpaid is on no record any more: its nonce is used up.
      if (paid || result.status === "no-tee-signer") forget(made.rows);
      outcomes.push(outcome(made, result.status, paid ? result.unsettled : made.item.totalFee, hash));
    }
  };

  const settleAll = async (patient: boolean): Promise<SettlementOutcome[]> => {
    const now = clock();
    for (const [user, until] of skippedUntil) if (until <= now) skippedUntil.delete(user);
    bills.prune();
    const claims: Claim[] = [];
    for (const [user, rows] of bills.payable()) {
      if (!(patient && skippedUntil.has(user))) claims.push(await claim(user, rows));
    }
    const outcomes: SettlementOutcome[] = [];
    const ready: Claim[] = [];
    for (const batch of settlementBatches(claims)) ready.push(...(await preview(batch, outcomes)));
    for (const batch of settlementBatches(ready)) await send(batch, outcomes);
    for (const { user, status, totalFee, requests } of outcomes) {
      log(`settled ${requests} requests of ${user} for ${totalFee} neuron: ${status}`);
    }
    return outcomes;
  };

  let running: Promise<unknown> = Promise.resolve();
  return {
    settle({ patient = false } = {}) {
      const settled = running.then(() => settleAll(patient));
      running = settled.catch(() => undefined); // its caller sees the failure; the next settlement starts all the same
      return settled;
    },
  };
}
