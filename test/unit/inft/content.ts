import { createHash } from "node:crypto";

import { expect } from "chai";
import { SigningKey } from "ethers";

import { fromHex, toHex, type Address, type Hex } from "../../../lib/hex.ts";
import {
  decodeContent,
  encodeContent,
  openDatum,
  sealDatum,
  sealDatumFromSeed,
  tokenBytes,
  type OpenParams,
} from "../../../lib/inft/content.ts";
import { ContentMalformedError, ContentMisplacedError } from "../../../lib/inft/errors.ts";
import { MODE_CODES, modeOfCode } from "../../../lib/inft/mode.ts";
import { EnvelopeTamperedError, SealedKeyNotOpenedError } from "../../../lib/sealing/errors.ts";
import { StorageRootMismatchError } from "../../../lib/storage/errors.ts";
import { storageRoot } from "../../../lib/storage/merkle.ts";

const text = (value: string) => new TextEncoder().encode(value);
const CONTENT = { request: text('{"a":"ü"}'), response: Uint8Array.of(0, 255, 10, 13) };

function randomBytes() {
  let calls = 0;
  return (length: number) => new Uint8Array(createHash("sha256").update(`${calls++}`).digest().subarray(0, length));
}

describe("the content of a minted inference", () => {
  it("keeps request and response byte for byte", () => {
    expect(decodeContent(encodeContent(CONTENT))).to.deep.equal(CONTENT);
    const empty = { request: new Uint8Array(0), response: new Uint8Array(0) };
    expect(decodeContent(encodeContent(empty))).to.deep.equal(empty);
  });

  it("is a document anybody can read without us", () => {
    expect(JSON.parse(new TextDecoder().decode(encodeContent(CONTENT)))).to.deep.equal({
      kind: "0g-inference-content",
      version: 1,
      request: "eyJhIjoiw7wifQ==",
      response: "AP8KDQ==",
    });
  });

  const document = { kind: "0g-inference-content", version: 1, request: "", response: "" };
  for (const [what, bytes] of [
    ["no UTF-8", Uint8Array.of(0xff)],
    ["no JSON", text("{")],
    ["no object", text("7")],
    ["another kind of document", text(JSON.stringify({ ...document, kind: "other" }))],
    ["of an unknown version", text(JSON.stringify({ ...document, version: 3 }))],
    ["a receipt that is none", text(JSON.stringify({ kind: document.kind, version: 2, receipt: {} }))],
    ["without a response", text(JSON.stringify({ ...document, response: undefined }))],
    ["not base64", text(JSON.stringify({ ...document, request: "***" }))],
    ["more than it should be", text(JSON.stringify({ ...document, extra: 1 }))],
  ] as const) {
    it(`is refused when it is ${what}`, () => {
      expect(() => decodeContent(bytes))
        .to.throw(ContentMalformedError)
        .with.property("code", "ZG_CONTENT");
    });
  }
});

describe("a sealed datum", () => {
  const key = new SigningKey(`0x${"42".repeat(32)}`);
  const publicKey = fromHex(key.publicKey as Hex);
  const stranger = fromHex(`0x${"43".repeat(32)}`);
  const contract = "0x5FbDB2315678afecb367f032d93F642f64180aa3" as Address;
  const tokenId = 2n ** 255n + 7n;

  function seal(): OpenParams {
    const place = { chainId: 16602, contract, token: tokenBytes(tokenId), index: 0 };
    const sealed = sealDatum(text("secret"), place, publicKey, randomBytes());
    const privateKey = fromHex(key.privateKey as Hex);
    return { ...sealed, privateKey, chainId: 16602, contract, index: 0, tokenId };
  }

  it("opens with its owner's key, and is known by its storage root", () => {
    const sealed = seal();
    expect(sealed.dataHash).to.equal(storageRoot(sealed.ciphertext));
    expect(sealed.sealedKey.length).to.equal(2 + 2 * 129);
    expect(toHex(openDatum(sealed))).to.equal(toHex(text("secret")));
  });

  it("opens where it is bound to a salt, as before the mint nobody knows the id", () => {
    const place = { chainId: 16602, contract, token: toHex(randomBytes()(32)), index: 0 };
    const sealed = { ...seal(), ...sealDatum(text("secret"), place, publicKey, randomBytes()) };
    for (const id of [1n, tokenId])
      expect(toHex(openDatum({ ...sealed, tokenId: id }))).to.equal(toHex(text("secret")));
  });

  it("is the same for all who have the seed, and for nobody else", () => {
    const place = { chainId: 16602, contract, token: tokenBytes(tokenId), index: 0 };
    interface Change {
      readonly seed?: Uint8Array;
      readonly request?: Hex;
      readonly index?: number;
    }
    const reseal = ({ seed = new Uint8Array(32).fill(9), request = `0x${"11".repeat(32)}`, index = 0 }: Change = {}) =>
      sealDatumFromSeed(text("secret"), { ...place, index }, publicKey, { seed, request });
    const sealed = reseal();
    expect(sealed).to.deep.equal(reseal());
    const opened = openDatum({ ...seal(), ...sealed });
    expect(toHex(opened)).to.equal(toHex(text("secret")));
    const changes: Change[] = [{ seed: new Uint8Array(32).fill(8) }, { request: `0x${"12".repeat(32)}` }, { index: 1 }];
    for (const change of changes) {
      const other = reseal(change);
      expect(other.dataHash).to.not.equal(sealed.dataHash);
      expect(other.sealedKey).to.not.equal(sealed.sealedKey);
      // Not only the nonce, but the data key too.
      const commitment = (bytes: Uint8Array) => toHex(bytes.subarray(33, 65));
      expect(commitment(other.ciphertext)).to.not.equal(commitment(sealed.ciphertext));
    }
  });

  it("is refused under another data hash, contract or key", () => {
    const sealed = seal();
    expect(() => openDatum({ ...sealed, dataHash: `0x${"00".repeat(32)}` })).to.throw(StorageRootMismatchError);
    const nothing = new Uint8Array(0);
    expect(() => openDatum({ ...sealed, ciphertext: nothing })).to.throw(StorageRootMismatchError);
    const elsewhere = "0xa79F4c8311FF93C06b8CfB403690cc987c93F91E" as Address;
    expect(() => openDatum({ ...sealed, contract: elsewhere })).to.throw(EnvelopeTamperedError);
    expect(() => openDatum({ ...sealed, privateKey: stranger })).to.throw(SealedKeyNotOpenedError);
  });

  it("is refused when it was made for another counted token", () => {
    const place = { chainId: 16602, contract, token: tokenBytes(7n), index: 0 };
    const sealed = { ...seal(), ...sealDatum(text("secret"), place, publicKey, randomBytes()) };
    expect(toHex(openDatum({ ...sealed, tokenId: 7n }))).to.equal(toHex(text("secret")));
    for (const id of [8n, tokenId]) {
      expect(() => openDatum({ ...sealed, tokenId: id }))
        .to.throw(ContentMisplacedError)
        .with.property("details")
        .that.deep.equals({ expected: tokenBytes(id), actual: tokenBytes(7n) });
    }
  });
});

describe("how real an inference is", () => {
  it("is written as the contract writes it, and never as 0", () => {
    expect(MODE_CODES).to.deep.equal({ live: 1, fork: 2, local: 3, replay: 4 });
    expect([1n, 2n, 3n, 4n].map(modeOfCode)).to.deep.equal(["live", "fork", "local", "replay"]);
    for (const code of [0n, 5n]) expect(() => modeOfCode(code)).to.throw(RangeError);
  });
});
