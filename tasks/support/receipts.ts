import { readFile } from "node:fs/promises";

import { parseReceipt, type Receipt } from "../../lib/compute/receipt.ts";
import { UsageError } from "../../lib/errors.ts";

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
