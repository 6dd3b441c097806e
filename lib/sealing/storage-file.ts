/**
 * The encrypted files of 0G's own storage clients, and a check of ours inside them. The whole format, in one file.
 *
 *     version 1 | nonce 16 | ciphertext                       under 32 bytes that both sides have ("aes256")
 *     version 2 | ephemeral key 33 | nonce 16 | ciphertext    to a public key of secp256k1 ("ecies")
 *
 *     AES-256-CTR; the first counter is the nonce, as one number, big-endian; the header is not counted.
 *     Version 2: AES key = HKDF-SHA256(X of ECDH, no salt, info "0g-storage-client/ecies/v1/aes-256", 32)
 *
 * Source: `@0gfoundation/0g-ts-sdk` 1.2.8, lib.esm/common/encryption.js, and 0g-storage-client, core/encryption.go and
 * core/ecies.go. Both draw the nonce at random, and nothing tells whether what comes out is what went in: with a wrong
 * key their clients return garbage and no error.
 *
 * Files made here are of the same form, to the byte, and their nonce is no accident. It is a synthetic one, as in SIV
 * (Rogaway and Shrimpton 2006): a tag of the plaintext, so that whoever has the key can check what they opened.
 *
 *     nonce = tag 12 | "0gh1"
 *     tag = the first 12 bytes of HMAC-SHA256(tag key, version | ephemeral key, if any | plaintext)
 *     tag key = HKDF-SHA256(AES key, no salt, info "0g-storage-file/tag/v1", 32)
 *
 * - 0G's clients open such a file and get exactly the bytes that were put in. They check nothing.
 * - A file whose nonce does not end in "0gh1" is one of theirs: it opens, and its content is not authenticated. One of
 *   theirs ends so by chance once in 2^32, and is then refused.
 * - Who encrypts to a public key is nobody in particular: version 2 says that the file is whole, not who made it.
 * - Under one key of version 1, equal files are equal ciphertexts, so they have one root and are paid once. Whoever sees
 *   both sees that they are equal, and no more.
 */

import { createCipheriv, createHmac, hkdfSync } from "node:crypto";

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { equalBytes } from "@noble/curves/utils.js";

import {
  StorageFileHeaderError,
  StorageFileKeyError,
  StorageFileKeyMissingError,
  StorageFileNotOpenedError,
} from "./errors.ts";
import { drawPrivateKey, publicKey65, type RandomBytes } from "./index.ts";

export const STORAGE_FILE_KEY_BYTES = 32;

const VERSION = { aes256: 1, ecies: 2 } as const;
const EPHEMERAL_BYTES = 33;
const NONCE_BYTES = 16;
const TAG_BYTES = 12;
const BLOCK_BYTES = 16;
const MARKER = new TextEncoder().encode("0gh1");
const ECIES_INFO = "0g-storage-client/ecies/v1/aes-256";
const TAG_INFO = "0g-storage-file/tag/v1";
/** Read at a time, so that memory does not grow with the file. */
const STEP_BYTES = 1024 * 1024;

export type StorageFileFormat = keyof typeof VERSION;

/** Bytes that can be read anywhere and again. */
export interface ReadableBytes {
  readonly size: number;
  /** As many bytes as asked for, all of them within `size`. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Who shall be able to open a file. */
export type StorageFileRecipient =
  | { readonly format: "aes256"; readonly key: Uint8Array }
  | {
      readonly format: "ecies";
      /** Of secp256k1: 33, 64 or 65 bytes. */
      readonly publicKey: Uint8Array;
    };

/** What a reader has. Which one is needed, the file says. */
export interface StorageFileKeys {
  readonly key?: Uint8Array | undefined;
  /** Of secp256k1, 32 bytes. */
  readonly privateKey?: Uint8Array | undefined;
}

/**
 * How far opened bytes are vouched for: `authenticated` by the tag; `not authenticated` when 0G's clients made the file,
 * which put none in. Then a wrong key shows only in what the bytes are.
 */
export type StorageFileContent = "authenticated" | "not authenticated";

type Stream = ReturnType<typeof createCipheriv>;
type Tag = ReturnType<typeof createHmac>;

/** One file's AES key, and its header up to the nonce. */
interface FileKey {
  readonly prefix: Uint8Array;
  readonly aesKey: Uint8Array;
}

const PREFIX_BYTES: Readonly<Record<StorageFileFormat, number>> = { aes256: 1, ecies: 1 + EPHEMERAL_BYTES };

/** Bytes that a format adds in front. */
export function storageFileHeaderBytes(format: StorageFileFormat): number {
  return PREFIX_BYTES[format] + NONCE_BYTES;
}

/** The format that the first byte of a file names; undefined when it names none. Any file may begin so. */
export function storageFileFormat(firstByte: number | undefined): StorageFileFormat | undefined {
  if (firstByte === VERSION.aes256) return "aes256";
  return firstByte === VERSION.ecies ? "ecies" : undefined;
}

function requireKey(key: Uint8Array): Uint8Array {
  if (key.length !== STORAGE_FILE_KEY_BYTES) throw new StorageFileKeyError({ length: key.length });
  return key;
}

function eciesKey(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const x = secp256k1.getSharedSecret(privateKey, publicKey, true).subarray(1);
  return derive(x, ECIES_INFO);
}

function derive(secret: Uint8Array, info: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(), info, 32));
}

/** @throws {StorageFileKeyError} {@link PublicKeyMalformedError} */
function newFileKey(recipient: StorageFileRecipient, randomBytes: RandomBytes): FileKey {
  if (recipient.format === "aes256") {
    return { prefix: Uint8Array.of(VERSION.aes256), aesKey: requireKey(recipient.key) };
  }
  const publicKey = publicKey65(recipient.publicKey);
  const secret = drawPrivateKey(randomBytes);
  const ephemeral = secp256k1.getPublicKey(secret, true);
  return { prefix: concat(Uint8Array.of(VERSION.ecies), ephemeral), aesKey: eciesKey(secret, publicKey) };
}

/** @throws {StorageFileHeaderError} {@link StorageFileKeyMissingError} {@link StorageFileKeyError} */
function fileKeyOf(header: Uint8Array, keys: StorageFileKeys): FileKey {
  const format = storageFileFormat(header[0]);
  if (format === undefined) throw new StorageFileHeaderError("its first byte names no format");
  const prefix = header.slice(0, PREFIX_BYTES[format]);
  if (format === "aes256") {
    if (keys.key === undefined) throw new StorageFileKeyMissingError({ format });
    return { prefix, aesKey: requireKey(keys.key) };
  }
  const ephemeral = prefix.subarray(1);
  if (!isPoint(ephemeral)) throw new StorageFileHeaderError("its ephemeral key is not a point of secp256k1");
  if (keys.privateKey === undefined) throw new StorageFileKeyMissingError({ format });
  return { prefix, aesKey: eciesKey(keys.privateKey, ephemeral) };
}

function isPoint(compressed: Uint8Array): boolean {
  try {
    secp256k1.Point.fromBytes(compressed);
    return true;
  } catch {
    return false; // fromBytes throws for nothing else
  }
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function tagOf({ prefix, aesKey }: FileKey): Tag {
  return createHmac("sha256", derive(aesKey, TAG_INFO)).update(prefix);
}

function nonceOf(tag: Tag): Uint8Array {
  return concat(tag.digest().subarray(0, TAG_BYTES), MARKER);
}

/** Encrypts, or decrypts, from an offset of the plaintext on. */
function streamAt(aesKey: Uint8Array, nonce: Uint8Array, offset: number): Stream {
  const counter =
    (BigInt(`0x${Buffer.from(nonce).toString("hex")}`) + BigInt(Math.floor(offset / BLOCK_BYTES))) % 2n ** 128n;
  const stream = createCipheriv("aes-256-ctr", aesKey, Buffer.from(counter.toString(16).padStart(32, "0"), "hex"));
  stream.update(new Uint8Array(offset % BLOCK_BYTES));
  return stream;
}

/**
 * An encrypted file, made as it is read. Reads the plaintext once for its tag, and again as it is asked for.
 * @throws {StorageFileKeyError} {@link PublicKeyMalformedError}
 */
export async function encryptedFile(
  plaintext: ReadableBytes,
  recipient: StorageFileRecipient,
  randomBytes: RandomBytes,
): Promise<ReadableBytes> {
  const key = newFileKey(recipient, randomBytes);
  const tag = tagOf(key);
  for (let offset = 0; offset < plaintext.size; offset += STEP_BYTES) {
    tag.update(await plaintext.read(offset, Math.min(STEP_BYTES, plaintext.size - offset)));
  }
  const nonce = nonceOf(tag);
  const header = concat(key.prefix, nonce);
  return {
    size: header.length + plaintext.size,
    read: async (offset, length) => {
      const inHeader = header.subarray(Math.min(offset, header.length), Math.min(offset + length, header.length));
      const rest = length - inHeader.length;
      if (rest === 0) return inHeader;
      const from = Math.max(offset - header.length, 0);
      const bytes = await plaintext.read(from, rest);
      return concat(inHeader, streamAt(key.aesKey, nonce, from).update(bytes));
    },
  };
}

/** Opens one encrypted file as its bytes come, from the first to the last. */
export class StorageFileDecryption {
  readonly #keys: StorageFileKeys;
  /** Bytes of a header that is not whole yet. */
  #header: Uint8Array = new Uint8Array(0);
  #opening: { readonly stream: Stream; readonly tag: Tag; readonly nonce: Uint8Array } | undefined;

  constructor(keys: StorageFileKeys) {
    this.#keys = keys;
  }

  /**
   * The plaintext of the next bytes. Nothing vouches for it before {@link finish}.
   * @throws {StorageFileHeaderError} {@link StorageFileKeyMissingError} {@link StorageFileKeyError}
   */
  update(bytes: Uint8Array): Uint8Array {
    if (this.#opening !== undefined) return this.#decrypt(this.#opening, bytes);
    const begun = concat(this.#header, bytes);
    const format = storageFileFormat(begun[0]);
    if (begun.length > 0 && format === undefined) throw new StorageFileHeaderError("its first byte names no format");
    const length = format === undefined ? 1 : storageFileHeaderBytes(format);
    if (begun.length < length) {
      this.#header = begun;
      return new Uint8Array(0);
    }
    const header = begun.subarray(0, length);
    const key = fileKeyOf(header, this.#keys);
    const nonce = header.slice(-NONCE_BYTES);
    const opening = { stream: streamAt(key.aesKey, nonce, 0), tag: tagOf(key), nonce };
    this.#opening = opening;
    return this.#decrypt(opening, begun.subarray(length));
  }

  #decrypt({ stream, tag }: { readonly stream: Stream; readonly tag: Tag }, bytes: Uint8Array): Uint8Array {
    const plaintext = stream.update(bytes);
    tag.update(plaintext);
    return plaintext;
  }

  /**
   * Whether the bytes that came out are those that went in.
   * @throws {StorageFileHeaderError} when there were too few.
   * @throws {StorageFileNotOpenedError} when the tag says no: another key, or altered bytes.
   */
  finish(): StorageFileContent {
    if (this.#opening === undefined) throw new StorageFileHeaderError(`it has ${this.#header.length} bytes only`);
    const { nonce, tag } = this.#opening;
    if (!equalBytes(nonce.subarray(TAG_BYTES), MARKER)) return "not authenticated";
    if (!equalBytes(nonce, nonceOf(tag))) throw new StorageFileNotOpenedError();
    return "authenticated";
  }
}

/** Encrypts bytes that are at hand. */
export async function encryptStorageFile(
  plaintext: Uint8Array,
  recipient: StorageFileRecipient,
  randomBytes: RandomBytes,
): Promise<Uint8Array> {
  const read = async (offset: number, length: number) => Promise.resolve(plaintext.subarray(offset, offset + length));
  const file = await encryptedFile({ size: plaintext.length, read }, recipient, randomBytes);
  return file.read(0, file.size);
}

/**
 * Opens bytes that are at hand.
 * @throws what {@link StorageFileDecryption} throws.
 */
export function decryptStorageFile(
  file: Uint8Array,
  keys: StorageFileKeys,
): { readonly plaintext: Uint8Array; readonly content: StorageFileContent } {
  const decryption = new StorageFileDecryption(keys);
  const plaintext = decryption.update(file);
  return { plaintext, content: decryption.finish() };
}

/**
 * How the fragments of a large encrypted file are put together. `apart`: each is a file of its own, with a header, as
 * `@0gfoundation/0g-ts-sdk` 1.2.8 stores them, though its own download takes them for the other kind and returns garbage.
 * `one`: they are one file that was cut, as 0G's Go client stores them.
 */
export type FragmentKind = "apart" | "one";

/**
 * Tells the kind from the first bytes of every fragment. A cut file's later fragments are random, so of one later
 * fragment it is wrong once in 256 for `aes256`; more fragments make it certain, and a user may say what it is.
 */
export function fragmentKind(beginnings: readonly Uint8Array[]): FragmentKind {
  const [first, ...later] = beginnings;
  const format = storageFileFormat(first?.[0]);
  const begins = (bytes: Uint8Array) =>
    storageFileFormat(bytes[0]) === format && (format !== "ecies" || isPoint(bytes.subarray(1, PREFIX_BYTES.ecies)));
  return format !== undefined && later.every(begins) ? "apart" : "one";
}
