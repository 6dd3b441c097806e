import { expect } from "chai";
import { ECDH, createCipheriv, createDecipheriv, createECDH, createHash, hkdfSync } from "node:crypto";
import { createRequire } from "node:module";

import { fromHex, toHex, type Address } from "../../../lib/hex.ts";
import {
  EnvelopeTamperedError,
  EnvelopeVersionError,
  PublicKeyMalformedError,
  SealedKeyMalformedError,
  SealedKeyNotOpenedError,
  WrongDataKeyError,
} from "../../../lib/sealing/errors.ts";
import {
  DATA_KEY_BYTES,
  ENVELOPE_VERSION,
  SEALED_KEY_BYTES,
  decryptData,
  encryptData,
  envelopeToken,
  openKey,
  sealKey,
  type BoundPlace,
  type RandomBytes,
} from "../../../lib/sealing/index.ts";

/** SHA-256 of a counter: the same bytes in every run. */
function countingBytes(): RandomBytes {
  let calls = 0;
  return (length) => new Uint8Array(createHash("sha256").update(`random ${calls++}`).digest().subarray(0, length));
}

function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 37) & 255);
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

function keyPair(seed: string): { privateKey: Uint8Array; publicKey: Uint8Array; compressed: Uint8Array } {
  const ecdh = createECDH("secp256k1");
  const privateKey = createHash("sha256").update(seed).digest();
  ecdh.setPrivateKey(privateKey);
  return {
    privateKey: new Uint8Array(privateKey),
    publicKey: new Uint8Array(ecdh.getPublicKey()),
    compressed: new Uint8Array(ecdh.getPublicKey(null, "compressed")),
  };
}

const PLACE: BoundPlace = {
  chainId: 16602,
  contract: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
  token: `0x${"a7".repeat(32)}`,
  index: 0,
};

/** Made by this code when the formats were written; a difference means old data no longer opens. */
const ENVELOPE_VECTOR = {
  dataKey: "0xf8161c1980478295eb64672f081e55d7f783061f3e272e0c7db2875754425fc4",
  envelope:
    "0xe1a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7c71fd99c6dfd780e39b17ad057e39fec" +
    "8ce4aea117d79c43e7e0cbc65e62f2242febe1ef872568512878fb8b2b6874ffb54f49f03f51c17753d2e69c3c7f7e595324" +
    "ee65e6fc602f",
};
const BOX_VECTOR =
  "0x041a3e5392b5a1d2b1e56774b461a93f50f49a98866052da5c599b5aeccde666feb912d2ff9b48c1a1d916a6ce2db91831" +
  "17fa725da49309dce505ece89e9bcbf72febe1ef872568512878fb8b031bc02b06878d60c9d437c90ce2dc4f00bfff2efa0a" +
  "745ffb2f1c7e9ca0399d1407cd256de1e573c7c1a6cc665b457a455a9fc6";

describe("a data envelope", () => {
  it("gives back what was encrypted, whatever its length", () => {
    for (const length of [0, 1, 15, 16, 17, 100_000]) {
      const plaintext = bytesOf(length);
      const { envelope, dataKey } = encryptData(plaintext, PLACE, countingBytes());
      expect(envelope.length).to.equal(length + 93);
      expect(toHex(decryptData(envelope, dataKey, PLACE))).to.equal(toHex(plaintext));
    }
  });

  it("has the bytes the format describes, computed here with node:crypto", () => {
    const plaintext = new TextEncoder().encode("What is 2+2?");
    const { envelope, dataKey } = encryptData(plaintext, PLACE, countingBytes());
    const random = countingBytes();
    expect(toHex(dataKey)).to.equal(toHex(random(32)));
    const nonce = random(12);
    const derived = Buffer.from(hkdfSync("sha256", dataKey, new Uint8Array(0), "inft-v1", 64));
    const token = Buffer.alloc(32, 0xa7);
    const number = (value: number) => Buffer.from(value.toString(16).padStart(64, "0"), "hex");
    const version = Buffer.of(ENVELOPE_VERSION);
    const contract = Buffer.from(PLACE.contract.slice(2), "hex");
    const cipher = createCipheriv("aes-256-gcm", derived.subarray(0, 32), nonce);
    cipher.setAAD(Buffer.concat([version, number(16602), contract, token, number(0)]));
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const expected = Buffer.concat([version, token, derived.subarray(32), nonce, ciphertext, cipher.getAuthTag()]);
    expect(toHex(envelope)).to.equal(toHex(expected));
  });

  it("has stayed the same since version 1 was written", () => {
    const { envelope, dataKey } = encryptData(new TextEncoder().encode("What is 2+2?"), PLACE, countingBytes());
    expect(toHex(dataKey)).to.equal(ENVELOPE_VECTOR.dataKey);
    expect(toHex(envelope)).to.equal(ENVELOPE_VECTOR.envelope);
  });

  it("takes a fresh key and nonce each time", () => {
    const random = countingBytes();
    const one = encryptData(bytesOf(8), PLACE, random);
    const two = encryptData(bytesOf(8), PLACE, random);
    expect(toHex(one.dataKey)).to.not.equal(toHex(two.dataKey));
    expect(toHex(one.envelope.subarray(65, 77))).to.not.equal(toHex(two.envelope.subarray(65, 77)));
  });

  it("says what it was made for", () => {
    const { envelope } = encryptData(bytesOf(8), PLACE, countingBytes());
    expect(envelopeToken(envelope)).to.equal(PLACE.token);
  });

  it("rejects another data key as such", () => {
    const { envelope } = encryptData(bytesOf(8), PLACE, countingBytes());
    expect(() => decryptData(envelope, bytesOf(32), PLACE))
      .to.throw(WrongDataKeyError)
      .with.property("code", "ZG_WRONG_DATA_KEY");
  });

  it("rejects another chain, contract or index", () => {
    const { envelope, dataKey } = encryptData(bytesOf(8), PLACE, countingBytes());
    for (const change of [
      { chainId: 16661 },
      { contract: "0xa79F4c8311FF93C06b8CfB403690cc987c93F91E" as Address },
      { index: 1 },
    ]) {
      expect(() => decryptData(envelope, dataKey, { ...PLACE, ...change }))
        .to.throw(EnvelopeTamperedError)
        .with.property("code", "ZG_ENVELOPE_TAMPERED");
    }
  });

  it("rejects any flipped bit", () => {
    const { envelope, dataKey } = encryptData(bytesOf(8), PLACE, countingBytes());
    for (let bit = 0; bit < envelope.length * 8; bit++) {
      const byte = bit >> 3;
      const expected =
        byte === 0 ? EnvelopeVersionError : byte > 32 && byte < 65 ? WrongDataKeyError : EnvelopeTamperedError;
      expect(() => decryptData(flipped(envelope, bit), dataKey, PLACE), `bit ${bit}`).to.throw(expected);
    }
  });

  it("rejects a cut or lengthened one", () => {
    const { envelope, dataKey } = encryptData(bytesOf(8), PLACE, countingBytes());
    expect(() => decryptData(envelope.subarray(0, -1), dataKey, PLACE)).to.throw(EnvelopeTamperedError);
    expect(() => decryptData(Uint8Array.of(...envelope, 0), dataKey, PLACE)).to.throw(EnvelopeTamperedError);
  });

  it("rejects an unknown version, naming it", () => {
    const { envelope, dataKey } = encryptData(bytesOf(8), PLACE, countingBytes());
    envelope[0] = 0x01;
    expect(() => decryptData(envelope, dataKey, PLACE))
      .to.throw(EnvelopeVersionError, "version 1 ")
      .with.property("details")
      .that.includes({ version: 1, expected: ENVELOPE_VERSION });
  });

  it("rejects what is too short to be one", () => {
    const short = Uint8Array.from({ length: 92 }, () => ENVELOPE_VERSION);
    for (const bytes of [new Uint8Array(0), short]) {
      expect(() => decryptData(bytes, bytesOf(32), PLACE)).to.throw(EnvelopeVersionError, `${bytes.length} bytes`);
    }
  });
});

describe("a sealed data key", () => {
  const owner = keyPair("owner");
  const dataKey = bytesOf(DATA_KEY_BYTES);

  it("opens with the key it was sealed to", () => {
    const box = sealKey(dataKey, owner.publicKey, countingBytes());
    expect(box.length).to.equal(SEALED_KEY_BYTES);
    expect(toHex(openKey(box, owner.privateKey))).to.equal(toHex(dataKey));
  });

  it("takes the public key in each of its forms", () => {
    const boxes = [owner.publicKey, owner.publicKey.subarray(1), owner.compressed].map((publicKey) =>
      toHex(sealKey(dataKey, publicKey, countingBytes())),
    );
    expect(new Set(boxes).size).to.equal(1);
  });

  it("has stayed the same since the format was written", () => {
    expect(toHex(sealKey(dataKey, owner.publicKey, countingBytes()))).to.equal(BOX_VECTOR);
  });

  it("opens with node:crypto alone, by the sheet's description", () => {
    const box = sealKey(dataKey, owner.publicKey, countingBytes());
    const ecdh = createECDH("secp256k1");
    ecdh.setPrivateKey(owner.privateKey);
    const ephemeral = box.subarray(0, 65);
    // node gives the x coordinate only; y follows from the curve, with the parity of the real product.
    const x = ecdh.computeSecret(ephemeral);
    const candidates = [2, 3].map((parity) =>
      ECDH.convertKey(Buffer.concat([Buffer.of(parity), x]), "secp256k1", undefined, undefined, "uncompressed"),
    ) as Buffer[];
    const opened = candidates.flatMap((point) => {
      const key = Buffer.from(hkdfSync("sha256", Buffer.concat([ephemeral, point]), new Uint8Array(0), "", 32));
      const decipher = createDecipheriv("aes-256-gcm", key, box.subarray(65, 81));
      decipher.setAuthTag(box.subarray(81, 97));
      const text = decipher.update(box.subarray(97));
      try {
        decipher.final();
        return [toHex(text)];
      } catch {
        return []; // the other parity
      }
    });
    expect(opened).to.deep.equal([toHex(dataKey)]);
  });

  it("is understood by eciesjs, and understands it", () => {
    // The copy that 0G's own SDK uses.
    const require = createRequire(import.meta.url);
    const sdk = createRequire(require.resolve("@0gfoundation/0g-compute-ts-sdk"));
    const eciesjs = sdk("eciesjs") as {
      encrypt(publicKey: Uint8Array, message: Uint8Array): Uint8Array;
      decrypt(privateKey: Uint8Array, box: Uint8Array): Uint8Array;
    };
    const ours = sealKey(dataKey, owner.publicKey, countingBytes());
    expect(toHex(eciesjs.decrypt(owner.privateKey, ours))).to.equal(toHex(dataKey));
    const theirs = eciesjs.encrypt(owner.publicKey, dataKey);
    expect(toHex(openKey(Uint8Array.from(theirs), owner.privateKey))).to.equal(toHex(dataKey));
  });

  it("does not open with another key", () => {
    const box = sealKey(dataKey, owner.publicKey, countingBytes());
    expect(() => openKey(box, keyPair("thief").privateKey))
      .to.throw(SealedKeyNotOpenedError)
      .with.property("code", "ZG_SEALED_KEY");
  });

  it("does not open with any flipped bit", () => {
    const box = sealKey(dataKey, owner.publicKey, countingBytes());
    for (let bit = 0; bit < box.length * 8; bit += 3) {
      expect(() => openKey(flipped(box, bit), owner.privateKey), `bit ${bit}`).to.throw(
        bit < 65 * 8 ? SealedKeyMalformedError : SealedKeyNotOpenedError,
      );
    }
  });

  it("is refused when it is not 129 bytes", () => {
    const box = sealKey(dataKey, owner.publicKey, countingBytes());
    for (const wrong of [new Uint8Array(0), box.subarray(1), Uint8Array.of(...box, 0)]) {
      expect(() => openKey(wrong, owner.privateKey)).to.throw(SealedKeyMalformedError, `${wrong.length} bytes`);
    }
  });

  it("is not made for what is no public key", () => {
    for (const wrong of [new Uint8Array(0), bytesOf(32), bytesOf(64), owner.publicKey.subarray(0, 64), bytesOf(65)]) {
      expect(() => sealKey(dataKey, wrong, countingBytes()))
        .to.throw(PublicKeyMalformedError)
        .with.property("details")
        .that.deep.equals({ length: wrong.length });
    }
  });

  it("is not made of anything but a data key", () => {
    expect(() => sealKey(bytesOf(31), owner.publicKey, countingBytes())).to.throw(RangeError);
  });

  it("draws another ephemeral key when the first is not one", () => {
    const draws = [fromHex(`0x${"00".repeat(32)}`), fromHex(`0x${"ff".repeat(32)}`), bytesOf(32), bytesOf(16)];
    const box = sealKey(dataKey, owner.publicKey, () => draws.shift() ?? new Uint8Array(0));
    expect(draws).to.have.length(0);
    expect(toHex(openKey(box, owner.privateKey))).to.equal(toHex(dataKey));
  });
});
