/** A broker's ledger. */

import * as ledger from "../compute/ledger.ts";
import { readLedgerHistory, type LedgerEntry } from "../compute/ledger-history.ts";
import { checksum } from "../hex.ts";
import type { BrokerParts } from "./parts.ts";

/** The main account. Amounts in neuron; nothing moves that was not asked for. */
export interface LedgerBroker {
  /** Undefined when there is none. */
  getLedger(): Promise<ledger.Ledger | undefined>;
  /** Opens the ledger, or adds to it: exactly this much. */
  depositFund(amount: bigint): Promise<ledger.DepositResult>;
  /** The same from this wallet into somebody else's ledger, which is theirs to spend. */
  depositFundFor(recipient: string, amount: bigint): Promise<ledger.DepositResult>;
  transferFund(provider: string, amount: bigint, service?: ledger.ServiceKind): Promise<ledger.TransferResult>;
  /** Collects what has unlocked and requests the rest, at these providers or at all. */
  retrieveFund(service?: ledger.ServiceKind, providers?: readonly string[]): Promise<ledger.RetrieveResult>;
  /** To the wallet. */
  refund(amount: bigint | "all"): Promise<ledger.WithdrawResult>;
  getProvidersWithBalance(service?: ledger.ServiceKind): Promise<ledger.SubAccount[]>;
  /** What happened to the sub-accounts, oldest first. */
  getHistory(range?: { readonly fromBlock?: number }): Promise<readonly LedgerEntry[]>;
}

export function ledgerPart({ ready, session }: BrokerParts): LedgerBroker {
  return {
    getLedger: async () => ledger.readLedger(await ready(), await session.user()),
    depositFund: async (amount) => ledger.deposit(await ready(), amount),
    depositFundFor: async (recipient, amount) => ledger.deposit(await ready(), amount, checksum(recipient)),
    transferFund: async (provider, amount, service = "inference") =>
      ledger.transfer(await ready(), { provider: checksum(provider), amount, service }),
    retrieveFund: async (service = "inference", providers) =>
      ledger.retrieve(await ready(), {
        service,
        ...(providers === undefined ? {} : { providers: providers.map(checksum) }),
      }),
    refund: async (amount) => ledger.withdraw(await ready(), amount),
    getProvidersWithBalance: async (service = "inference") =>
      (await ledger.listSubAccounts(await ready(), await session.user(), service)).filter(
        ({ balance }) => balance > 0n,
      ),
    getHistory: async (range) => readLedgerHistory(await ready(), await session.user(), range),
  };
}
