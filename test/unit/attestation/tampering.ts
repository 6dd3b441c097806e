import { expect } from "chai";
import fc from "fast-check";

import { ReportMalformedError } from "../../../lib/attestation/errors.ts";
import { verifyReport } from "../../../lib/attestation/verify.ts";
import { examine } from "./support/found.ts";
import { makeMachine, makeQuote, type TestMachine } from "./support/machine.ts";
import { brokerReport, nodeReport, tappReport, trusting } from "./support/reports.ts";

describe("hardware attestation, altered at random", () => {
  let machine: TestMachine;

  before(() => {
    machine = makeMachine();
  });

  it("fails at least one item for every altered bit of a quote", async () => {
    const report = JSON.parse(Buffer.from(brokerReport(machine)).toString()) as { quote: string };
    const quote = Buffer.from(report.quote, "hex");
    await fc.assert(
      fc.asyncProperty(fc.nat(quote.length - 1), fc.nat(7), async (at, bit) => {
        const altered = Buffer.from(quote);
        altered[at] = (altered[at] ?? 0) ^ (1 << bit);
        const bytes = Buffer.from(JSON.stringify({ ...report, quote: altered.toString("hex") }));
        expect((await examine(trusting(machine, bytes))).failures, `bit ${bit} of byte ${at}`).not.to.deep.equal([]);
      }),
      { numRuns: 80 },
    );
  });

  it("answers with items or with its own error, whatever a report holds", async () => {
    const reports = [brokerReport(machine), nodeReport(machine), tappReport(machine)].map(
      (bytes) => JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>,
    );
    const value = fc.oneof(fc.jsonValue(), fc.string(), fc.constant(undefined), fc.constant("0x"));
    await fc.assert(
      fc.asyncProperty(fc.nat(2), fc.nat(20), value, async (which, place, put) => {
        const report = reports[which]!;
        const keys = Object.keys(report);
        const bytes = Buffer.from(JSON.stringify({ ...report, [keys[place % keys.length]!]: put }));
        try {
          await verifyReport(trusting(machine, bytes));
        } catch (error) {
          expect(error).to.be.instanceOf(ReportMalformedError);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("answers so for evidence cut or filled inside, too", async () => {
    const evidence = JSON.parse(
      Buffer.from(
        (JSON.parse(Buffer.from(tappReport(machine)).toString()) as { evidence: string }).evidence,
        "base64",
      ).toString(),
    ) as Record<string, string>;
    const log = Buffer.from(evidence["cc_eventlog"] ?? "", "base64");
    const quote = Buffer.from(makeQuote(machine, { version: 5 }));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(log.length),
        fc.nat(quote.length),
        fc.uint8Array({ maxLength: 40 }),
        async (a, b, more) => {
          const inner = {
            cc_eventlog: Buffer.concat([log.subarray(0, a), more]).toString("base64"),
            quote: Buffer.concat([quote.subarray(0, b), more]).toString("base64"),
          };
          const outer = { evidence: Buffer.from(JSON.stringify(inner)).toString("base64"), compose_content: "a: 1" };
          expect((await verifyReport(trusting(machine, Buffer.from(JSON.stringify(outer))))).held).to.equal(false);
        },
      ),
      { numRuns: 60 },
    );
  });
});
