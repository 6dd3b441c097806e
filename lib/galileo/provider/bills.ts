/** What users owe: one row a request, from before its answer until it is settled. */

import type { Address } from "../../hex.ts";
import type { Fee } from "../../protocol/fees.ts";
import type { BilledRequest } from "../../protocol/settlement.ts";

export interface Bill extends BilledRequest {
  readonly address: Address;
  readonly createdAt: number;
  /** Tokens, words, images or seconds that were charged. Rows that stay at 0 are never settled. */
  readonly units: number;
}

export interface Bills {
  /** Opens a row with fee 0. */
  open(row: { requestId: string; user: string; address: Address }): void;
  /** States what the answer cost. */
  complete(requestId: string, fee: Fee, units: number): void;
  /** Forgets rows: their requests failed, or they are settled. */
  remove(requestIds: Iterable<string>): void;
  /** Neuron. */
  unsettled(address: Address): bigint;
  /** Rows ready to be settled, oldest first, per user. */
  payable(): ReadonlyMap<Address, readonly Bill[]>;
  /** Forgets rows without an answer that are older than an hour. */
  prune(): void;
}

const UNANSWERED_MS = 3_600_000;

export function bills(clock: () => number): Bills {
  const rows = new Map<string, Bill>(); // in the order of their creation
  return {
    open: (row) =>
      void rows.set(row.requestId, {
        ...row,
        createdAt: clock(),
        fee: 0n,
        inputFee: 0n,
        outputFee: 0n,
        units: 0,
      }),
    complete(requestId, fee, units) {
      const row = rows.get(requestId);
      if (row !== undefined) rows.set(requestId, { ...row, ...fee, units });
    },
    remove(requestIds) {
      for (const requestId of requestIds) rows.delete(requestId);
    },
    unsettled(address) {
      let sum = 0n;
      for (const row of rows.values()) if (row.address === address) sum += row.fee;
      return sum;
    },
    payable() {
      const perUser = new Map<Address, Bill[]>();
      for (const row of rows.values()) {
        if (row.units === 0) continue;
        perUser.set(row.address, [...(perUser.get(row.address) ?? []), row]);
      }
      return perUser;
    },
    prune() {
      const oldest = clock() - UNANSWERED_MS;
      for (const row of rows.values()) {
        if (row.units === 0 && row.createdAt < oldest) rows.delete(row.requestId);
      }
    },
  };
}
