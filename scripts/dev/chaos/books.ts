/** What a user's money did, counted from the chain's blocks and the providers' bills, and held together to the neuron. */

import { Interface, JsonRpcProvider, type TransactionReceipt } from "ethers";

import type { ReadContext } from "../../../lib/chain/context.ts";
import { INTERFACES } from "../../../lib/chain/contracts.ts";
import { readLedger } from "../../../lib/compute/ledger.ts";
import type { LocalProvider } from "../../../lib/galileo/provider/options.ts";
import type { Address, Hex } from "../../../lib/hex.ts";
import { inftInterface } from "../../../lib/inft/contracts.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { inParallel } from "../../../lib/parallel.ts";

/** Where the counting starts. */
export interface Opening {
  readonly url: string;
  readonly user: Address;
  /** The last block that is not counted. */
  readonly block: number;
  /** Neuron in the wallet then. */
  readonly wallet: bigint;
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
  /** Requests that were billed, and neuron that providers collected for them or will. */
  readonly paid: number;
  readonly billed: bigint;
  readonly collected: bigint;
  /** What does not add up, in words; empty when the books balance. */
  readonly faults: readonly string[];
}

const TRANSFER = new Interface(["event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)"]);
const MINTED = [TRANSFER.getEvent("Transfer")?.topicHash ?? "", `0x${"00".repeat(32)}`];

export async function openBooks(url: string, user: Address): Promise<Opening> {
  return reading(url, async ({ provider }) => {
    const block = await provider.getBlockNumber();
    return { url, user, block, wallet: await provider.getBalance(user) };
  });
}

/** Counts all a user did since `opening`. The providers are told to collect first, so that nothing is under way. */
export async function closeBooks(
  { url, user, block, wallet: before }: Opening,
  providers: readonly LocalProvider[],
): Promise<Books> {
  const faults: string[] = [];
  const bills = providers.flatMap((provider) =>
    provider.requests().flatMap(({ user: asker, fee }) => (asker === user && fee !== undefined ? [fee] : [])),
  );
  const billed = bills.reduce((sum, fee) => sum + fee, 0n);
  let collected = 0n;
  for (const provider of providers) {
    for (const outcome of await provider.settle()) {
      if (outcome.user !== user) continue;
      collected += outcome.totalFee - outcome.unsettled;
      if (outcome.status !== "success") faults.push(`a settlement of ${outcome.totalFee} was ${outcome.status}`);
    }
  }
  return reading(url, async (read) => {
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
    if (spent !== before) faults.push(`the wallet held ${before}, and ${spent} are accounted for`);
    if (ledger + collected !== sums.deposited) {
      faults.push(`${sums.deposited} went into the ledger, and ${ledger + collected} are accounted for`);
    }
    if (collected !== billed) faults.push(`${billed} were billed, and ${collected} collected`);
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
      collected,
      faults,
    };
  });
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

async function reading<T>(url: string, use: (read: ReadContext) => Promise<T>): Promise<T> {
  const provider = new JsonRpcProvider(url, undefined, { cacheTimeout: -1, staticNetwork: true });
  try {
    return await use({ network: networkNamed("localhost"), provider });
  } finally {
    provider.destroy();
  }
}
