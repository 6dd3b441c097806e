/** What happened to a user's sub-accounts, from the contracts' events. */

import { id, zeroPadValue, type LogDescription } from "ethers";

import { blockTimes } from "../chain/block-times.ts";
import type { ReadContext } from "../chain/context.ts";
import { INTERFACES } from "../chain/contracts.ts";
import { readLogs } from "../chain/logs.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import { SERVICE_KINDS, servingAddress, type ServiceKind } from "./service-kind.ts";

/** One change of a sub-account. Amounts in neuron; absent where they follow from what lies before the first block read. */
export interface LedgerEntry {
  readonly kind:
    /** Came from the ledger. */
    | "transferred"
    /** Went back to the ledger: a refund that had unlocked. */
    | "retrieved"
    /** Went to the provider. */
    | "settled"
    /** Its lock time begins. */
    | "refund requested"
    /** A transfer or a settlement took it out of a refund that was under way. */
    | "refund cancelled"
    /** One of these: what was there before is not known. */
    | "changed"
    | "deleted"
    | "tokens revoked";
  readonly service: ServiceKind;
  readonly provider: Address;
  /** By how much the balance, or for refunds what is under way, changed. */
  readonly amount?: bigint;
  /** Afterwards. */
  readonly balance?: bigint;
  readonly pendingRefund?: bigint;
  /** Unix seconds. */
  readonly time: bigint;
  readonly block: number;
  readonly transaction: Hex;
}

const WATCHED = [
  "BalanceUpdated",
  "RefundRequested",
  "AccountDeleted",
  "AllTokensRevoked",
  "TokenRevoked",
  "TokensRevoked",
];
const FUND_SPENT = id("FundSpent(address,address,uint256)");

/**
 * Reads what happened to a user's sub-accounts, oldest first. Deposits to the ledger and withdrawals from it are not among
 * it: LedgerManager writes no event for them.
 * @throws {RpcUnreachableError}
 */
export async function readLedgerHistory(
  ctx: ReadContext,
  user: Address,
  { fromBlock = 0 }: { readonly fromBlock?: number } = {},
): Promise<readonly LedgerEntry[]> {
  const abi = INTERFACES.inferenceServing(); // FineTuningServing's events are the same
  const topic = zeroPadValue(user, 32);
  const names = WATCHED.map((name) => abi.getEvent(name)?.topicHash ?? "");
  const what = `Reading the history of ${user}`;
  const spentFilter = { address: ctx.network.contracts.ledgerManager, topics: [FUND_SPENT, topic] };
  const [spent, ...found] = await Promise.all([
    readLogs(ctx, what, spentFilter, fromBlock),
    ...SERVICE_KINDS.map(async (service) =>
      readLogs(ctx, what, { address: servingAddress(ctx.network, service), topics: [names, topic] }, fromBlock),
    ),
  ]);
  const settled = new Map(spent.map((log) => [log.transactionHash, BigInt(log.data)] as const));
  const kindOf = new Map(SERVICE_KINDS.map((service) => [servingAddress(ctx.network, service), service] as const));
  const logs = found.flat().sort((a, b) => a.blockNumber - b.blockNumber || a.index - b.index);
  const timeOf = await blockTimes(
    ctx,
    logs.map(({ blockNumber }) => blockNumber),
  );
  const accounts = new Map<string, Account>();
  return logs.flatMap((log) => {
    const event = abi.parseLog(log);
    const service = kindOf.get(checksum(log.address));
    if (event === null || service === undefined) return [];
    const provider = checksum(event.args[1] as string);
    const key = `${service} ${provider}`;
    const before = accounts.get(key) ?? (fromBlock === 0 ? EMPTY : undefined);
    const { after, changes } = changesOf(event, before, settled.get(log.transactionHash));
    if (after !== undefined) accounts.set(key, after);
    const where = { time: timeOf(log.blockNumber), block: log.blockNumber };
    const transaction = log.transactionHash as Hex;
    return changes.map((change) => ({ ...change, ...after, service, provider, ...where, transaction }));
  });
}

interface Account {
  readonly balance: bigint;
  readonly pendingRefund: bigint;
}
type Change = Pick<LedgerEntry, "kind" | "amount">;

const EMPTY: Account = { balance: 0n, pendingRefund: 0n };

function changesOf(
  event: LogDescription,
  before: Account | undefined,
  settled: bigint | undefined,
): { readonly after: Account | undefined; readonly changes: readonly Change[] } {
  switch (event.name) {
    case "BalanceUpdated": {
      const after = { balance: event.args[2] as bigint, pendingRefund: event.args[3] as bigint };
      return { after, changes: balanceChanges(before, after, settled) };
    }
    case "RefundRequested": {
      if (before === undefined) return { after: undefined, changes: [{ kind: "refund requested" }] };
      // Everything that is not under way yet; emitted, too, when there is nothing of that.
      const amount = before.balance - before.pendingRefund;
      const after = { ...before, pendingRefund: before.balance };
      return { after, changes: amount > 0n ? [{ kind: "refund requested", amount }] : [] };
    }
    case "AccountDeleted":
      return { after: EMPTY, changes: [{ kind: "deleted", amount: event.args[2] as bigint }] };
    default:
      return { after: before, changes: [{ kind: "tokens revoked" }] };
  }
}

function balanceChanges(before: Account | undefined, after: Account, settled: bigint | undefined): readonly Change[] {
  const fromRefund = before === undefined ? 0n : before.pendingRefund - after.pendingRefund;
  const cancelled: Change[] = fromRefund > 0n ? [{ kind: "refund cancelled", amount: fromRefund }] : [];
  if (settled !== undefined) return [{ kind: "settled", amount: settled }, ...cancelled];
  if (before === undefined) return [{ kind: "changed" }];
  const gained = after.balance - before.balance;
  if (gained < 0n) return [{ kind: "retrieved", amount: -gained }];
  return gained > 0n ? [{ kind: "transferred", amount: gained }, ...cancelled] : cancelled;
}
