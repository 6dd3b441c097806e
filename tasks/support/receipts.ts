import { readFile } from "node:fs/promises";

import { assertReceipt, parseReceipt, type Receipt, type ReceiptVerification } from "../../lib/compute/receipt.ts";
import { EXIT, UsageError, ZgError } from "../../lib/errors.ts";

/**
 * Reads a receipt file.
 * @throws {UsageError} when it cannot be read. {@link ReceiptMalformedError} {@link ReceiptVersionError}
 */
export async function readReceiptFile(file: string): Promise<Receipt> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new UsageError({
      message: `${file} cannot be read`,
      remedy: "Give the receipt file that inference chat or flow run wrote.",
      details: { file },
      cause,
    });
  }
  return parseReceipt(text);
}

/** Nothing is wrong with a receipt, but no chain was asked who may sign. */
export class ReceiptUncheckedError extends ZgError {
  constructor(reason: string, claimedNetwork: string) {
    super({
      code: "ZG_RECEIPT_UNCHECKED",
      exit: EXIT.precondition,
      message: `The receipt agrees with itself, which proves little: ${reason}`,
      remedy: `Name the network whose chain shall say who may sign; the receipt claims --network ${claimedNetwork}.`,
      details: { claimedNetwork },
    });
  }
}

/**
 * Asserts that a receipt is proved, by its bytes and by a chain.
 * @throws {ReceiptRejectedError} when a check failed. {@link ReceiptUncheckedError} when no chain was asked.
 */
export function assertProved(receipt: Receipt, found: ReceiptVerification): void {
  assertReceipt(found);
  if (found.status === "incomplete") throw new ReceiptUncheckedError(found.reason, receipt.network);
}

/**
 * The file name of an answer's receipt. It begins with the time, which is ours: the chat id alone is the provider's
 * choice, and by using one again it could replace an earlier receipt, also another provider's or a run's.
 */
export function receiptName(startedAt: number, chatId: string): string {
  return `${new Date(startedAt).toISOString().replaceAll(/[-:.]/g, "")}-${chatId}.json`;
}
