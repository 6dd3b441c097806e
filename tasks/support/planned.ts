/** Transactions of a task that are known beforehand: estimated, shown, agreed to, sent one after the other. */

import { sendTransaction, type ConfirmedTransaction, type TransactionDraft } from "../../lib/chain/send.ts";
import { makeBill, type BillRow } from "../../lib/flow/bill.ts";
import { translateInftError } from "../../lib/inft/translate.ts";
import type { TaskIo } from "./action.ts";
import type { SpendingArguments } from "./arguments.ts";
import type { StoredObject } from "../../lib/storage/client.ts";
import { approve, billData } from "./spend.ts";
import type { Storing } from "./storing.ts";
import { transactionRows, type Writer } from "./write.ts";

export interface Planned {
  /** The bill, as data. */
  readonly plan: ReturnType<typeof billData>;
  /** Undefined after `--dry-run`: nothing was sent. */
  readonly sent: readonly ConfirmedTransaction[] | undefined;
  /** What was stored before. */
  readonly stored: readonly StoredObject[];
}

/**
 * Estimates every draft, so that what the contract refuses is known before the first is sent; then shows the bill, asks,
 * and sends them in order. `translate` says what the refusals of the contract called mean; the iNFT's when absent. What is
 * `storing` is stored before the first is sent, so that nothing on chain names bytes that are nowhere.
 */
export async function sendPlanned(
  writer: Writer,
  drafts: readonly TransactionDraft[],
  args: SpendingArguments,
  io: TaskIo,
  what: string,
  translate: (error: unknown) => unknown = translateInftError,
  storing?: Storing,
): Promise<Planned> {
  const rows: BillRow[] = [...(storing?.rows ?? [])];
  const explained = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw translate(error);
    }
  };
  for (const draft of drafts) rows.push(...(await explained(transactionRows(writer, draft))));
  const bill = makeBill(rows);
  const plan = billData(bill);
  if (!(await approve(bill, args, writer, io, what))) return { plan, sent: undefined, stored: [] };
  const stored = (await storing?.store()) ?? [];
  const sent: ConfirmedTransaction[] = [];
  for (const draft of drafts) sent.push(await explained(sendTransaction(writer.ctx, draft)));
  return { plan, sent, stored };
}
