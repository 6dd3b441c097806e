/** Keys and formats of encrypted files, as `storage` tasks take them. */

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";

import { setting } from "../../lib/env.ts";
import { UsageError } from "../../lib/errors.ts";
import { fromHex, isHex } from "../../lib/hex.ts";
import { parsePublicKey } from "../../lib/inft/owner-key.ts";
import { StorageFileKeyError } from "../../lib/sealing/errors.ts";
import {
  encryptedFile,
  STORAGE_FILE_KEY_BYTES,
  type StorageFileFormat,
  type StorageFileKeys,
  type StorageFileRecipient,
} from "../../lib/sealing/storage-file.ts";
import { SEED_BYTES, seededRandomBytes } from "../../lib/sealing/index.ts";
import { keepSecret } from "../../lib/secrets.ts";
import type { StorageSource } from "../../lib/storage/client.ts";
import type { OpenConnection } from "./connection.ts";
import { decryptionKeys, ownEncryptionKey } from "./decryption.ts";

export interface KeyArguments {
  readonly keyFile: string | undefined;
  readonly as: string | undefined;
}

export interface EncryptionArguments extends KeyArguments {
  readonly encrypt: string;
  readonly publicKey: string | undefined;
}

/** What `--encrypt` or `--decrypt` says; undefined for `none`. @throws {UsageError} */
export function parseFormat(text: string, option: "--encrypt" | "--decrypt"): StorageFileFormat | undefined {
  if (text === "none") return undefined;
  if (text === "aes256" || text === "ecies") return text;
  throw new UsageError({
    message: `${option} ${JSON.stringify(text)} is none of none, aes256, ecies`,
    remedy: "aes256 takes a key that both sides have, ecies a public key of secp256k1.",
    details: { [option.slice(2)]: text },
  });
}

/**
 * The key of `--key-file`, else of ZG_STORAGE_ENCRYPTION_KEY: 32 bytes, or 64 hexadecimal digits.
 * @throws {UsageError} when neither is given. {@link StorageFileKeyError}
 */
async function sharedKey(keyFile: string | undefined): Promise<Uint8Array> {
  if (keyFile !== undefined) {
    let bytes: Uint8Array;
    try {
      bytes = await readFile(keyFile);
    } catch (cause) {
      throw new UsageError({
        message: `${keyFile} cannot be read`,
        remedy: "Give a file of 32 bytes or 64 hexadecimal digits.",
        details: { file: keyFile },
        cause,
      });
    }
    keepSecret(bytes.length === STORAGE_FILE_KEY_BYTES ? bytes : Buffer.from(bytes).toString("latin1"));
    return bytes.length === STORAGE_FILE_KEY_BYTES
      ? new Uint8Array(bytes)
      : keyOfText(Buffer.from(bytes).toString("latin1"));
  }
  const found = setting("ZG_STORAGE_ENCRYPTION_KEY");
  if (found === undefined) {
    throw new UsageError({
      message: "No key is given for aes256",
      remedy:
        "Give --key-file <file>, or put 64 hexadecimal digits into ZG_STORAGE_ENCRYPTION_KEY: openssl rand -hex 32",
    });
  }
  return keyOfText(found.value);
}

function keyOfText(text: string): Uint8Array {
  const digits = text.trim().replace(/^0x/, "");
  const hex = `0x${digits}`;
  if (!isHex(hex)) throw new StorageFileKeyError({ length: text.trim().length });
  return fromHex(hex);
}

/**
 * Who shall be able to open what is stored; undefined for everybody.
 * @throws {UsageError} {@link StorageFileKeyError} {@link PublicKeyMalformedError}
 */
export async function encryptionOf(
  open: OpenConnection,
  { encrypt, keyFile, publicKey, as }: EncryptionArguments,
): Promise<StorageFileRecipient | undefined> {
  const format = parseFormat(encrypt, "--encrypt");
  if (format === "aes256") return { format, key: await sharedKey(keyFile) };
  if (format === undefined) return undefined;
  return { format, publicKey: publicKey === undefined ? await ownEncryptionKey(open, as) : parsePublicKey(publicKey) };
}

/** Says which options contradict each other, before a network is opened. @throws {UsageError} */
export function assertEncryption({ encrypt, keyFile, publicKey }: Omit<EncryptionArguments, "as">): void {
  const format = parseFormat(encrypt, "--encrypt");
  const wrong =
    keyFile !== undefined && format !== "aes256"
      ? "--key-file goes with --encrypt aes256"
      : publicKey !== undefined && format !== "ecies"
        ? "--public-key goes with --encrypt ecies"
        : undefined;
  if (wrong !== undefined) throw new UsageError({ message: wrong, remedy: "Leave it out, or name the format." });
}

/** A source that is encrypted as it is read. Reads it once for its tag. The same seed makes the same bytes again. */
export async function encryptedSource(
  source: StorageSource,
  recipient: StorageFileRecipient | undefined,
  seed: Uint8Array = randomBytes(SEED_BYTES),
): Promise<StorageSource> {
  if (recipient === undefined) return source;
  const random = seededRandomBytes(seed, "ephemeral key of a file");
  const encrypted = await encryptedFile(source, recipient, random);
  await source.assertUnchanged();
  return {
    name: source.name,
    size: encrypted.size,
    read: async (offset, length) => encrypted.read(offset, length),
    assertUnchanged: async () => source.assertUnchanged(),
  };
}

/**
 * What opens files of a format: the shared key, or the key that {@link encryptionOf} encrypts to when none is named.
 * @throws {UsageError} {@link StorageFileKeyError} {@link PrivateKeyMissingError}
 */
export async function openingKeys(
  open: OpenConnection,
  format: StorageFileFormat | undefined,
  { keyFile, as }: KeyArguments,
): Promise<StorageFileKeys | undefined> {
  if (format === undefined) return undefined;
  if (format === "aes256") return { key: await sharedKey(keyFile) };
  const [first] = await decryptionKeys(open, as);
  return { privateKey: first?.privateKey };
}
