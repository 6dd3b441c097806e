/** Transactions of a task that are known beforehand: estimated, shown, agreed to, sent one after the other. */

import type { ConfirmedTransaction, TransactionDraft } from "../../lib/chain/send.ts";
import { makeBill, type BillRow } from "../../lib/flow/bill.ts";
import { sendToInft, translateInftError } from "../../lib/inft/translate.ts";
import type { TaskIo } from "./action.ts";
import type { SpendingArguments } from "./arguments.ts";
import { approve, billData } from "./spend.ts";
import { transactionRows, type Writer } from "./write.ts";

export interface Planned {
  /** The bill, as data. */
  readonly plan: ReturnType<typeof billData>;
  /** Undefined after `--dry-run`: nothing was sent. */
  readonly sent: readonly ConfirmedTransaction[] | undefined;
}

/**
 * Estimates every draft, so that what the contract refuses is known before the first is sent; then shows the bill, asks,
 * and sends them to the iNFT in order.
 */
export async function sendPlanned(
  writer: Writer,
  drafts: readonly TransactionDraft[],
  args: SpendingArguments,
  io: TaskIo,
  what: string,
): Promise<Planned> {
  const rows: BillRow[] = [];
  for (const draft of drafts) rows.push(...(await estimated(writer, draft)));
  const bill = makeBill(rows);
  const plan = billData(bill);
  if (!(await approve(bill, args, writer, io, what))) return { plan, sent: undefined };
  const sent: ConfirmedTransaction[] = [];
  for (const draft of drafts) sent.push(await sendToInft(writer.ctx, draft));
  return { plan, sent };
}

async function estimated(writer: Writer, draft: TransactionDraft): Promise<BillRow[]> {
  try {
    return await transactionRows(writer, draft);
  } catch (error) {
    throw translateInftError(error);
  }
}
