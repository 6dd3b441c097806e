import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

import { expect } from "chai";

import { fromHex, toHex } from "../../../lib/hex.ts";
import {
  GoAgentEnvelopeMalformedError,
  GoAgentEnvelopeNotOpenedError,
  GoAgentKeyIdError,
} from "../../../lib/sealing/errors.ts";
import { decryptFromGoAgent, encryptForGoAgent, isGoAgentEnvelope } from "../../../lib/sealing/go-agent-envelope.ts";
import { drawing, sealingVectors } from "./vectors.ts";

const text = (value: string) => new TextEncoder().encode(value);
const KEY = { key: new Uint8Array(32).fill(7), id: "default" };
const METADATA = text('{"task_id":"t","model_id":"m","agent_id":"a"}');

interface Json {
  ciphertext: string;
  nonce: string;
  key_id: string;
  algorithm: string;
}
const parsed = (envelope: Uint8Array) => JSON.parse(new TextDecoder().decode(envelope)) as Json;
const altered = (change: Partial<Record<keyof Json, unknown>>) =>
  text(JSON.stringify({ ...parsed(encryptForGoAgent(METADATA, KEY, randomBytes)), ...change }));

describe("the Go inference agent's envelope", () => {
  it("has stayed the same since it was written", () => {
    for (const { key, keyId, nonce, plaintext, envelope } of sealingVectors().goAgentEnvelopes) {
      const pair = { key: fromHex(key), id: keyId };
      expect(new TextDecoder().decode(encryptForGoAgent(text(plaintext), pair, drawing(nonce)))).to.equal(envelope);
      expect(new TextDecoder().decode(decryptFromGoAgent(text(envelope), pair))).to.equal(plaintext);
    }
  });

  it("opens with node:crypto alone: no associated data, the tag behind the ciphertext", () => {
    const { ciphertext, nonce, key_id: id, algorithm } = parsed(encryptForGoAgent(METADATA, KEY, randomBytes));
    expect({ id, algorithm }).to.deep.equal({ id: "default", algorithm: "AES-256-GCM" });
    const sealed = Buffer.from(ciphertext, "base64");
    const decipher = createDecipheriv("aes-256-gcm", KEY.key, Buffer.from(nonce, "base64"));
    decipher.setAuthTag(sealed.subarray(-16));
    const opened = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    expect(toHex(opened)).to.equal(toHex(METADATA));
  });

  it("is read as Go writes it, in any order of fields and with fields nobody here knows", () => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", KEY.key, nonce);
    const sealed = Buffer.concat([cipher.update(METADATA), cipher.final(), cipher.getAuthTag()]);
    const envelope = text(
      JSON.stringify({
        version: 2,
        algorithm: "AES-256-GCM",
        key_id: "default",
        nonce: nonce.toString("base64"),
        ciphertext: sealed.toString("base64"),
      }),
    );
    expect(toHex(decryptFromGoAgent(envelope, KEY))).to.equal(toHex(METADATA));
    expect(isGoAgentEnvelope(envelope)).to.equal(true);
  });

  for (const [what, envelope] of [
    ["not UTF-8", Uint8Array.of(0xff)],
    ["not JSON", text("{")],
    ["not an object", text("null")],
    ["no nonce", altered({ nonce: undefined })],
    ["a nonce of another length", altered({ nonce: Buffer.alloc(16).toString("base64") })],
    ["a ciphertext that is not base64", altered({ ciphertext: "***" })],
    ["a ciphertext shorter than a tag", altered({ ciphertext: Buffer.alloc(15).toString("base64") })],
    ["another algorithm", altered({ algorithm: "AES-256-CBC" })],
    ["a key's name that is no text", altered({ key_id: 7 })],
  ] as const) {
    it(`is refused: ${what}`, () => {
      expect(() => decryptFromGoAgent(envelope, KEY))
        .to.throw(GoAgentEnvelopeMalformedError)
        .that.deep.includes({ code: "ZG_GO_AGENT_ENVELOPE", exit: 5 });
      expect(isGoAgentEnvelope(envelope)).to.equal(false);
    });
  }

  it("names both keys when it is of another one", () => {
    expect(() => decryptFromGoAgent(altered({ key_id: "2024" }), KEY))
      .to.throw(GoAgentKeyIdError)
      .with.property("details")
      .that.deep.equals({ envelope: "2024", given: "default" });
  });

  it("does not open with another key of that name, or when it was altered", () => {
    const envelope = encryptForGoAgent(METADATA, KEY, randomBytes);
    const sealed = Buffer.from(parsed(envelope).ciphertext, "base64");
    sealed[0] = (sealed[0] ?? 0) ^ 1;
    const key = new Uint8Array(32).fill(8);
    for (const attempt of [
      () => decryptFromGoAgent(envelope, { ...KEY, key }),
      () => decryptFromGoAgent(altered({ ciphertext: sealed.toString("base64") }), KEY),
    ]) {
      expect(attempt)
        .to.throw(GoAgentEnvelopeNotOpenedError)
        .with.property("details")
        .that.deep.equals({ keyId: "default" });
    }
  });
});
