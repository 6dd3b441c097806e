import { expect } from "chai";
import { Wallet, concat, dataSlice, keccak256, toUtf8Bytes } from "ethers";

import type { Hex } from "../../../lib/hex.ts";
import { AttestorSignatureError } from "../../../lib/inft/proof-errors.ts";
import { joinAttestorSignatures, parseSignature, recoverSigner } from "../../../lib/inft/proof-signatures.ts";

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const DIGEST = keccak256(toUtf8Bytes("what is signed")) as Hex;
const wallets = ["a", "b", "c"]
  .map((name) => new Wallet(keccak256(toUtf8Bytes(name))))
  .sort((x, y) => (BigInt(x.address) < BigInt(y.address) ? -1 : 1));
const [first, second, third] = wallets as [Wallet, Wallet, Wallet];
const sign = (by: Wallet, digest = DIGEST) => by.signingKey.sign(digest).serialized as Hex;
const compact = (by: Wallet) => by.signingKey.sign(DIGEST).compactSerialized as Hex;
const word = (value: bigint): Hex => `0x${value.toString(16).padStart(64, "0")}`;

describe("signatures over a digest, as the contracts take them", () => {
  it("are recovered from 65 bytes and from the 64 of ERC-2098", () => {
    for (const by of wallets) {
      expect(recoverSigner(DIGEST, sign(by))).to.equal(by.address);
      expect(recoverSigner(DIGEST, compact(by))).to.equal(by.address);
    }
  });

  const { r, s, v } = first.signingKey.sign(DIGEST);
  const nobodys: [string, Hex][] = [
    ["empty", "0x"],
    ["of 63 bytes", dataSlice(sign(first), 0, 63) as Hex],
    ["of 66 bytes", concat([sign(first), "0x00"]) as Hex],
    ["of v 0", concat([r, s, "0x00"]) as Hex],
    ["of v 1", concat([r, s, "0x01"]) as Hex],
    ["of v 35", concat([r, s, "0x23"]) as Hex],
    ["of a high s", concat([r, word(ORDER - BigInt(s)), v === 27 ? "0x1c" : "0x1b"]) as Hex],
    ["of an s just above half the order", concat([r, word(ORDER / 2n + 1n), "0x1b"]) as Hex],
    ["of r 0", concat([word(0n), s, "0x1b"]) as Hex],
    ["of s 0", concat([r, word(0n), "0x1b"]) as Hex],
    ["of an r on no point", concat([word(5n), s, "0x1b"]) as Hex],
    ["no hexadecimal", "0xzz"],
  ];
  for (const [what, signature] of nobodys) {
    it(`are nobody's when they are ${what}`, () => expect(recoverSigner(DIGEST, signature)).to.equal(undefined));
  }

  it("of s at half the order are somebody's", () => {
    expect(parseSignature(concat([r, word(ORDER / 2n), "0x1b"]) as Hex)).to.not.equal(undefined);
  });
});

describe("joinAttestorSignatures", () => {
  it("puts them in the order of their addresses", () => {
    const expected = concat([sign(first), sign(second), sign(third)]);
    expect(joinAttestorSignatures(DIGEST, [sign(third), sign(first), sign(second)])).to.equal(expected);
    expect(joinAttestorSignatures(DIGEST, [sign(first), sign(second), sign(third)])).to.equal(expected);
    expect(joinAttestorSignatures(DIGEST, [])).to.equal("0x");
  });

  it("refuses two of one attestor", () => {
    expect(() => joinAttestorSignatures(DIGEST, [sign(first), sign(second), sign(first)]))
      .to.throw(AttestorSignatureError)
      .with.property("details")
      .that.deep.equals({
        problem: `${first.address} signed twice`,
        signature: sign(first),
        attestor: first.address,
      });
  });

  for (const [what, signature] of [
    ["in the short form, which the contract does not take of attestors", compact(first)],
    ["that nobody can have made", concat([word(0n), word(1n), "0x1b"]) as Hex],
  ] as const) {
    it(`refuses one ${what}`, () => {
      expect(() => joinAttestorSignatures(DIGEST, [sign(second), signature]))
        .to.throw(AttestorSignatureError)
        .with.property("details")
        .that.deep.equals({ problem: "it is nobody's", signature });
    });
  }
});
