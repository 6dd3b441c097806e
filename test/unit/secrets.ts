import { inspect } from "node:util";

import { expect } from "chai";

import { attestorKey } from "../../lib/inft/attestor/key.ts";
import { decryptionKey } from "../../lib/inft/decryption-key.ts";
import { keepEnvironmentSecrets, VARIABLES } from "../../lib/env.ts";
import { EXIT, ZgError } from "../../lib/errors.ts";
import { fromHex, type Hex } from "../../lib/hex.ts";
import { hiding, keepSecret, keepSecretsOfUrl, redact, redactValue, reveal, scrub } from "../../lib/secrets.ts";
import { newKey } from "../../lib/server-guards.ts";

// Made for this file: what is secret here is secret in the whole process.
const DIGITS = "7d1f0c5e92ab48361bd6e0f3a785c94d22e8f1b70a9c5d3648be17f2039d6ac5";
const bytes = Buffer.from(DIGITS, "hex");

class Failure extends ZgError {
  constructor(said: string, cause?: unknown) {
    super({
      code: "ZG_USAGE",
      exit: EXIT.usage,
      message: `it said ${said}`,
      remedy: `unset ${said}`,
      details: { said, deep: [{ said }] },
      cause,
    });
  }
}

describe("redact", () => {
  before(() => {
    keepSecret(`0x${DIGITS}`);
  });

  for (const [spelling, text] of Object.entries({
    "as it was read": `0x${DIGITS}`,
    "without 0x": DIGITS,
    "in capitals": `0X${DIGITS.toUpperCase()}`,
    "in mixed case": DIGITS.replaceAll("a", "A"),
    "in base64": bytes.toString("base64"),
    "in base64 for URLs": bytes.toString("base64url"),
    "as base64 of its text": Buffer.from(`0x${DIGITS}`).toString("base64"),
    "as a decimal": BigInt(`0x${DIGITS}`).toString(),
    "as an array of bytes": JSON.stringify([...bytes]),
    "as Node shows bytes": inspect(new Uint8Array(bytes)),
    "as Node shows buffers": inspect(Buffer.from(bytes)),
    "with colons": DIGITS.match(/../g)?.join(":") ?? "",
  })) {
    it(`masks a key ${spelling}`, () => {
      const masked = redact(`before ${text} after`);
      expect(masked).to.match(/^before .*\[redacted\].* after$/s);
      expect(masked.length).to.be.lessThan(`before ${text} after`.length);
      expect(masked).to.not.match(/[0-9a-f]{16}/i);
    });
  }

  it("leaves what is no secret alone", () => {
    for (const text of [
      "npx hardhat flow run",
      `0x${"ab".repeat(32)}`,
      "app-sk-…",
      "Bearer app-sk-",
      "http://a:8545",
    ]) {
      expect(redact(text)).to.equal(text);
    }
  });

  it("knows tokens and keys of servers by their form, and what is left of a token that was cut", () => {
    const token = `app-sk-${Buffer.from('{"address":"0x"}|0xabcdef').toString("base64")}`;
    expect(redact(`Authorization: Bearer ${token}, again`)).to.equal("Authorization: Bearer [redacted], again");
    expect(redact(`{"said":"${token.slice(0, 20)}…"}`)).to.equal('{"said":"[redacted]…"}');
    expect(redact(`{"address":"0x1"}|0x${"ab".repeat(65)}`)).to.equal('{"address":"0x1"}|[redacted]');
    for (const prefix of ["sk-zg-", "zgj-"]) expect(redact(newKey(prefix))).to.equal("[redacted]");
  });

  it("masks a password in any address", () => {
    expect(redact("redis://me:hunter2@10.0.0.1:6379/0")).to.equal("redis://[redacted]@10.0.0.1:6379/0");
    expect(redact("redis://:hunter2@cache")).to.equal("redis://[redacted]@cache");
  });

  it("does not take words and padded numbers for secrets", () => {
    keepSecret("hello");
    keepSecret(`0x${"0".repeat(63)}1`);
    keepSecret("");
    keepSecret(undefined);
    expect(redact(`hello 0x${"0".repeat(63)}1`)).to.equal(`hello 0x${"0".repeat(63)}1`);
  });

  it("masks a secret in one pass even when another is a part of it", () => {
    keepSecret("swordfish-one");
    keepSecret("swordfish-one-and-two");
    expect(redact("swordfish-one-and-two")).to.equal("[redacted]");
  });

  it("takes a secret for what it is, whatever it means in a regular expression or in JSON", () => {
    const secret = String.raw`a.b*(c)"d\e?`;
    keepSecret(secret);
    expect(redact(JSON.stringify({ secret }))).to.equal('{"secret":"[redacted]"}');
    expect(redact(`q=${encodeURIComponent(secret)}`)).to.equal("q=[redacted]");
    expect(redact("aXbbb")).to.equal("aXbbb");
  });

  it("shows what a command was asked to make", () => {
    const key = newKey("sk-zg-");
    reveal(key);
    expect(redact(key)).to.equal(key);
    keepSecret("shown-once-secret");
    reveal("shown-once-secret");
    expect(redact("shown-once-secret")).to.equal("shown-once-secret");
  });
});

describe("keepSecretsOfUrl", () => {
  it("masks keys in path and query, and passwords, and leaves the host", () => {
    keepSecretsOfUrl(
      "https://me:pass%40word@rpc.example/v2/q8Zk3LmN0pRsTuVw1234?apikey=k3y-of-mine, https://b.example/?a=sesame-open",
    );
    const masked = redact(
      [
        "https://rpc.example/v2/q8Zk3LmN0pRsTuVw1234?apikey=k3y-of-mine",
        "POST /v2/q8Zk3LmN0pRsTuVw1234",
        `Basic ${Buffer.from("me:pass@word").toString("base64")}`,
        "pass@word pass%40word sesame-open",
      ].join("\n"),
    );
    expect(masked).to.equal(
      [
        "https://rpc.example/v2/[redacted]?[redacted]",
        "POST /v2/[redacted]",
        "Basic [redacted]",
        "[redacted] [redacted] [redacted]",
      ].join("\n"),
    );
  });

  it("takes words of a path for words", () => {
    keepSecretsOfUrl("https://evmrpc-testnet.0g.ai/some-long-service-name/eth");
    expect(redact("some-long-service-name")).to.equal("some-long-service-name");
  });
});

describe("an error", () => {
  before(() => {
    keepSecret(DIGITS);
  });

  it("of ours carries no secret, wherever it was quoted", () => {
    const error = new Failure(`0x${DIGITS}`);
    expect(inspect(error, { depth: 9, showHidden: true })).to.not.match(/7d1f0c5e/i);
    expect(error.message).to.equal("it said [redacted]");
    expect(error.details).to.deep.equal({ said: "[redacted]", deep: [{ said: "[redacted]" }] });
  });

  it("of others is scrubbed with its causes and what it carries", () => {
    const cause = Object.assign(new Error(`deep ${DIGITS}`), { info: { requestUrl: `http://a/${DIGITS}` } });
    const several = new AggregateError([new Error(`one of ${DIGITS}`)], "several");
    const error = Object.assign(new Error(`top 0x${DIGITS}`, { cause }), { several });
    expect(error.stack).to.include(DIGITS);
    scrub(new Failure("x", error));
    expect(inspect(error, { depth: 9, showHidden: true })).to.not.match(/7d1f0c5e/i);
    expect(error.message).to.equal("top 0x[redacted]".replace("0x", ""));
    expect(cause.info).to.deep.equal({ requestUrl: "http://a/[redacted]" });
  });

  it("that is its own cause ends", () => {
    const error = new Error(DIGITS);
    error.cause = error;
    scrub(error);
    expect(error.message).to.equal("[redacted]");
  });
});

describe("redactValue", () => {
  it("goes into plain values and leaves the others what they are", () => {
    keepSecret(DIGITS);
    const date = new Date(0);
    const value = { a: [DIGITS, 1n], b: { c: `x${DIGITS}` }, date, bytes };
    expect(redactValue(value)).to.deep.equal({ a: ["[redacted]", 1n], b: { c: "x[redacted]" }, date, bytes });
    expect(redactValue(null)).to.equal(null);
  });
});

describe("an object that holds a key", () => {
  const shown = (value: object) => inspect(value, { depth: 9 }) + JSON.stringify({ ...value });

  for (const [name, holder] of Object.entries({
    attestorKey: attestorKey(`0x${DIGITS}`),
    decryptionKey: decryptionKey(fromHex(`0x${DIGITS}` as Hex), "a test"),
    hiding: hiding({ privateKey: bytes, open: 1 }, "privateKey"),
  })) {
    it(`is shown without it: ${name}`, () => {
      expect(Buffer.from(holder.privateKey)).to.deep.equal(bytes);
      expect(shown(holder)).to.not.include("privateKey");
    });
  }
});

describe("the secrets of the environment", () => {
  for (const [name, variable] of Object.entries(VARIABLES) as [string, { secret: boolean; address?: boolean }][]) {
    const isKey =
      /KEY|TOKEN|SECRET|PASSWORD|MNEMONIC|SEED|REDIS/.test(name) && !/_KEY_ID$|^EXPLORER_API_KEY$/.test(name);
    const isAddress = /URL|RPC|INDEXER|ATTESTORS$|ENDPOINT/.test(name) && !isKey;

    it(`${name} is ${isKey ? "a secret" : isAddress ? "an address that may carry one" : "none"}`, () => {
      expect(variable.secret).to.equal(isKey);
      expect(variable.address === true).to.equal(isAddress);
    });

    if (isKey || isAddress) {
      it(`${name} is masked once the environment is read`, () => {
        const secret = `of-${name.toLowerCase()}-0123456789`;
        keepEnvironmentSecrets({ [name]: isKey ? secret : `https://host.example/v3/${secret}` });
        expect(redact(`said ${secret}`)).to.equal("said [redacted]");
      });
    }
  }
});
