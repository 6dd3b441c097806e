import { expect } from "chai";
import { getBytes, Wallet } from "ethers";

import { SessionTokenMalformedError, SignatureMalformedError } from "../../../lib/protocol/errors.ts";
import {
  encodeSessionMessage,
  formatSessionToken,
  parseSessionToken,
  recoverSessionSigner,
  sessionDigest,
  type SessionToken,
} from "../../../lib/protocol/session-token.ts";
import { vector } from "./vectors.ts";

interface SessionVector {
  privateKey: string;
  address: string;
  provider: string;
  rawMessage: string;
  keccak256: string;
  signature: string;
}

describe("session token", () => {
  const known = vector<SessionVector>("session-token");
  const token: SessionToken = {
    address: known.address,
    provider: known.provider,
    timestamp: 1_750_000_000_000,
    expiresAt: 1_750_086_400_000,
    nonce: "000102030405060708090a0b0c0d0e0f",
    generation: 0n,
    tokenId: 255,
  };

  it("writes the vector's message, digest and signature", async () => {
    const message = encodeSessionMessage(token);
    expect(message).to.equal(known.rawMessage);
    expect(sessionDigest(message)).to.equal(known.keccak256);
    const signature = await new Wallet(known.privateKey).signMessage(getBytes(sessionDigest(message)));
    expect(signature).to.equal(known.signature);
  });

  it("recovers the vector's signer", () => {
    expect(recoverSessionSigner(known.rawMessage, known.signature)).to.equal(known.address);
  });

  it("recovers somebody else when one byte of the message differs", () => {
    const changed = known.rawMessage.replace('"tokenId":255', '"tokenId":254');
    expect(recoverSessionSigner(changed, known.signature)).to.not.equal(known.address);
  });

  it("writes a generation beyond 2^53 exactly", () => {
    expect(encodeSessionMessage({ ...token, generation: 2n ** 64n - 1n })).to.contain(
      '"generation":18446744073709551615,',
    );
  });

  it("escapes text members as JSON", () => {
    expect(JSON.parse(encodeSessionMessage({ ...token, nonce: 'a"|\\' }))).to.include({ nonce: 'a"|\\' });
  });

  it("refuses times and ids that are no integers", () => {
    for (const bad of [{ timestamp: 1.5 }, { expiresAt: -1 }, { tokenId: NaN }]) {
      expect(() => encodeSessionMessage({ ...token, ...bad })).to.throw(TypeError);
    }
  });

  describe("its text form", () => {
    const text = formatSessionToken(known.rawMessage, known.signature);

    it("is app-sk- and padded standard base64 of message|signature", () => {
      expect(text.startsWith("app-sk-eyJhZGRyZXNzIjoiMHhmMzlG")).to.equal(true);
      expect(Buffer.from(text.slice(7), "base64").toString()).to.equal(`${known.rawMessage}|${known.signature}`);
    });

    it("is taken apart again, with or without Bearer", () => {
      const parsed = { message: known.rawMessage, token, signature: known.signature };
      expect(parseSessionToken(text)).to.deep.equal(parsed);
      expect(parseSessionToken(`Bearer ${text}`)).to.deep.equal(parsed);
    });

    const wrap = (payload: string) => `app-sk-${Buffer.from(payload).toString("base64")}`;
    const malformed: [string, string][] = [
      ["has another prefix", text.replace("app-sk-", "sk-")],
      ["is url-safe base64", `app-sk-${Buffer.from("{}???>>>|0x").toString("base64url")}`],
      ["lost its padding", wrap("{}|0x").replace(/=+$/, "")],
      ["has no separator", wrap(known.rawMessage)],
      ["holds no JSON", wrap("nonsense|0x")],
      ["holds null", wrap("null|0x")],
      ["lacks a member", wrap('{"address":"0x"}|0x')],
      ["has a token id above 255", wrap(`${known.rawMessage.replace("255}", "256}")}|0x`)],
      ["has a fractional time", wrap(`${known.rawMessage.replace("1750000000000", "1750000000000.5")}|0x`)],
    ];
    for (const [how, bad] of malformed) {
      it(`is refused when it ${how}, without being quoted`, () => {
        expect(() => parseSessionToken(bad))
          .to.throw(SessionTokenMalformedError)
          .that.satisfies((error: SessionTokenMalformedError) => !error.message.includes(bad));
      });
    }
  });

  it("refuses signatures that are not in the one accepted form", () => {
    const { signature } = known;
    const bad = [
      signature.slice(2),
      signature.slice(0, -2),
      `${signature.slice(0, -2)}00`,
      `0x${"00".repeat(32)}${"ff".repeat(32)}1b`,
      "0x",
    ];
    for (const candidate of bad) {
      expect(() => recoverSessionSigner(known.rawMessage, candidate)).to.throw(SignatureMalformedError);
    }
  });
});
