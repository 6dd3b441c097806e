import type { Address, Hex } from "../../../../lib/hex.ts";
import type { SettlementStatus } from "../../../../lib/protocol/settlement.ts";
import type { ProviderAccount, ProviderChain, ProviderService } from "../../../../lib/galileo/provider/chain.ts";
import type { SignedSettlement } from "../../../../lib/operator/settle.ts";
import { NEURON_PER_0G } from "../../../../lib/units.ts";

/** A chain in memory that a test can write to. It counts reads and keeps what was sent. */
export interface FakeChain extends ProviderChain {
  readonly accounts: Map<Address, ProviderAccount>;
  service: ProviderService | undefined;
  /** Every batch that was sent. */
  readonly sent: (readonly SignedSettlement[])[];
  readonly previewed: (readonly SignedSettlement[])[];
  accountReads: number;
  /** What the contract will say about a user, in preview and in settlement; default success. */
  readonly failures: Map<Address, SettlementStatus>;
  /** Only in the settlement itself: the state changed after the preview. */
  readonly lateFailures: Map<Address, SettlementStatus>;
  /** When set, every read throws it. */
  outage: Error | undefined;
  put(user: Address, account?: Partial<ProviderAccount>): void;
}

export const OPEN_ACCOUNT: ProviderAccount = {
  nonce: 0n,
  balance: 3n * NEURON_PER_0G,
  pendingRefund: 0n,
  acknowledged: true,
  generation: 0n,
  revokedBitmap: 0n,
};

export function fakeChain(): FakeChain {
  const accounts = new Map<Address, ProviderAccount>();
  const failures = new Map<Address, SettlementStatus>();
  const lateFailures = new Map<Address, SettlementStatus>();

  const missing = ({ user, totalFee }: SignedSettlement): bigint => {
    const balance = accounts.get(user)?.balance ?? 0n;
    return totalFee > balance ? totalFee - balance : 0n;
  };
  const chain: FakeChain = {
    accounts,
    failures,
    lateFailures,
    service: { inputPrice: 100n, outputPrice: 300n, teeSignerAcknowledged: true },
    sent: [],
    previewed: [],
    accountReads: 0,
    outage: undefined,
    put: (user, account = {}) => void accounts.set(user, { ...OPEN_ACCOUNT, ...accounts.get(user), ...account }),

    async getAccount(user) {
      if (chain.outage !== undefined) throw chain.outage;
      chain.accountReads += 1;
      return accounts.get(user);
    },
    async getService() {
      if (chain.outage !== undefined) throw chain.outage;
      return chain.service;
    },
    async previewSettlement(items) {
      chain.previewed.push(items);
      const failed = items.filter(({ user }) => failures.has(user)).map(({ user }) => user);
      const partial = items.filter((item) => !failures.has(item.user) && missing(item) > 0n);
      return {
        failed: new Map(failed.map((user) => [user, failures.get(user) ?? "success"])),
        partial: new Map(partial.map((item) => [item.user, missing(item)])),
      };
    },
    async settle(items) {
      chain.sent.push(items);
      const hash: Hex = `0x${String(chain.sent.length).padStart(64, "0")}`;
      const results = items.map((item) => {
        const status = lateFailures.get(item.user) ?? (missing(item) > 0n ? "partial" : "success");
        if (status === "success" || status === "partial") {
          const account = accounts.get(item.user) ?? OPEN_ACCOUNT;
          const paid = item.totalFee - missing(item);
          accounts.set(item.user, { ...account, nonce: item.nonce, balance: account.balance - paid });
        }
        return [item.user, { status, unsettled: status === "partial" ? item.totalFee : 0n }] as const;
      });
      return { hash, results: new Map(results) };
    },
  };
  return chain;
}
