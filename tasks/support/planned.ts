/** Transactions of a task that are known beforehand: estimated, shown, agreed to, sent one after the other. */

import { sendTransaction, type ConfirmedTransaction, type TransactionDraft } from "../../lib/chain/send.ts";
import { makeBill, type BillRow } from "../../lib/flow/bill.ts";
import { translateInftError } from "../../lib/inft/translate.ts";
import type { Network } from "../../lib/networks.ts";
import type { Answer, TaskIo } from "./action.ts";
import type { SpendingArguments } from "./arguments.ts";
import type { StoredObject } from "../../lib/storage/client.ts";
import { approve, billData } from "./spend.ts";
import type { Storing } from "./storing.ts";
import { transactionData, transactionLines, transactionRows, type Writer } from "./write.ts";

export interface Planned {
  /** The bill, as data. */
  readonly plan: ReturnType<typeof billData>;
  /** Undefined after `--dry-run`: nothing was sent. */
  readonly sent: readonly ConfirmedTransaction[] | undefined;
  /** What was stored before. */
  readonly stored: readonly StoredObject[];
}

/** What {@link sendPlanned} may be told beside what to send. */
export interface PlannedOptions {
  /** What the refusals of the contract called mean; default: the iNFT's. */
  readonly translate?: (error: unknown) => unknown;
  /** What is stored before the first is sent, so that nothing on chain names bytes that are nowhere. */
  readonly storing?: Storing | undefined;
}

/**
 * Estimates every draft, so that what the contract refuses is known before the first is sent; then shows the bill, asks,
 * and sends them in order.
 */
export async function sendPlanned(
  writer: Writer,
  drafts: readonly TransactionDraft[],
  args: SpendingArguments,
  io: TaskIo,
  what: string,
  { translate = translateInftError, storing }: PlannedOptions = {},
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

/**
 * What a task answers that sent what it planned: `data` with the plan, what `done` adds, and the transactions. After
 * `--dry-run`, that nothing was sent.
 */
export async function plannedAnswer(
  network: Network,
  { plan, sent }: Pick<Planned, "plan" | "sent">,
  data: object,
  done: (sent: readonly ConfirmedTransaction[]) => Said | Promise<Said>,
): Promise<Answer> {
  if (sent === undefined) return { data: { ...data, plan, dryRun: true }, text: ["dry run: nothing was sent"] };
  const { data: more, text } = await done(sent);
  return {
    data: { ...data, plan, ...more, transactions: sent.map((each) => transactionData(network, each)) },
    text: [...text, ...transactionLines(network, sent)],
  };
}

interface Said {
  readonly data?: object;
  readonly text: readonly string[];
}
