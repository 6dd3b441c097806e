import { createHash } from "node:crypto";

import { expect } from "chai";

import type { Address, Hex } from "../../../lib/hex.ts";
import { auditEvent, auditHash, readAuditLog, writeAuditLog, type AuditEntry } from "../../../lib/inft/audit-log.ts";
import { AuditLogBrokenError, AuditLogMalformedError } from "../../../lib/inft/errors.ts";
import { canonicalJson } from "../../../lib/protocol/canonical-json.ts";

const ACCOUNT: Address = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const hash = (digit: string): Hex => `0x${digit.repeat(64)}`;
const HEADER = { chainId: 16602, genesisHash: hash("1"), owner: ACCOUNT };
const TIME = "2026-01-02T03:04:05.000Z";
const submitted: AuditEntry = { event: "submitted", time: TIME, provider: ACCOUNT, requestHash: hash("2") };
const refused: AuditEntry = { event: "refused", provider: ACCOUNT };
const completed: AuditEntry = {
  event: "completed",
  time: TIME,
  provider: ACCOUNT,
  responseHash: hash("3"),
  signer: ACCOUNT,
  signatureHash: hash("4"),
};
const stored: AuditEntry = { event: "stored", root: hash("5"), size: 300, txSeq: 0, transaction: hash("6") };
const minted: AuditEntry = { event: "minted", inft: ACCOUNT, tokenId: "7", transaction: hash("8") };
const reported: AuditEntry = { event: "reported", time: TIME, receiptHash: hash("9") };
const WHOLE = [submitted, completed, stored, minted, reported];

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytesOf = (text: string) => new TextEncoder().encode(text);
const linesOf = (entries: readonly AuditEntry[]) => textOf(writeAuditLog(HEADER, entries)).slice(0, -1).split("\n");

/** Changes one line, and leaves the others as they are. */
function changed(line: number, change: (values: Record<string, unknown>) => object): Uint8Array {
  const lines = linesOf(WHOLE);
  lines[line] = canonicalJson(change(JSON.parse(lines[line] ?? "") as Record<string, unknown>));
  return bytesOf(`${lines.join("\n")}\n`);
}

describe("the audit log of a run", () => {
  it("comes back as it was written", () => {
    const { header, events } = readAuditLog(writeAuditLog(HEADER, WHOLE));
    expect(header).to.deep.equal({ kind: "0g-audit-log", version: 1, ...HEADER });
    expect(events.map(({ previous: _, ...entry }) => entry)).to.deep.equal(WHOLE);
  });

  it("chains every line to the one before, by its SHA-256 and nothing else", () => {
    const lines = linesOf(WHOLE);
    for (const [index, line] of lines.slice(1).entries()) {
      const before = createHash("sha256")
        .update(lines[index] ?? "")
        .digest("hex");
      expect(JSON.parse(line)).to.have.property("previous", `0x${before}`);
    }
  });

  it("begins with the log as it was when the answer came, byte for byte", () => {
    const asItWas = writeAuditLog(HEADER, [submitted, completed]);
    const { completion } = readAuditLog(writeAuditLog(HEADER, WHOLE));
    expect(textOf(completion ?? new Uint8Array(0))).to.equal(textOf(asItWas));
    expect(readAuditLog(writeAuditLog(HEADER, [submitted])).completion).to.equal(undefined);
  });

  it("may tell of requests that were turned down or lost", () => {
    const entries = [submitted, refused, submitted, submitted, completed];
    expect(readAuditLog(writeAuditLog(HEADER, entries)).events).to.have.length(5);
    expect(auditEvent(readAuditLog(writeAuditLog(HEADER, WHOLE)), "stored")).to.include({ txSeq: 0 });
    expect(auditEvent(readAuditLog(writeAuditLog(HEADER, entries)), "minted")).to.equal(undefined);
  });

  for (const [what, bytes] of [
    ["a changed event", changed(1, (values) => ({ ...values, requestHash: hash("a") }))],
    ["a changed header", changed(0, (values) => ({ ...values, chainId: 16661 }))],
    ["a changed hash", changed(4, (values) => ({ ...values, previous: hash("b") }))],
    [
      "an event that is missing",
      bytesOf(
        `${linesOf(WHOLE)
          .filter((_, index) => index !== 2)
          .join("\n")}\n`,
      ),
    ],
    ["events in another order", writeAuditLog(HEADER, [completed, submitted])],
    ["a mint before the answer", writeAuditLog(HEADER, [submitted, minted])],
    ["an event after the end", writeAuditLog(HEADER, [...WHOLE, stored])],
    ["an answer that nobody asked for", writeAuditLog(HEADER, [completed])],
  ] as const) {
    it(`is broken by ${what}`, () => {
      expect(() => readAuditLog(bytes))
        .to.throw(AuditLogBrokenError)
        .that.includes({ code: "ZG_AUDIT_LOG_BROKEN", exit: 5 });
    });
  }

  for (const [what, bytes] of [
    ["nothing", new Uint8Array(0)],
    ["bytes that are no text", Uint8Array.of(0xff, 0x0a)],
    ["a line without its end", writeAuditLog(HEADER, WHOLE).slice(0, -1)],
    ["another document", bytesOf(`{"kind":"other"}\n`)],
    ["a later version", changed(0, (values) => ({ ...values, version: 2 }))],
    ["a field that nobody knows", changed(1, (values) => ({ ...values, note: "x" }))],
    ["a line in another spelling", bytesOf(textOf(writeAuditLog(HEADER, WHOLE)).replace(":16602", ": 16602"))],
    ["an address in another casing", changed(1, (values) => ({ ...values, provider: ACCOUNT.toLowerCase() }))],
    ["an event of no kind", changed(1, (values) => ({ ...values, event: "paid" }))],
  ] as const) {
    it(`is not ${what}`, () => {
      expect(() => readAuditLog(bytes))
        .to.throw(AuditLogMalformedError)
        .that.includes({ code: "ZG_AUDIT_LOG", exit: 5 });
    });
  }

  it("hashes text and bytes alike", () => {
    expect(auditHash("a")).to.equal(auditHash(Uint8Array.of(97)));
  });
});
