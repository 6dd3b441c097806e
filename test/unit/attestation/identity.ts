import { expect } from "chai";
import { getAddress, hashMessage, keccak256, Wallet } from "ethers";

import type { Address } from "../../../lib/hex.ts";
import { EvidenceMalformedError, NotHardwareError, ReportMalformedError } from "../../../lib/attestation/errors.ts";
import { parseReportData } from "../../../lib/attestation/report-data.ts";
import { MAX_REPORT_BYTES, openReport } from "../../../lib/attestation/report.ts";
import { assertHeld, type VerifyReportParams } from "../../../lib/attestation/verify.ts";
import { localQuote } from "../../../lib/galileo/provider/quote.ts";
import { caught } from "../compute/support/caught.ts";
import { examine, type Found } from "./support/found.ts";
import { makeMachine, type TestMachine } from "./support/machine.ts";
import {
  brokerReport,
  makeGpu,
  NONCE,
  nodeReport,
  nodeReportData,
  sealingReportData,
  SIGNER,
  tappReport,
  textGpuNonce,
  textReportData,
  trusting,
} from "./support/reports.ts";

const OTHER = getAddress(`0x${"ab".repeat(20)}`) as Address;
const KEY = new Uint8Array(32).fill(0x25);

describe("parseReportData", () => {
  it("reads each layout in the form of report that has it", () => {
    expect(parseReportData(textReportData(SIGNER), "dstack")).to.deep.equal({ layout: "text", signer: SIGNER });
    expect(parseReportData(sealingReportData(SIGNER, KEY), "dstack")).to.deep.equal({
      layout: "sealing",
      signer: SIGNER,
      encryptionKey: KEY,
    });
    expect(parseReportData(nodeReportData(SIGNER, NONCE), "node")).to.deep.equal({
      layout: "nonce",
      signer: SIGNER,
      nonce: NONCE,
    });
    const alone = Buffer.concat([Buffer.from(SIGNER.slice(2), "hex"), Buffer.alloc(44)]);
    expect(parseReportData(alone, "tapp")).to.deep.equal({ layout: "address", signer: SIGNER });
  });

  it("does not take a node's data for a broker's, whatever nonce it was asked with", async () => {
    const chosen = Buffer.concat([Buffer.from(OTHER.slice(2), "hex"), Buffer.from([0, 0, 0, 1]), Buffer.alloc(8)]);
    const data = nodeReportData(SIGNER, chosen);
    expect(parseReportData(data, "node").signer).to.equal(SIGNER);
    await caught(EvidenceMalformedError, () => parseReportData(data, "dstack"));
  });

  it("is refused every other layout", async () => {
    const bad: readonly (readonly [Uint8Array, "dstack" | "node" | "tapp"])[] = [
      [new Uint8Array(63), "dstack"],
      [new Uint8Array(64), "dstack"],
      [textReportData(SIGNER.toLowerCase()), "dstack"],
      [textReportData(`${SIGNER}1`), "dstack"],
      [textReportData("0x1234"), "dstack"],
      [sealingReportData(SIGNER, KEY).fill(1, 60), "dstack"],
      [sealingReportData(SIGNER, KEY).fill(2, 55, 56), "dstack"],
      [Buffer.alloc(64, 1), "node"],
      [nodeReportData(SIGNER, NONCE), "tapp"],
      [new Uint8Array(64), "tapp"],
      [nodeReportData(`0x${"00".repeat(20)}`, NONCE), "node"],
      [textReportData(`0x${"00".repeat(20)}`), "dstack"],
      [sealingReportData(`0x${"00".repeat(20)}`, KEY), "dstack"],
    ];
    for (const [data, form] of bad) await caught(EvidenceMalformedError, () => parseReportData(data, form));
  });
});

describe("hardware attestation: whom a report speaks for", () => {
  let machine: TestMachine;

  before(() => {
    machine = makeMachine();
  });

  const broker = async (
    options: Parameters<typeof brokerReport>[1] = {},
    more: Partial<VerifyReportParams> = {},
  ): Promise<Found> => examine(trusting(machine, brokerReport(machine, options), more));
  const node = async (
    options: Parameters<typeof nodeReport>[1] = {},
    more: Partial<VerifyReportParams> = {},
  ): Promise<Found> => examine(trusting(machine, nodeReport(machine, options), more));

  it("holds for the signer the chain lists, in each form", async () => {
    const found = [
      await broker(),
      await broker({ reportData: sealingReportData(SIGNER, KEY) }),
      await node(),
      await examine(trusting(machine, tappReport(machine))),
    ];
    for (const each of found) {
      expect([each.failures, each.signer, each.status("signer"), each.status("report-data")]).to.deep.equal([
        [],
        SIGNER,
        "passed",
        "passed",
      ]);
    }
    expect(found.map(({ form }) => form)).to.deep.equal(["dstack", "dstack", "node", "tapp"]);
  });

  it("fails a genuine report of another signer", async () => {
    const stolen = await broker({ reportData: textReportData(OTHER) });
    expect([stolen.failures, stolen.signer]).to.deep.equal([["signer"], OTHER]);
    expect(stolen.detail("signer")).to.contain(SIGNER).and.contain("teeSignerAddress");
    expect(
      (await node({ reportData: nodeReportData(OTHER, NONCE), members: { signing_address: OTHER } })).failures,
    ).to.deep.equal(["signer"]);
  });

  it("says that nobody was there to compare with", async () => {
    const { expected: _, ...alone } = trusting(machine, brokerReport(machine));
    expect((await examine(alone)).status("signer")).to.equal("not checked");
  });

  it("fails what stands beside the quote and is not in it", async () => {
    const beside = (text: string) => ({ members: { report_data: text } });
    const told = textReportData(OTHER).toString("base64");
    const lying = await broker(beside(told));
    expect([lying.failures, lying.signer]).to.deep.equal([["report-data"], SIGNER]);
    for (const text of ["!", `${told} `, ""])
      expect((await broker(beside(text))).failures).to.deep.equal(["report-data"]);
    expect((await node({ members: { signing_address: OTHER } })).failures).to.deep.equal(["report-data"]);
    expect((await node({ members: { request_nonce: "00".repeat(32) } })).failures).to.deep.equal(["report-data"]);
    expect((await node({ members: { request_nonce: "xyz" } })).failures).to.deep.equal(["report-data"]);
  });

  it("fails data of no known layout, and leaves the signer open", async () => {
    const odd = await broker({ reportData: Buffer.alloc(64, 9) });
    expect(odd.failures).to.deep.equal(["report-data"]);
    expect([odd.status("signer"), odd.signer]).to.deep.equal(["not checked", undefined]);
  });

  it("fails a quote told two ways", async () => {
    expect((await node({ members: { quote: "00" } })).failures).to.deep.equal(["hardware"]);
    expect((await broker({ members: { quote: "zz" } })).failures).to.include("hardware");
  });

  describe("freshness", () => {
    it("is a node's, by the nonce it was asked with", async () => {
      expect((await node({}, { nonce: NONCE })).status("freshness")).to.equal("passed");
      const replayed = await node({}, { nonce: new Uint8Array(32).fill(8) });
      expect(replayed.failures).to.deep.equal(["freshness"]);
      expect((await node()).status("freshness"), "saved").to.equal("not checked");
    });

    it("is not a broker's, whose report has no nonce", async () => {
      expect((await broker()).status("freshness")).to.equal("not checked");
    });

    it("fails when a nonce was asked for, and the answer has the form of one without", async () => {
      expect((await broker({}, { nonce: NONCE })).failures).to.deep.equal(["freshness"]);
    });
  });

  describe("the signature over the whole answer", () => {
    const key = new Wallet(`0x${"5e".repeat(32)}`);
    const signer = key.address as Address;
    const signed = async (bytes: Uint8Array) => key.signMessage(Buffer.from(keccak256(bytes).slice(2), "hex"));
    const enveloped = async (quoteSignature: string, bytes: Uint8Array) =>
      examine(trusting(machine, bytes, { quoteSignature, expected: { signer, from: "teeSignerAddress" } }));

    it("binds what stands beside the quote", async () => {
      const bytes = brokerReport(machine, { reportData: textReportData(signer) });
      const signature = await signed(bytes);
      expect((await enveloped(signature, bytes)).status("envelope")).to.equal("passed");
      expect((await enveloped(signature, Buffer.concat([bytes, Buffer.from(" ")]))).failures).to.deep.equal([
        "envelope",
      ]);
    });

    it("fails by another, or malformed", async () => {
      const bytes = brokerReport(machine, { reportData: textReportData(signer) });
      const strange = await new Wallet(`0x${"6e".repeat(32)}`).signMessage(
        Buffer.from(keccak256(bytes).slice(2), "hex"),
      );
      for (const bad of [strange, "0x", "x", `0x${"00".repeat(65)}`, `0x${"ff".repeat(65)}`, hashMessage("x")]) {
        expect((await enveloped(bad, bytes)).failures, bad.slice(0, 10)).to.deep.equal(["envelope"]);
      }
    });
  });

  describe("GPUs", () => {
    const gpu = makeGpu;
    const payload = (nonce: Uint8Array, { evidence } = gpu(), count = 1) => ({
      nonce: Buffer.from(nonce).toString("hex"),
      evidence_list: Array.from({ length: count }, () => evidence(nonce)),
    });

    it("hold when NVIDIA's devices answered for this report; their measurements nobody here knows", async () => {
      const one = gpu();
      const gpuAnchors = { anchors: { tdx: machine.anchor, gpu: one.anchor } };
      const found = [
        await node({ members: { nvidia_payload: JSON.stringify(payload(NONCE, one, 8)) } }, gpuAnchors),
        await broker({ members: { nvidia_payload: payload(textGpuNonce(SIGNER), one) } }, gpuAnchors),
      ];
      for (const each of found) {
        expect(each.failures).to.deep.equal([]);
        expect([each.status("gpu-nonce"), each.status("gpu-signature"), each.status("gpu-measurements")]).to.deep.equal(
          ["passed", "passed", "not checked"],
        );
      }
      expect((await broker()).status("gpu-nonce"), "no GPU").to.equal(undefined);
    });

    it("fail with evidence for another report", async () => {
      const one = gpu();
      const anchors = { tdx: machine.anchor, gpu: one.anchor };
      const members = { nvidia_payload: payload(new Uint8Array(32).fill(9), one) };
      expect((await node({ members }, { anchors })).failures).to.deep.equal(["gpu-nonce"]);
      expect((await broker({ members }, { anchors })).failures).to.deep.equal(["gpu-nonce"]);
    });

    it("fail when the evidence is not signed by the device, or the device not by NVIDIA", async () => {
      const one = gpu();
      const anchors = { tdx: machine.anchor, gpu: one.anchor };
      const altered = payload(NONCE, one);
      const bytes = Buffer.from(altered.evidence_list[0]!.evidence, "base64");
      bytes[300] = (bytes[300] ?? 0) ^ 1;
      altered.evidence_list[0]!.evidence = bytes.toString("base64");
      const fails = async (nvidia_payload: unknown) =>
        (await node({ members: { nvidia_payload } }, { anchors })).failures;
      expect(await fails(altered)).to.deep.equal(["gpu-signature"]);
      expect(await fails(payload(NONCE, gpu()))).to.deep.equal(["gpu-signature"]);
      expect(
        await fails(
          payload(
            NONCE,
            gpu((leaf) => [leaf]),
          ),
        ),
      ).to.deep.equal(["gpu-signature"]);
      expect(await fails({ evidence_list: [{ certificate: "", evidence: "" }] })).to.deep.equal([
        "gpu-nonce",
        "gpu-signature",
      ]);
      expect(await fails("no JSON")).to.deep.equal(["gpu-signature"]);
      expect(await fails({ evidence_list: [{}] })).to.deep.equal(["gpu-signature"]);
    });

    it("say that a TAPP report brings no certificates", async () => {
      const nonce = Buffer.concat([Buffer.from(SIGNER.slice(2), "hex"), Buffer.alloc(12)]);
      const { evidence } = gpu().evidence(nonce);
      const gpus = {
        evidence_list: [{ attestation_report: evidence, certificate: Buffer.alloc(4096).toString("base64") }],
      };
      const found = await examine(trusting(machine, tappReport(machine, { gpus })));
      expect(found.failures).to.deep.equal([]);
      expect([found.status("gpu-nonce"), found.status("gpu-signature")]).to.deep.equal(["passed", "not checked"]);
      expect((await examine(trusting(machine, tappReport(machine, { gpus: [] })))).failures).to.deep.equal([
        "gpu-signature",
      ]);
    });
  });
});

describe("a development report", () => {
  const bytes = Buffer.from(localQuote(SIGNER));
  const params = { bytes, now: new Date(), expected: { signer: SIGNER, from: "teeSignerAddress" } };

  it("is refused as hardware by name, and everything else in it is checked", async () => {
    const found = await examine(params);
    expect(found).to.include({ form: "development", hardware: false, held: false, signer: SIGNER });
    expect(found.failures).to.deep.equal(["hardware"]);
    expect(found.detail("hardware")).to.contain("DEVELOPMENT ONLY");
    const made = found.items.filter(({ status }) => status === "passed").map(({ name }) => name);
    expect(made).to.deep.equal(["signer", "events", "compose"]);
    const refusal = await caught(NotHardwareError, () => {
      assertHeld("the broker", found);
    });
    expect(refusal).to.include({ code: "ZG_NOT_HARDWARE", exit: 5 });
  });

  it("fails what does not fit the chain or itself, all the same", async () => {
    const found = await examine({ ...params, expected: { signer: OTHER, from: "teeSignerAddress" } });
    expect(found.failures).to.deep.equal(["hardware", "signer"]);
    const report = JSON.parse(bytes.toString()) as Record<string, string>;
    const changed = { ...report, tcb_info: JSON.stringify({ app_compose: "{}" }) };
    const other = await examine({ ...params, bytes: Buffer.from(JSON.stringify(changed)) });
    expect(other.failures).to.deep.equal(["hardware", "compose", "images"]);
  });

  it("is known by its marks, 0G's own mock included, and no quote makes it another", async () => {
    const machine = makeMachine();
    const real = JSON.parse(Buffer.from(brokerReport(machine)).toString()) as Record<string, unknown>;
    const marked = await examine(trusting(machine, Buffer.from(JSON.stringify({ ...real, mock: true }))));
    expect([marked.form, marked.failures]).to.deep.equal(["development", ["hardware"]]);
    const mock = {
      report_data: "",
      intel_quote: "mock_intel_quote",
      event_log: [],
      info: { tcb_info: '{"mock": "tcb_info"}' },
    };
    expect(openReport(Buffer.from(JSON.stringify(mock))).form).to.equal("development");
  });
});

describe("openReport", () => {
  it("is refused what is no report", async () => {
    const bad = ["", "[]", "null", "{}", '{"quote":1}', "\ud800", "text"].map((text) => Buffer.from(text));
    for (const bytes of [...bad, new Uint8Array([0xff]), new Uint8Array(MAX_REPORT_BYTES + 1)]) {
      const { exit } = await caught(ReportMalformedError, () => openReport(bytes));
      expect(exit).to.equal(5);
    }
  });
});
