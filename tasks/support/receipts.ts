import { readFile } from "node:fs/promises";

import type { ReadContext } from "../../lib/chain/context.ts";
import { parseReceipt, type Receipt } from "../../lib/compute/receipt.ts";
import { assertReceipt, verifyReceipt, type ReceiptVerification } from "../../lib/compute/receipt-check.ts";
import { EXIT, UsageError, ZgError } from "../../lib/errors.ts";
import type { Mode } from "../../lib/networks.ts";
import { CHAT_ID_PATTERN } from "../../lib/protocol/chat.ts";
import { sha256Hex } from "../../lib/protocol/signed-text.ts";

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

/**
 * How real a receipt is on the chain it shall be minted on, all of it checked here and now. One made on another chain is
 * a replay of it, and all else must still hold.
 * @throws {ReceiptRejectedError}
 */
export async function modeOfReceipt(read: ReadContext, receipt: Receipt): Promise<Mode> {
  const found = await verifyReceipt(read, receipt);
  const elsewhere = found.checks.some(({ name, passed }) => name === "network" && !passed);
  if (!elsewhere) {
    assertReceipt(found);
    return read.network.mode;
  }
  const wrong = found.checks.filter(({ name, passed }) => !passed && name !== "network");
  if (wrong.length > 0) assertReceipt(found);
  return "replay";
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
 * choice, and by using one again it could replace an earlier receipt, also another provider's or a run's. What is no chat
 * id stands there by its hash: a paid answer is kept whatever its provider calls it, and nowhere else.
 */
export function receiptName(startedAt: number, chatId: string): string {
  const shown = CHAT_ID_PATTERN.test(chatId) ? chatId : `unnamed-${sha256Hex(chatId).slice(0, 16)}`;
  return `${new Date(startedAt).toISOString().replaceAll(/[-:.]/g, "")}-${shown}.json`;
}
