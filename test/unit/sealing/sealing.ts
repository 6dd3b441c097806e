import { ECDH, createCipheriv, createDecipheriv, createECDH, createHash, createHmac, hkdfSync } from "node:crypto";
import { createRequire } from "node:module";

import { expect } from "chai";
import * as eciesjs from "eciesjs";
import { computeAddress } from "ethers";

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
  addressOfPublicKey,
  decryptData,
  drawPrivateKey,
  encryptData,
  envelopeToken,
  openKey,
  publicKey64,
  publicKey65,
  publicKeyOf,
  sealKey,
  seededRandomBytes,
  type BoundPlace,
  type RandomBytes,
} from "../../../lib/sealing/index.ts";
import { drawing, sealingVectors } from "./vectors.ts";

const VECTORS = sealingVectors();

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

describe("a data envelope", () => {
  it("gives back what was encrypted, whatever its length", () => {
    for (const length of [0, 1, 15, 16, 17, 100_000]) {
      const plaintext = bytesOf(length);
      const { envelope, dataKey } = encryptData(plaintext, PLACE, countingBytes());
      expect(envelope.length).to.equal(length + 93);
      expect(toHex(decryptData(envelope, dataKey, PLACE))).to.equal(toHex(plaintext));
    }
  });

  it("has stayed the same since version 1 was written", () => {
    for (const { dataKey, nonce, plaintext, envelope, ...place } of VECTORS.envelopes) {
      const sealed = encryptData(
        fromHex(plaintext),
        { ...place, chainId: BigInt(place.chainId) },
        drawing(dataKey, nonce),
      );
      expect(toHex(sealed.envelope)).to.equal(envelope);
      expect(toHex(sealed.dataKey)).to.equal(dataKey);
      expect(
        toHex(decryptData(fromHex(envelope), fromHex(dataKey), { ...place, chainId: BigInt(place.chainId) })),
      ).to.equal(plaintext);
    }
  });

  it("has the bytes the format describes, computed here with node:crypto", () => {
    const number = (value: number | string) => Buffer.from(BigInt(value).toString(16).padStart(64, "0"), "hex");
    for (const { dataKey, nonce, plaintext, envelope, chainId, contract, token, index } of VECTORS.envelopes) {
      const derived = Buffer.from(hkdfSync("sha256", fromHex(dataKey), new Uint8Array(0), "inft-v1", 64));
      const version = Buffer.of(ENVELOPE_VERSION);
      const cipher = createCipheriv("aes-256-gcm", derived.subarray(0, 32), fromHex(nonce));
      cipher.setAAD(Buffer.concat([version, number(chainId), fromHex(contract), fromHex(token), number(index)]));
      const sealed = Buffer.concat([cipher.update(fromHex(plaintext)), cipher.final(), cipher.getAuthTag()]);
      const expected = Buffer.concat([version, fromHex(token), derived.subarray(32), fromHex(nonce), sealed]);
      expect(envelope).to.equal(toHex(expected));
    }
  });

  it("is bound to 32 bytes, no more and no fewer", () => {
    for (const token of ["0x", `0x${"a7".repeat(31)}`, `0x${"a7".repeat(33)}`] as const) {
      expect(() => encryptData(bytesOf(8), { ...PLACE, token }, countingBytes())).to.throw(RangeError, "32 bytes");
    }
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
    for (const { privateKey, ephemeralPrivateKey, nonce, secret, box } of VECTORS.sealedKeys) {
      const recipient = publicKeyOf(fromHex(privateKey));
      expect(toHex(sealKey(fromHex(secret), recipient, drawing(ephemeralPrivateKey, nonce)))).to.equal(box);
      expect(toHex(openKey(fromHex(box), fromHex(privateKey)))).to.equal(secret);
    }
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

  // 0G's own SDK carries an older one.
  const require = createRequire(import.meta.url);
  const sdk = createRequire(require.resolve("@0gfoundation/0g-compute-ts-sdk"));
  for (const [whose, ecies] of [
    ["eciesjs", eciesjs],
    ["the eciesjs of 0G's SDK", sdk("eciesjs") as Pick<typeof eciesjs, "encrypt" | "decrypt">],
  ] as const) {
    it(`is understood by ${whose}, and understands it`, () => {
      for (let i = 0; i < 16; i++) {
        const { privateKey, publicKey, compressed } = keyPair(`recipient ${i}`);
        const secret = createHash("sha256").update(`secret ${i}`).digest();
        const ours = sealKey(secret, i % 2 === 0 ? publicKey : compressed, countingBytes());
        expect(toHex(ecies.decrypt(privateKey, ours))).to.equal(toHex(secret));
        const theirs = Uint8Array.from(ecies.encrypt(publicKey, secret));
        expect(theirs.length).to.equal(SEALED_KEY_BYTES);
        expect(toHex(openKey(theirs, privateKey))).to.equal(toHex(secret));
      }
    });
  }

  it("opens nothing that eciesjs sealed but 32 bytes", () => {
    for (const length of [0, 31, 33]) {
      const box = Uint8Array.from(eciesjs.encrypt(owner.publicKey, bytesOf(length)));
      expect(() => openKey(box, owner.privateKey)).to.throw(SealedKeyMalformedError, `${97 + length} bytes`);
    }
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

  it("is refused when its ephemeral key is the identity, or in another form of the point", () => {
    const box = sealKey(dataKey, owner.publicKey, countingBytes());
    const hybrid = Uint8Array.from(box);
    hybrid[0] = 6 + ((box[64] ?? 0) & 1);
    const identity = Uint8Array.from(box).fill(0, 0, 65);
    const zeros = Uint8Array.from(identity);
    zeros[0] = 4;
    for (const wrong of [hybrid, identity, zeros]) {
      expect(() => openKey(wrong, owner.privateKey))
        .to.throw(SealedKeyMalformedError)
        .that.deep.includes({ code: "ZG_SEALED_KEY_MALFORMED", exit: 5 });
    }
  });

  it("is not made for what is no public key", () => {
    expect(() => sealKey(dataKey, bytesOf(64), countingBytes()))
      .to.throw(PublicKeyMalformedError)
      .with.property("details")
      .that.deep.equals({ length: 64 });
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

describe("a public key", () => {
  it("has one account and one 64-byte form, whichever way it is written", () => {
    for (const { privateKey, compressed, uncompressed, address } of VECTORS.publicKeys) {
      expect(toHex(publicKeyOf(fromHex(privateKey)))).to.equal(uncompressed);
      const xy = fromHex(uncompressed).subarray(1);
      for (const form of [fromHex(compressed), fromHex(uncompressed), xy]) {
        expect(toHex(publicKey65(form))).to.equal(uncompressed);
        expect(toHex(publicKey64(form))).to.equal(toHex(xy));
        expect(addressOfPublicKey(form)).to.equal(address);
      }
    }
  });

  it("has the account that ethers finds, and the point that node:crypto finds", () => {
    for (let i = 0; i < 16; i++) {
      const { privateKey, publicKey, compressed } = keyPair(`account ${i}`);
      expect(toHex(publicKeyOf(privateKey))).to.equal(toHex(publicKey));
      expect(addressOfPublicKey(compressed)).to.equal(computeAddress(toHex(publicKey)));
    }
  });

  const point = keyPair("owner").publicKey;
  const offCurve = Uint8Array.from(point);
  offCurve[64] = (offCurve[64] ?? 0) ^ 1;
  const hybrid = Uint8Array.from(point);
  hybrid[0] = 6 + ((point[64] ?? 0) & 1);
  // The x coordinate of no point: the curve's field is all numbers below p, and p itself is one too many.
  const outOfField = fromHex(`0x02${"ff".repeat(27)}fffefffffc2f`);
  for (const [what, wrong] of [
    ["nothing", new Uint8Array(0)],
    ["the identity", Uint8Array.of(0)],
    ["zeros, 33 bytes", new Uint8Array(33)],
    ["zeros, 64 bytes", new Uint8Array(64)],
    ["zeros, 65 bytes", new Uint8Array(65)],
    ["zeros behind 0x04", Uint8Array.of(4, ...new Uint8Array(64))],
    ["a point beside the curve", offCurve],
    ["a number outside the field", outOfField],
    ["the hybrid form", hybrid],
    ["a compressed key with a wrong prefix", Uint8Array.of(5, ...point.subarray(1, 33))],
    ["32 bytes, which may be a private key", bytesOf(32)],
    ["one byte less", point.subarray(0, 64)],
    ["one byte less than X and Y", point.subarray(2)],
    ["one byte more", Uint8Array.of(...point, 0)],
  ] as const) {
    it(`is refused: ${what}`, () => {
      for (const read of [publicKey65, publicKey64, addressOfPublicKey]) {
        expect(() => read(wrong))
          .to.throw(PublicKeyMalformedError)
          .that.deep.includes({ code: "ZG_PUBLIC_KEY", exit: 2, details: { length: wrong.length } });
      }
    });
  }

  it("is drawn with a private key of the curve", () => {
    const order = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    const last = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
    expect(toHex(drawPrivateKey(drawing(`0x${"00".repeat(32)}`, order, last)))).to.equal(last);
  });
});

describe("random bytes from a seed", () => {
  const seed = bytesOf(32);
  /** All that two attestors make of one datum. */
  const reseal = (from: Uint8Array, label: string) => {
    const { envelope, dataKey } = encryptData(bytesOf(100), PLACE, seededRandomBytes(from, `${label}/envelope`));
    const box = sealKey(dataKey, keyPair("buyer").publicKey, seededRandomBytes(from, `${label}/box`));
    return { envelope: toHex(envelope), box: toHex(box), dataKey: toHex(dataKey) };
  };

  it("have stayed the same since they were first drawn", () => {
    for (const { seed: from, label, draws } of VECTORS.seededRandomBytes) {
      const random = seededRandomBytes(fromHex(from), label);
      for (const { length, bytes } of draws) expect(toHex(random(length))).to.equal(bytes);
    }
  });

  it("are what the format describes, computed here from HMAC alone", () => {
    const hmac = (key: Uint8Array, ...parts: Uint8Array[]) =>
      createHmac("sha256", key).update(Buffer.concat(parts)).digest();
    const uint32 = (value: number) => Buffer.from(value.toString(16).padStart(8, "0"), "hex");
    for (const { seed: from, label, draws } of VECTORS.seededRandomBytes) {
      const extracted = hmac(Buffer.from("0g-sealing-seed-v1"), fromHex(from));
      for (const [draw, { length, bytes }] of draws.entries()) {
        const info = Buffer.concat([Buffer.from(label), uint32(draw), uint32(length)]);
        let output = Buffer.alloc(0);
        for (let block = 1, last = Buffer.alloc(0); output.length < length; block++) {
          last = hmac(extracted, last, info, Buffer.of(block));
          output = Buffer.concat([output, last]);
        }
        expect(toHex(output.subarray(0, length))).to.equal(bytes);
      }
    }
  });

  it("make two attestors' envelopes and sealed keys the same", () => {
    expect(reseal(seed, "request/0")).to.deep.equal(reseal(Uint8Array.from(seed), "request/0"));
  });

  it("make others from another seed, for another request or for another datum", () => {
    const made = [
      reseal(seed, "request/0"),
      reseal(flipped(seed, 0), "request/0"),
      reseal(seed, "request/1"),
      reseal(seed, "other/0"),
    ];
    for (const part of ["envelope", "box", "dataKey"] as const) {
      expect(new Set(made.map((one) => one[part])).size, part).to.equal(made.length);
    }
  });

  it("do not depend on what was drawn for something else, or on how much was drawn before", () => {
    const long = seededRandomBytes(seed, "a");
    const short = seededRandomBytes(seed, "a");
    seededRandomBytes(seed, "b")(64);
    long(64);
    short(1);
    expect(toHex(long(32))).to.equal(toHex(short(32)));
  });

  it("repeat in no later draw, and in none of another length", () => {
    const random = seededRandomBytes(seed, "a");
    const first = toHex(random(32));
    expect(toHex(random(32))).to.not.equal(first);
    expect(toHex(seededRandomBytes(seed, "a")(33)).startsWith(first)).to.equal(false);
  });

  it("come from 32 bytes only", () => {
    for (const length of [0, 31, 33]) {
      expect(() => seededRandomBytes(bytesOf(length), "a")).to.throw(RangeError, "32 bytes");
    }
  });
});
