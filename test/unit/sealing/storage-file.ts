import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

import { secp256k1 } from "@noble/curves/secp256k1.js";
import type * as Sdk from "@0gfoundation/0g-ts-sdk";
import { expect } from "chai";

import { fromHex, toHex } from "../../../lib/hex.ts";
import {
  PublicKeyMalformedError,
  StorageFileHeaderError,
  StorageFileKeyError,
  StorageFileKeyMissingError,
  StorageFileNotOpenedError,
} from "../../../lib/sealing/errors.ts";
import {
  decryptStorageFile,
  encryptedFile,
  encryptStorageFile,
  fragmentKind,
  StorageFileDecryption,
  storageFileFormat,
  type StorageFileRecipient,
} from "../../../lib/sealing/storage-file.ts";
import { drawing, sealingVectors } from "./vectors.ts";

const KEY = new Uint8Array(32).fill(7);
const PRIVATE_KEY = new Uint8Array(32).fill(9);
const PUBLIC_KEY = secp256k1.getPublicKey(PRIVATE_KEY, true);
const KEYS = { key: KEY, privateKey: PRIVATE_KEY };
const RECIPIENTS: readonly StorageFileRecipient[] = [
  { format: "aes256", key: KEY },
  { format: "ecies", publicKey: PUBLIC_KEY },
];
/** Around the blocks of the cipher, and more than is read at a time. */
const SIZES = [0, 1, 15, 16, 17, 4096, 1024 * 1024 + 5];

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe("encrypted files of 0G's storage clients", () => {
  let sdk: typeof Sdk;
  before(async () => {
    sdk = await import("@0gfoundation/0g-ts-sdk");
  });

  /** A file as the SDK stores it. */
  async function storedBySdk(plaintext: Uint8Array, { format }: StorageFileRecipient): Promise<Uint8Array> {
    const inner = new sdk.MemData(plaintext);
    const file =
      format === "aes256" ? sdk.newSymmetricEncryptedFile(inner, KEY) : sdk.newEciesEncryptedFile(inner, PUBLIC_KEY);
    const { buffer } = await file.readFromFile(0, file.size());
    return new Uint8Array(buffer);
  }

  it("have stayed the same since they were written", async () => {
    for (const { key, publicKey, draws, plaintext, file } of sealingVectors().storageFiles) {
      const recipient: StorageFileRecipient =
        key === undefined
          ? { format: "ecies", publicKey: fromHex(publicKey ?? "0x") }
          : { format: "aes256", key: fromHex(key) };
      const bytes = await encryptStorageFile(fromHex(plaintext), recipient, drawing(...draws));
      expect(toHex(bytes)).to.equal(file);
    }
  });

  for (const recipient of RECIPIENTS) {
    const { format } = recipient;

    it(`open with the SDK, which gets exactly the bytes that were put in (${format})`, async () => {
      for (const size of SIZES) {
        const plaintext = randomBytes(size);
        const file = await encryptStorageFile(plaintext, recipient, randomBytes);
        const { bytes, decrypted } = sdk.tryDecrypt(file, { symmetricKey: KEY, privateKey: PRIVATE_KEY });
        expect(decrypted).to.equal(true);
        expect(toHex(bytes)).to.equal(toHex(plaintext));
      }
    });

    it(`open here when the SDK made them, and their content is not authenticated (${format})`, async () => {
      for (const size of SIZES.slice(1)) {
        const plaintext = randomBytes(size);
        const opened = decryptStorageFile(await storedBySdk(plaintext, recipient), KEYS);
        expect(opened.content).to.equal("not authenticated");
        expect(toHex(opened.plaintext)).to.equal(toHex(plaintext));
      }
    });

    it(`open here when they were made here, and their content is authenticated (${format})`, async () => {
      for (const size of SIZES) {
        const plaintext = randomBytes(size);
        const opened = decryptStorageFile(await encryptStorageFile(plaintext, recipient, randomBytes), KEYS);
        expect(opened.content).to.equal("authenticated");
        expect(toHex(opened.plaintext)).to.equal(toHex(plaintext));
      }
    });

    it(`say so when the key is another one, where the SDK returns garbage (${format})`, async () => {
      const plaintext = randomBytes(100);
      const file = await encryptStorageFile(plaintext, recipient, randomBytes);
      const other = { key: new Uint8Array(32).fill(8), privateKey: new Uint8Array(32).fill(8) };
      expect(() => decryptStorageFile(file, other))
        .to.throw(StorageFileNotOpenedError)
        .that.includes({ code: "ZG_STORAGE_FILE_KEY", exit: 5 });
      const { bytes } = sdk.tryDecrypt(file, { symmetricKey: other.key, privateKey: other.privateKey });
      expect(bytes.length).to.equal(plaintext.length);
    });

    it(`say so when a byte was altered, wherever it is behind the first (${format})`, async () => {
      const file = await encryptStorageFile(randomBytes(40), recipient, randomBytes);
      const marker = (format === "aes256" ? 17 : 50) - 4;
      for (let at = 1; at < file.length; at++) {
        if (at >= marker && at < marker + 4) continue; // then it is a file that promises no check
        expect(() => decryptStorageFile(flipped(file, at), KEYS), `byte ${at}`).to.throw(
          /does not open|not a point of secp256k1/,
        );
      }
    });

    it(`can be read anywhere before they are whole anywhere (${format})`, async () => {
      const plaintext = randomBytes(1000);
      const read = async (offset: number, length: number) =>
        Promise.resolve(plaintext.subarray(offset, offset + length));
      const file = await encryptedFile({ size: plaintext.length, read }, recipient, randomBytes);
      const whole = await file.read(0, file.size);
      for (const [offset, length] of [
        [0, 10],
        [3, 60],
        [16, 1],
        [50, 33],
        [71, 500],
        [file.size - 1, 1],
      ] as const) {
        expect(toHex(await file.read(offset, length))).to.equal(toHex(whole.subarray(offset, offset + length)));
      }
    });

    it(`open in pieces of any length (${format})`, async () => {
      const plaintext = randomBytes(300);
      const file = await encryptStorageFile(plaintext, recipient, randomBytes);
      for (const step of [1, 7, 64, 299]) {
        const decryption = new StorageFileDecryption(KEYS);
        const parts: Uint8Array[] = [];
        for (let at = 0; at < file.length; at += step) parts.push(decryption.update(file.subarray(at, at + step)));
        expect(decryption.finish()).to.equal("authenticated");
        expect(toHex(Buffer.concat(parts))).to.equal(toHex(plaintext));
      }
    });
  }

  it("are one ciphertext for one plaintext under one shared key, and never two for a public key", async () => {
    const plaintext = randomBytes(50);
    const twice = async (recipient: StorageFileRecipient) =>
      Promise.all([0, 1].map(async () => toHex(await encryptStorageFile(plaintext, recipient, randomBytes))));
    const [first, second] = await twice({ format: "aes256", key: KEY });
    expect(first).to.equal(second);
    const [third, fourth] = await twice({ format: "ecies", publicKey: PUBLIC_KEY });
    expect(third).to.not.equal(fourth);
  });

  it("open with node:crypto alone", async () => {
    const plaintext = randomBytes(77);
    const file = await encryptStorageFile(plaintext, { format: "aes256", key: KEY }, randomBytes);
    const nonce = file.subarray(1, 17);
    const decipher = createDecipheriv("aes-256-ctr", KEY, nonce);
    expect(toHex(decipher.update(file.subarray(17)))).to.equal(toHex(plaintext));
    const tagKey = new Uint8Array(hkdfSync("sha256", KEY, "", "0g-storage-file/tag/v1", 32));
    const tag = createHmac("sha256", tagKey).update(Uint8Array.of(1)).update(plaintext).digest().subarray(0, 12);
    expect(toHex(nonce)).to.equal(toHex(Buffer.concat([tag, Buffer.from("0gh1")])));
  });

  it("count their blocks over the end of the counter", () => {
    const nonce = new Uint8Array(16).fill(255);
    const plaintext = randomBytes(48);
    const cipher = createCipheriv("aes-256-ctr", KEY, nonce);
    const file = Buffer.concat([Uint8Array.of(1), nonce, cipher.update(plaintext)]);
    expect(toHex(decryptStorageFile(file, KEYS).plaintext)).to.equal(toHex(plaintext));
  });

  it("ask for the key of their kind", async () => {
    const [symmetric, sealed] = await Promise.all(
      RECIPIENTS.map(async (recipient) => encryptStorageFile(randomBytes(5), recipient, randomBytes)),
    );
    expect(() => decryptStorageFile(symmetric ?? KEY, { privateKey: PRIVATE_KEY }))
      .to.throw(StorageFileKeyMissingError)
      .with.property("details")
      .that.deep.equals({ format: "aes256" });
    expect(() => decryptStorageFile(sealed ?? KEY, { key: KEY }))
      .to.throw(StorageFileKeyMissingError)
      .with.property("details")
      .that.deep.equals({ format: "ecies" });
  });

  it("refuse keys that are none, and bytes that are no such file", async () => {
    const short = { format: "aes256", key: new Uint8Array(16) } as const;
    await encryptStorageFile(randomBytes(1), short, randomBytes).then(
      () => expect.fail("it took 16 bytes for a key"),
      (error: unknown) => expect(error).to.be.instanceOf(StorageFileKeyError),
    );
    const noPoint = { format: "ecies", publicKey: new Uint8Array(33) } as const;
    await encryptStorageFile(randomBytes(1), noPoint, randomBytes).then(
      () => expect.fail("it took a key that is no point"),
      (error: unknown) => expect(error).to.be.instanceOf(PublicKeyMalformedError),
    );
    for (const bytes of [
      new Uint8Array(0),
      Uint8Array.of(3, 1, 2),
      Uint8Array.of(1, 2, 3),
      Uint8Array.of(2, ...KEY, ...KEY),
    ]) {
      expect(() => decryptStorageFile(bytes, KEYS), toHex(bytes)).to.throw(StorageFileHeaderError);
    }
  });

  describe("in fragments", () => {
    it("are told apart as the SDK and the Go client make them", async () => {
      const plaintext = randomBytes(600);
      const whole = await storedBySdk(plaintext, { format: "ecies", publicKey: PUBLIC_KEY });
      const cut = [whole.subarray(0, 256), whole.subarray(256, 512), whole.subarray(512)];
      const apart = await Promise.all(
        [0, 300].map(async (at) =>
          storedBySdk(plaintext.subarray(at, at + 300), { format: "ecies", publicKey: PUBLIC_KEY }),
        ),
      );
      expect(fragmentKind(cut)).to.equal("one");
      expect(fragmentKind(apart)).to.equal("apart");
      const joined = apart.map((file) => decryptStorageFile(file, KEYS).plaintext);
      expect(toHex(Buffer.concat(joined))).to.equal(toHex(plaintext));
    });

    it("are garbage in the SDK's own download when they are apart, as it stores them", async () => {
      const plaintext = randomBytes(600);
      const apart = await Promise.all(
        [0, 300].map(async (at) => storedBySdk(plaintext.subarray(at, at + 300), { format: "aes256", key: KEY })),
      );
      const opened = sdk.tryDecryptFragments(apart, KEY, undefined) ?? [];
      expect(Buffer.concat(opened).length).to.equal(617);
    });
  });

  it("are named by their first byte alone", () => {
    expect([0, 1, 2, 3, undefined].map(storageFileFormat)).to.deep.equal([
      undefined,
      "aes256",
      "ecies",
      undefined,
      undefined,
    ]);
  });
});
