/** What every spending task needs: a signer, a cap, and the cost of its transactions before they are sent. */

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { ReadContext, SignedTransaction, WriteContext } from "../../lib/chain/context.ts";
import { nonceFile } from "../../lib/chain/nonce-file.ts";
import { awaitPending } from "../../lib/chain/pending.ts";
import {
  assertWalletHolds,
  estimateTransaction,
  type ConfirmedTransaction,
  type TransactionDraft,
} from "../../lib/chain/send.ts";
import { WalletSpending } from "../../lib/chain/spending.ts";
import type { BillRow } from "../../lib/flow/bill.ts";
import { checksum, type Address } from "../../lib/hex.ts";
import { explorerLink, type Network } from "../../lib/networks.ts";
import { withUnit } from "../../lib/units.ts";
import { action, type Answer, type TaskIo } from "./action.ts";
import type { SpendingArguments } from "./arguments.ts";
import { assertKeyUsable, selectedNetwork, type OpenConnection } from "./connection.ts";
import { runtimeFolders } from "./folders.ts";
import { SentTransactions } from "./sent.ts";
import { givenGasPrice, spendingCap } from "./spend.ts";

export interface Writer {
  readonly ctx: WriteContext;
  readonly owner: Address;
  readonly spending: WalletSpending;
}

/** Like {@link action}, for tasks that spend: what is wrong with cap or key is found before the network is opened. */
export function spendingAction<Arguments extends SpendingArguments>(
  run: (args: Arguments, hre: HardhatRuntimeEnvironment, io: TaskIo) => Promise<Answer>,
) {
  return action<Arguments>(async (args, hre, io) => {
    spendingCap(args);
    givenGasPrice(args);
    assertKeyUsable(selectedNetwork(hre));
    return run(args, hre, io);
  });
}

/**
 * Resolves the signer and binds it to the command's cap and log. What is signed from here on is written down before it
 * is sent; what an interrupted command sent is waited for first, so that this one sees what it did.
 * @throws {ReceiptPendingError} when that does not land in time.
 */
export async function openWriter(
  open: OpenConnection,
  args: SpendingArguments & { readonly as?: string | undefined },
  io: TaskIo,
): Promise<Writer> {
  const signer = await open.signer(args.as);
  const owner = checksum(signer.address);
  const spending = new WalletSpending(spendingCap(args));
  const gasPrice = givenGasPrice(args);
  const read: ReadContext = gasPrice === undefined ? open.read : { ...open.read, gasPrice };
  const ctx: WriteContext = { ...read, signer, spending, log: io.log, signal: io.signal };
  const folders = runtimeFolders(open.hre, open.network);
  if (folders === undefined) {
    io.log(`note: ${open.network.title}: what this command does ends with it`);
    return { ctx, owner, spending };
  }
  const sent = new SentTransactions(folders.base);
  await awaitPending(open.read, owner, sent.last(owner), { signal: io.signal });
  const onSigned = (transaction: SignedTransaction) => {
    sent.add(transaction);
  };
  const sharedNonces = nonceFile(folders.nonces, owner, { signal: io.signal });
  return { ctx: { ...ctx, onSigned, sharedNonces }, owner, spending };
}

/** The bill rows of one transaction: its value where it goes, and its gas at the maximum fee. */
export async function transactionRows(
  { ctx, owner }: Pick<Writer, "ctx" | "owner">,
  draft: TransactionDraft,
): Promise<BillRow[]> {
  const value = draft.value ?? 0n;
  // A node cannot estimate what the wallet cannot pay, and says so in words of its own.
  if (value > 0n) await assertWalletHolds(ctx, owner, draft.what, value);
  const { gasLimit, fees } = await estimateTransaction(ctx, owner, draft);
  const gas: BillRow = {
    what: `gas to ${draft.what}`,
    amount: gasLimit * fees.maxFeePerGas,
    from: "wallet",
    note: `up to ${gasLimit} gas`,
  };
  return value === 0n ? [gas] : [{ what: draft.what, amount: value, from: "deposit", note: "refundable" }, gas];
}

/** A transaction as data for scripts. */
export function transactionData(network: Network, sent: ConfirmedTransaction) {
  const { what, hash, blockNumber, gasUsed, fee, value } = sent;
  return { what, hash, blockNumber, gasUsed, fee, value, explorer: explorerLink(network, "tx", hash) };
}

/** Transactions as lines for people. */
export function transactionLines(network: Network, sent: readonly ConfirmedTransaction[]): string[] {
  return sent.flatMap((transaction) => {
    const link = explorerLink(network, "tx", transaction.hash);
    const line = `transaction ${transaction.hash}  gas ${withUnit(transaction.fee)}`;
    return link === undefined ? [line] : [line, `  ${link}`];
  });
}
