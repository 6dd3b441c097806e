/** What a user's money did, counted from the chain's blocks and the providers' bills, and held together to the neuron. */

import { Interface, type TransactionReceipt } from "ethers";

import type { ReadContext } from "../../../lib/chain/context.ts";
import { INTERFACES } from "../../../lib/chain/contracts.ts";
import { readLedger } from "../../../lib/compute/ledger.ts";
import type { LocalProvider, SettlementOutcome } from "../../../lib/galileo/provider/options.ts";
import type { Address, Hex } from "../../../lib/hex.ts";
import { inftInterface } from "../../../lib/inft/contracts.ts";
import { inParallel } from "../../../lib/parallel.ts";

/** Where the counting starts. */
export interface Opening {
  /** Past whatever stands between the user and the chain. */
  readonly read: ReadContext;
  readonly user: Address;
  /** The last block that is not counted. */
  readonly block: number;
  /** Neuron in the wallet then. */
  readonly wallet: bigint;
  /** Neuron in ledger and sub-accounts then. */
  readonly ledger: bigint;
  /** Requests of each provider that were billed before. */
  readonly billed: ReadonlyMap<Biller, number>;
}

/** What a user's transactions were, by name: `deposit`, `transfer`, `commit` … */
export type Tally = Readonly<Record<string, number>>;

export interface Books {
  /** Successful transactions. */
  readonly tally: Tally;
  readonly failed: readonly Hex[];
  /** Tokens minted, whoever minted them. */
  readonly mints: number;
  readonly hashes: readonly Hex[];
  /** Neuron. */
  readonly wallet: bigint;
  readonly gas: bigint;
  /** Neuron that left the wallet as value: to the ledger, and to 0G Storage. */
  readonly deposited: bigint;
  readonly stored: bigint;
  /** Neuron in ledger and sub-accounts together. */
  readonly ledger: bigint;
  /** Requests that were billed, and what for, which the providers have collected. */
  readonly paid: number;
  readonly billed: bigint;
  /** What does not add up, in words; empty when the books balance. */
  readonly faults: readonly string[];
}

const TRANSFER = new Interface(["event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)"]);
const MINTED = [TRANSFER.getEvent("Transfer")?.topicHash ?? "", `0x${"00".repeat(32)}`];

/** What the books need of a provider. */
export interface Biller {
  /** Neuron of each request of a user that was ever billed, in order. */
  bills(user: Address): Promise<readonly bigint[]>;
  settle(): Promise<readonly Pick<SettlementOutcome, "user" | "status" | "totalFee">[]>;
}

/** A provider of this process. It remembers its last 1000 requests. */
export function billerOf(provider: LocalProvider): Biller {
  return {
    bills: async (user) =>
      provider.requests().flatMap(({ user: asker, fee }) => (asker === user && fee !== undefined ? [fee] : [])),
    settle: async () => provider.settle(),
  };
}

/** Starts counting, once the providers have collected what is owed. */
export async function openBooks(read: ReadContext, user: Address, providers: readonly Biller[]): Promise<Opening> {
  for (const provider of providers) await provider.settle();
  const billed = new Map<Biller, number>();
  for (const provider of providers) billed.set(provider, (await provider.bills(user)).length);
  const [block, wallet] = [await read.provider.getBlockNumber(), await read.provider.getBalance(user)];
  const ledger = (await readLedger(read, user))?.total ?? 0n;
  return { read, user, block, wallet, ledger, billed };
}

/** Counts all a user did since `opening`. The providers collect first, so that nothing is under way. */
export async function closeBooks(opening: Opening): Promise<Books> {
  const { read, user, block } = opening;
  const faults: string[] = [];
  const bills: bigint[] = [];
  for (const [provider, before] of opening.billed) {
    bills.push(...(await provider.bills(user)).slice(before));
    for (const { user: payer, status, totalFee } of await provider.settle()) {
      if (payer === user && status !== "success") faults.push(`a settlement of ${totalFee} was ${status}`);
    }
  }
  const receipts = await receiptsSince(read, block);
  const own = receipts.filter(({ from }) => from === user);
  const failed = own.filter(({ status }) => status !== 1);
  const tally: Record<string, number> = {};
  const sums = { gas: 0n, deposited: 0n, stored: 0n };
  for (const receipt of own) {
    const transaction = await read.provider.getTransaction(receipt.hash);
    if (transaction === null) throw new Error(`${receipt.hash} is gone`);
    sums.gas += receipt.gasUsed * receipt.gasPrice;
    if (receipt.status !== 1) continue;
    const name = nameOf(read, transaction.to, transaction.data);
    tally[name] = (tally[name] ?? 0) + 1;
    if (transaction.to === read.network.contracts.storageFlow) sums.stored += transaction.value;
    else sums.deposited += transaction.value;
  }
  const wallet = await read.provider.getBalance(user);
  const ledger = (await readLedger(read, user))?.total ?? 0n;
  const mints = receipts
    .flatMap(({ logs }) => logs)
    .filter(({ topics }) => topics.length === 4 && MINTED.every((topic, at) => topics[at] === topic)).length;

  const spent = wallet + sums.gas + sums.deposited + sums.stored;
  if (spent !== opening.wallet) faults.push(`the wallet held ${opening.wallet}, and ${spent} are accounted for`);
  const held = opening.ledger + sums.deposited;
  const billed = bills.reduce((sum, fee) => sum + fee, 0n);
  if (ledger + billed !== held) {
    faults.push(`the ledger held ${held}, and ${ledger} in it and ${billed} billed are accounted for`);
  }
  return {
    tally,
    failed: failed.map(({ hash }) => hash as Hex),
    mints,
    hashes: own.map(({ hash }) => hash as Hex),
    wallet,
    ...sums,
    ledger,
    paid: bills.length,
    billed,
    faults,
  };
}

function nameOf({ network }: ReadContext, to: string | null, data: string): string {
  const { ledgerManager, inferenceServing, storageFlow } = network.contracts;
  if (to === null) return "deploy";
  if (to === storageFlow) return "store";
  const abi =
    to === ledgerManager
      ? INTERFACES.ledgerManager()
      : to === inferenceServing
        ? INTERFACES.inferenceServing()
        : inftInterface();
  return abi.getFunction(data.slice(0, 10))?.name ?? data.slice(0, 10);
}

async function receiptsSince({ provider }: ReadContext, block: number): Promise<TransactionReceipt[]> {
  const last = await provider.getBlockNumber();
  const numbers = Array.from({ length: last - block }, (_, i) => block + 1 + i);
  const found = await inParallel(numbers, async (number) => {
    const { transactions = [] } = (await provider.getBlock(number)) ?? {};
    return inParallel(transactions, async (hash) => {
      const receipt = await provider.getTransactionReceipt(hash);
      if (receipt === null) throw new Error(`block ${number} holds ${hash}, which has no receipt`);
      return receipt;
    });
  });
  return found.flat();
}
