import { readFileSync } from "node:fs";
import path from "node:path";

import { expect } from "chai";

import type { ItemName } from "../../../lib/attestation/item.ts";
import { reportMachine, type VerifyReportParams } from "../../../lib/attestation/verify.ts";
import { examine, type Found } from "./support/found.ts";
import { NOW } from "./support/pki.ts";

const FOLDER = process.env["ZG_TEST_ATTESTATION_DIR"]?.trim() ?? "";

/** The three reports that 0G's own documents show, by the names that its command line gives them. */
const REPORTS = {
  "attestation_report.json": {
    form: "tapp",
    signer: "0x894DF56E2817F38B9C1A2656a30Ca91755b0885f",
    from: "teeSignerAddress",
    fmspc: undefined,
    open: ["service-td", "other-apps", "images", "os-image", "freshness", "envelope", "gpu-signature"],
  },
  "broker_attestation_report.json": {
    form: "dstack",
    signer: "0xDC1A4da6BdCD90c20d7FF53a6cDc11fBf0E2303C",
    from: "teeSignerAddress",
    fmspc: "90c06f000000",
    open: ["service-td", "images", "os-image", "freshness", "envelope"],
  },
  "llm_attestation_report.json": {
    form: "node",
    signer: "0x8a4D4984CF370210dFEeFC773FAf9bb0edE97cC0",
    from: "TargetTeeAddress",
    fmspc: "90c06f000000",
    open: ["service-td", "images", "os-image", "freshness", "envelope"],
  },
} as const;
const UNFETCHED = ["collateral", "revocation", "qe-identity", "tdx-module", "tcb"] as const;

type Name = keyof typeof REPORTS;
type Members = Record<string, unknown>;

describe(`real attestation reports${FOLDER === "" ? " (needs ZG_TEST_ATTESTATION_DIR)" : ""}`, () => {
  before(function () {
    if (FOLDER === "") this.skip();
  });

  const read = (name: Name): Buffer => readFileSync(path.join(FOLDER, name));
  const params = (name: Name, bytes: Uint8Array = read(name)): VerifyReportParams => {
    const { signer, from } = REPORTS[name];
    return { bytes, now: NOW, expected: { signer: signer, from } };
  };
  const examined = async (name: Name, bytes?: Uint8Array): Promise<Found> => examine(params(name, bytes));

  for (const name of Object.keys(REPORTS) as Name[]) {
    const { form, signer, open } = REPORTS[name];

    it(`${name} is Intel's, of form ${form}, and leaves open only what it cannot tell`, async () => {
      const found = await examined(name);
      expect(found).to.include({ form, signer, held: true, hardware: true });
      const unchecked = found.items.filter(({ status }) => status === "not checked").map((item) => item.name);
      const measurements = form === "dstack" ? [] : ["gpu-measurements"];
      expect([...unchecked].sort()).to.deep.equal([...open, ...UNFETCHED, ...measurements].sort());
      if (form !== "dstack") expect(found.status("gpu-nonce")).to.equal("passed");
      if (form === "node") expect(found.status("gpu-signature")).to.equal("passed");
    });

    it(`${name} fails another signer, and a day on which its machine was not certified`, async () => {
      const stranger = { signer: `0x${"11".repeat(20)}`, from: "teeSignerAddress" } as const;
      expect((await examine({ ...params(name), expected: stranger })).failures).to.deep.equal(["signer"]);
      const late = await examine({ ...params(name), now: new Date("2033-01-01") });
      expect(late.failures).to.deep.equal(["certificates"]);
    });

    it(`${name} fails the item of each part that is altered`, async () => {
      // Version 5 says what its body is before it, and the body is that of TDX 1.5.
      const [inBody, after] = form === "tapp" ? [6, 6 + 64] : [0, 0];
      const chain = 636 + after + 128 + 6 + 384 + 64 + 2 + 32 + 6;
      const parts: readonly (readonly [string, number, readonly ItemName[]])[] = [
        ["user data of the header", 40, ["quote-signature"]],
        ["XFAM", 176 + inBody, ["quote-signature"]],
        ["r of the signature", 640 + after, ["quote-signature"]],
        ["attestation key", 710 + after, ["quote-signature", "attestation-key"]],
        ["CPUSVN of the quoting enclave", 771 + after, ["qe-signature"]],
        ["signature of its report", 1160 + after, ["qe-signature"]],
        ["authentication data", 1225 + after, ["attestation-key"]],
        ["a letter of a certificate", chain + 700, ["certificates"]],
      ];
      for (const [what, at, failures] of parts) {
        const bytes = alterQuote(read(name), at, what.startsWith("a letter") ? 0x01 : 0x80);
        expect((await examined(name, bytes)).failures, what).to.include.members([...failures]);
      }
    });
  }

  it("name the kind of their machines", async () => {
    for (const name of Object.keys(REPORTS) as Name[]) {
      const machine = await reportMachine(read(name));
      expect(machine?.ca).to.equal("platform");
      const { fmspc } = REPORTS[name];
      expect(machine?.fmspc).to.match(/^[0-9a-f]{12}$/);
      if (fmspc !== undefined) expect(machine?.fmspc).to.equal(fmspc);
    }
  });

  it("fail a log, a compose file or report data told otherwise", async () => {
    const broker = JSON.parse(read("broker_attestation_report.json").toString()) as Members;
    const log = JSON.parse(broker["event_log"] as string) as { event: string; event_payload: string; digest: string }[];
    const told = async (members: Members): Promise<readonly ItemName[]> =>
      (await examined("broker_attestation_report.json", Buffer.from(JSON.stringify({ ...broker, ...members }))))
        .failures;
    expect(await told({ event_log: JSON.stringify(log.slice(1)) })).to.deep.equal(["event-log"]);
    expect(await told({ event_log: JSON.stringify([log[1], log[0], ...log.slice(2)]) })).to.deep.equal(["event-log"]);
    const payload = log.map((each) => (each.event === "app-id" ? { ...each, event_payload: "00" } : each));
    expect(await told({ event_log: JSON.stringify(payload) })).to.deep.equal(["events"]);
    const tcbInfo = (broker["tcb_info"] as string).replace("mysql:8.0", "mysql:8.1");
    expect(await told({ tcb_info: tcbInfo })).to.deep.equal(["compose", "config-id"]);
    expect(await told({ report_data: Buffer.alloc(64).toString("base64") })).to.deep.equal(["report-data"]);
    const node = JSON.parse(read("llm_attestation_report.json").toString()) as Members;
    const nonce = Buffer.from(JSON.stringify({ ...node, request_nonce: "00".repeat(32) }));
    expect((await examined("llm_attestation_report.json", nonce)).failures).to.deep.equal(["report-data"]);
    const asked = {
      ...params("llm_attestation_report.json"),
      nonce: Buffer.from(node["request_nonce"] as string, "hex"),
    };
    expect((await examine(asked)).status("freshness")).to.equal("passed");
    const tapp = JSON.parse(read("attestation_report.json").toString()) as Members;
    const compose = (tapp["compose_content"] as string).replace("mysql:8.0", "mysql:8.1");
    const other = Buffer.from(JSON.stringify({ ...tapp, compose_content: compose }));
    expect((await examined("attestation_report.json", other)).failures).to.deep.equal(["compose"]);
  });
});

/** Alters a byte of the quote inside a report of any form. */
function alterQuote(report: Buffer, at: number, by: number): Buffer {
  const members = JSON.parse(report.toString()) as Members;
  const alter = (text: string, encoding: "hex" | "base64"): string => {
    const quote = Buffer.from(text, encoding);
    quote[at] = (quote[at] ?? 0) ^ by;
    return quote.toString(encoding);
  };
  if (typeof members["evidence"] === "string") {
    const evidence = JSON.parse(Buffer.from(members["evidence"], "base64").toString()) as { quote: string };
    const inner = JSON.stringify({ ...evidence, quote: alter(evidence.quote, "base64") });
    return Buffer.from(JSON.stringify({ ...members, evidence: Buffer.from(inner).toString("base64") }));
  }
  const quote = alter(members["quote"] as string, "hex");
  const copy = members["intel_quote"] === undefined ? {} : { intel_quote: quote };
  return Buffer.from(JSON.stringify({ ...members, quote, ...copy }));
}
