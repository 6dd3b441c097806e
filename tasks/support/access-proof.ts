import { readFile } from "node:fs/promises";

import { UsageError } from "../../lib/errors.ts";
import { isHex, toHex, fromHex, type Hex } from "../../lib/hex.ts";
import { parseAccessProof, type AccessProof } from "../../lib/inft/proof-access.ts";
import { publicKey64 } from "../../lib/sealing/index.ts";

/**
 * Reads the file that `inft accept` wrote.
 * @throws {UsageError} when it cannot be read. {@link AccessProofMalformedError}
 */
export async function readAccessProof(file: string): Promise<AccessProof> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new UsageError({
      message: `${file} cannot be read`,
      remedy: "Give the access proof that the receiver made: npx hardhat inft accept <token> --out <file>",
      details: { file },
      cause,
    });
  }
  return parseAccessProof(text);
}

/**
 * Parses the public key that data shall be sealed to, into X and Y.
 * @throws {UsageError} when it is no hexadecimal. {@link PublicKeyMalformedError} when it is no point of the curve.
 */
export function parseSealingKey(text: string): Hex {
  if (isHex(text)) return toHex(publicKey64(fromHex(text)));
  throw new UsageError({
    message: "What was given with --public-key is not hexadecimal",
    remedy: "Give 0x and 66 (compressed), 128 or 130 hexadecimal digits. Never a private key.",
    details: { length: text.length },
  });
}
