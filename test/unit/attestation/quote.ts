import { expect } from "chai";
import fc from "fast-check";

import { EvidenceMalformedError } from "../../../lib/attestation/errors.ts";
import { MAX_QUOTE_BYTES, parseQuote } from "../../../lib/attestation/quote.ts";
import { makeMachine, makeQuote, TD_ATTRIBUTES, type TestMachine } from "./support/machine.ts";
import { pem } from "./support/pki.ts";

/** Where version 4 keeps the length of its signature data, and what follows. */
const V4 = { signatureLength: 632, certification: 636 + 128, qeAuthLength: 636 + 128 + 6 + 384 + 64 } as const;

function refused(bytes: Uint8Array): string {
  try {
    parseQuote(bytes);
  } catch (error) {
    expect(error).to.be.instanceOf(EvidenceMalformedError).with.property("code", "ZG_EVIDENCE");
    return (error as EvidenceMalformedError).why;
  }
  return expect.fail("it was parsed");
}

describe("parseQuote", () => {
  let machine: TestMachine;
  let quote: Buffer;

  before(() => {
    machine = makeMachine();
    quote = Buffer.from(makeQuote(machine, { reportData: Buffer.alloc(64, 0xda) }));
  });

  const altered = (alter: (bytes: Buffer) => void): Buffer => {
    const copy = Buffer.from(quote);
    alter(copy);
    return copy;
  };

  it("reads version 4", () => {
    const parsed = parseQuote(quote);
    expect(parsed).to.include({ version: 4 });
    expect(parsed.signedBytes).to.have.length(V4.signatureLength);
    expect(Buffer.from(parsed.report.tdAttributes).equals(TD_ATTRIBUTES)).to.equal(true);
    expect(Buffer.from(parsed.report.reportData).equals(Buffer.alloc(64, 0xda))).to.equal(true);
    expect(parsed.report.mrServiceTd).to.equal(undefined);
    expect(parsed.qeReport).to.include({ isvProdId: 2, isvSvn: 6, miscSelect: 0 });
    expect(parsed.certificates.map((der) => Buffer.from(der).toString("hex"))).to.deep.equal(
      machine.chain.map((der) => Buffer.from(der).toString("hex")),
    );
  });

  it("reads version 5 with a report of TDX 1.5, which is six bytes further on", () => {
    const parsed = parseQuote(makeQuote(machine, { version: 5, mrServiceTd: Buffer.alloc(48, 0x5e) }));
    expect(parsed.version).to.equal(5);
    expect(parsed.signedBytes).to.have.length(48 + 6 + 648);
    expect(parsed.report.mrServiceTd).to.deep.equal(new Uint8Array(48).fill(0x5e));
  });

  it("takes zeros after the end, as dstack hands out its whole buffer, and nothing else", () => {
    expect(parseQuote(makeQuote(machine, { tail: Buffer.alloc(70) })).version).to.equal(4);
    expect(refused(makeQuote(machine, { tail: Buffer.from([0, 0, 1]) }))).to.match(/3 bytes follow/);
  });

  it("is refused cut at any place", () => {
    for (let length = 0; length < quote.length; length += length < 700 ? 1 : 13) refused(quote.subarray(0, length));
  });

  it("is refused when it is longer than any quote", () => {
    expect(refused(Buffer.concat([quote, Buffer.alloc(MAX_QUOTE_BYTES)]))).to.match(/more than 65536/);
  });

  it("is refused when it is another version, key, TEE or body", () => {
    expect(refused(altered((bytes) => bytes.writeUInt16LE(3, 0)))).to.match(/version 3/);
    expect(refused(altered((bytes) => bytes.writeUInt16LE(3, 2)))).to.match(/key type 3/);
    expect(refused(altered((bytes) => bytes.writeUInt32LE(0, 4)))).to.match(/TEE type 0x0/);
    const five = Buffer.from(makeQuote(machine, { version: 5 }));
    expect(refused(Buffer.from(five.fill(1, 48, 49)))).to.match(/body type 1/);
    const short = Buffer.from(makeQuote(machine, { version: 5 }));
    short.writeUInt32LE(584, 50);
    expect(refused(short)).to.match(/has 648 bytes, not 584/);
  });

  it("is refused when a length inside does not add up", () => {
    for (const by of [-1, 1, 0x7fffffff]) {
      for (const at of [V4.signatureLength, V4.certification + 2]) {
        refused(altered((bytes) => bytes.writeUInt32LE((bytes.readUInt32LE(at) + by) >>> 0, at)));
      }
    }
    for (const by of [-1, 1, 0x7fff]) {
      refused(altered((bytes) => bytes.writeUInt16LE(bytes.readUInt16LE(V4.qeAuthLength) + by, V4.qeAuthLength)));
    }
  });

  it("is refused when its certificates are of another kind, or spelt another way", () => {
    refused(altered((bytes) => bytes.writeUInt16LE(5, V4.certification)));
    refused(altered((bytes) => bytes.writeUInt16LE(4, V4.qeAuthLength + 2 + 32)));
    const text = pem(...machine.chain);
    const spellings = [
      "",
      "no PEM",
      `${text}x`,
      text.replaceAll("\n", "\r\n"),
      `\n${text}`,
      `${text}\0\0`,
      text.repeat(3),
    ];
    for (const spelling of [...spellings, text.replace("\n", " \n"), text.replace("-----END", "=-----END")]) {
      expect(refused(makeQuote(machine, { pem: spelling })), JSON.stringify(spelling.slice(0, 20))).to.match(
        /plain PEM|certificates/,
      );
    }
    expect(parseQuote(makeQuote(machine, { pem: text.trimEnd() })).certificates).to.have.length(3);
  });

  it("throws nothing but its own error, whatever it is given", () => {
    const mangled = fc.tuple(
      fc.array(fc.tuple(fc.nat(quote.length - 1), fc.nat(255)), { maxLength: 12 }),
      fc.option(fc.nat(quote.length)),
    );
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 2000 }), mangled), (input) => {
        let bytes = input as Uint8Array;
        if (Array.isArray(input)) {
          const [changes, length] = input;
          bytes = altered((copy) => {
            for (const [at, to] of changes) copy[at] = to;
          }).subarray(0, length ?? undefined);
        }
        try {
          parseQuote(bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(EvidenceMalformedError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
