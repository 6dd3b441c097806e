import { UsageError } from "../../lib/errors.ts";
import { parseAddress, type Address } from "../../lib/hex.ts";
import { parsePublicKey } from "../../lib/inft/owner-key.ts";
import type { OpenConnection } from "./connection.ts";
import { ownEncryptionKey } from "./decryption.ts";
import type { Writer } from "./write.ts";

/** Who gets a minted token, and the key its data are sealed to. */
export interface Recipient {
  readonly to: Address;
  readonly publicKey: Uint8Array;
}

/**
 * The recipient that `--to` and `--public-key` name; the signer when they name none.
 * @throws {UsageError} when somebody else's key is not given, or is not of that account.
 */
export async function recipient(
  args: { readonly to: string | undefined; readonly publicKey: string | undefined; readonly as?: string | undefined },
  open: OpenConnection,
  { owner }: Pick<Writer, "owner">,
): Promise<Recipient> {
  const to = args.to === undefined ? owner : parseAddress(args.to, "recipient");
  if (args.publicKey !== undefined) return { to, publicKey: parsePublicKey(args.publicKey, to) };
  if (to === owner) return { to, publicKey: await ownEncryptionKey(open, args.as) };
  throw new UsageError({
    message: `The data is sealed to the public key of ${to}, which its address does not tell`,
    remedy: "Add the recipient's public key: --public-key 0x04….",
    details: { to },
  });
}
