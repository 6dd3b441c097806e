/** What became of each item, one JSON object a line, in the order of the file. */

import type { Hex } from "../hex.ts";
import { failureOf, type BatchQueue, type ItemRow } from "./queue.ts";
import type { ItemState } from "./state.ts";

export interface BatchResult {
  readonly id: string;
  readonly status: ItemState;
  readonly provider?: string;
  /** The answer. Of a quarantined item it is not proved, and not given. */
  readonly content?: string;
  /** Neuron. */
  readonly fee?: string;
  readonly tokenId?: string;
  readonly transaction?: Hex;
  readonly receipt?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/** An item's line. */
export function resultOf(row: ItemRow): BatchResult {
  const { id, state, provider, content, fee, tokenId, transactionHash, receiptFile } = row;
  const error = failureOf(row);
  return {
    id,
    status: state,
    ...(provider === null ? {} : { provider }),
    ...(content === null || state === "quarantined" ? {} : { content }),
    ...(fee === null ? {} : { fee }),
    ...(tokenId === null ? {} : { tokenId }),
    ...(transactionHash === null ? {} : { transaction: transactionHash as Hex }),
    ...(receiptFile === null ? {} : { receipt: receiptFile }),
    ...(error === undefined ? {} : { error }),
  };
}

/** All lines of a batch. */
export async function resultLines(queue: BatchQueue): Promise<string> {
  const lines: string[] = [];
  for await (const row of queue.each()) lines.push(`${JSON.stringify(resultOf(row))}\n`);
  return lines.join("");
}
