import { expect } from "chai";
import { KeyUsageFlags } from "@peculiar/asn1-x509";

import type { ItemName } from "../../../lib/attestation/item.ts";
import { assertHeld } from "../../../lib/attestation/verify.ts";
import { examine, type Found } from "./support/found.ts";
import {
  makeMachine,
  makePck,
  makePlatform,
  makeRoot,
  type QuoteOptions,
  type TestMachine,
} from "./support/machine.ts";
import { certify, DAY, extension, keyPair, NOW, type Holder } from "./support/pki.ts";
import { brokerReport, tappReport, trusting } from "./support/reports.ts";

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe("hardware attestation: the quote", () => {
  let machine: TestMachine;

  before(() => {
    machine = makeMachine();
  });

  const found = async (quote: QuoteOptions = {}, of: TestMachine = machine): Promise<Found> =>
    examine(trusting(machine, brokerReport(of, { quote }), { anchors: { tdx: of.anchor } }));

  const tampered = async (at: number): Promise<Found> => {
    const report = JSON.parse(Buffer.from(brokerReport(machine)).toString()) as { quote: string };
    const quote = Buffer.from(flip(Buffer.from(report.quote, "hex"), at)).toString("hex");
    return examine(trusting(machine, Buffer.from(JSON.stringify({ ...report, quote }))));
  };

  it("holds for a genuine one of version 4 and of version 5", async () => {
    const proofs: ItemName[] = [
      "hardware",
      "quote-signature",
      "attestation-key",
      "qe-signature",
      "qe",
      "certificates",
      "root",
      "debug",
      "td-attributes",
      "module",
    ];
    const four = await found();
    expect([four.failures, proofs.map(four.status)]).to.deep.equal([[], proofs.map(() => "passed")]);
    expect(four.status("service-td")).to.equal("not checked");
    const five = await examine(trusting(machine, tappReport(machine)));
    expect([five.failures, proofs.map(five.status)]).to.deep.equal([[], proofs.map(() => "passed")]);
    expect(five.status("service-td")).to.equal("passed");
    assertHeld("it", four);
  });

  describe("fails the item of whatever was altered", () => {
    const cases: readonly (readonly [what: string, at: number, failures: readonly ItemName[]])[] = [
      ["the header's user data", 40, ["quote-signature"]],
      ["MRTD", 184, ["quote-signature", "registers"]],
      ["RTMR3", 520, ["quote-signature", "event-log", "registers"]],
      ["MRCONFIGID", 240, ["quote-signature", "config-id"]],
      ["the report data", 570, ["quote-signature", "report-data"]],
      ["r of the signature", 640, ["quote-signature"]],
      ["s of the signature", 690, ["quote-signature"]],
      ["the attestation key", 710, ["quote-signature", "attestation-key"]],
      ["CPUSVN of the quoting enclave", 771, ["qe-signature"]],
      ["the signature of its report", 770 + 384 + 3, ["qe-signature"]],
      ["its authentication data", 770 + 384 + 64 + 5, ["attestation-key"]],
    ];
    for (const [what, at, failures] of cases) {
      it(what, async () => {
        expect((await tampered(at)).failures).to.deep.equal(failures);
      });
    }

    it("a certificate's signed part, or its signature", async () => {
      for (const index of [0, 1, 2]) {
        const der = machine.chain[index]!;
        for (const at of [60, der.length - 2]) {
          const chain = machine.chain.map((each, place) => (place === index ? flip(each, at) : each));
          const { failures } = await found({ chain });
          expect(failures.some((name) => name === "certificates" || name === "root")).to.equal(true);
          expect(failures).to.include("certificates");
        }
      }
    });
  });

  it("takes both signatures that ECDSA has for one r: they say the same", async () => {
    const report = JSON.parse(Buffer.from(brokerReport(machine)).toString()) as { quote: string };
    const quote = Buffer.from(report.quote, "hex");
    const s = BigInt(`0x${quote.subarray(668, 700).toString("hex")}`);
    quote.write((P256_ORDER - s).toString(16).padStart(64, "0"), 668, "hex");
    const other = await examine(
      trusting(machine, Buffer.from(JSON.stringify({ ...report, quote: quote.toString("hex") }))),
    );
    expect(other.failures).to.deep.equal([]);
  });

  it("fails a signature of zeros, or beyond the order of the curve", async () => {
    const report = JSON.parse(Buffer.from(brokerReport(machine)).toString()) as { quote: string };
    for (const digit of ["0", "f"]) {
      const quote = report.quote.slice(0, 1272) + digit.repeat(128) + report.quote.slice(1400);
      const zero = await examine(trusting(machine, Buffer.from(JSON.stringify({ ...report, quote }))));
      expect(zero.failures).to.deep.equal(["quote-signature"]);
    }
  });

  it("fails an attestation key that is no point of the curve", async () => {
    const report = JSON.parse(Buffer.from(brokerReport(machine)).toString()) as { quote: string };
    const quote = report.quote.slice(0, 1400) + "ff".repeat(64) + report.quote.slice(1528);
    const off = await examine(trusting(machine, Buffer.from(JSON.stringify({ ...report, quote }))));
    expect(off.failures).to.deep.equal(["quote-signature", "attestation-key"]);
    expect(off.detail("quote-signature")).to.match(/no point/);
  });

  describe("the state of the trust domain", () => {
    const attributes = (hex: string) => ({ tdAttributes: Buffer.from(hex, "hex") });
    const cases: readonly (readonly [what: string, quote: QuoteOptions, failures: readonly ItemName[]])[] = [
      ["under debug", attributes("0100001000000000"), ["debug"]],
      ["with another bit of the debug byte", attributes("8000001000000000"), ["debug"]],
      ["whose host traps accesses", attributes("0000000000000000"), ["td-attributes"]],
      ["that can migrate", attributes("0000003000000000"), ["td-attributes"]],
      ["with a reserved bit", attributes("0001001000000000"), ["td-attributes"]],
      ["below another's module", { mrSignerSeam: Buffer.alloc(48, 1) }, ["module"]],
      ["below a module in another state", { seamAttributes: Buffer.alloc(8, 1) }, ["module"]],
      ["from another vendor's enclave", { qeVendorId: Buffer.alloc(16, 1) }, ["qe"]],
      ["from an enclave not signed by Intel", { qeMrSigner: Buffer.alloc(32, 1) }, ["qe"]],
      ["from another enclave of Intel's", { qeProdId: 1 }, ["qe"]],
      ["from an enclave in debug mode", { qeAttributes: Buffer.from("17".padEnd(32, "0"), "hex") }, ["qe"]],
    ];
    for (const [what, quote, failures] of cases) {
      it(`fails one ${what}`, async () => {
        expect((await found(quote)).failures).to.deep.equal(failures);
      });
    }

    it("passes one that uses protection keys and counts performance", async () => {
      expect((await found(attributes("000000d000000080"))).failures).to.deep.equal([]);
    });

    it("does not pass a bound service TD that nobody knows", async () => {
      const bound = await examine(
        trusting(machine, tappReport(machine, { quote: { mrServiceTd: Buffer.alloc(48, 0x5e) } })),
      );
      expect([bound.status("service-td"), bound.failures]).to.deep.equal(["not checked", []]);
      expect(bound.detail("service-td")).to.contain("5e5e");
    });
  });

  describe("the chain", () => {
    it("fails one that ends in another root of the same name, though it is whole", async () => {
      const other = makeMachine();
      const strange = await examine(trusting(machine, brokerReport(other)));
      expect(strange.failures).to.deep.equal(["root"]);
      expect(strange.detail("root")).to.contain(machine.anchor.sha256);
    });

    it("fails the pinned root put above strangers", async () => {
      const other = makeMachine();
      const forged = makeMachine({ root: () => machine.root, platform: () => other.platform, pck: () => other.pck });
      const strange = await found({}, { ...forged, chain: [other.pck.der, other.platform.der, machine.root.der] });
      expect(strange.failures).to.deep.equal(["certificates"]);
      expect(strange.detail("certificates")).to.match(/Platform CA is not signed by Intel SGX Root CA/);
    });

    const brother = (changes: Parameters<typeof makePck>[1]) =>
      makeMachine({ pck: (platform) => makePck(platform, changes) });
    const cases: readonly (readonly [what: string, make: () => TestMachine, why: RegExp])[] = [
      ["an expired machine", () => brother({ to: new Date(NOW.getTime() - DAY) }), /was valid until/],
      ["a machine from the future", () => brother({ from: new Date(NOW.getTime() + DAY) }), /is valid from/],
      ["a machine that is an authority", () => brother({ ca: true }), /authority's, not a machine's/],
      ["a machine whose key may not sign", () => brother({ usage: KeyUsageFlags.keyAgreement }), /not for signatures/],
      [
        "a machine without Intel's extension",
        () => brother({ extensions: [] }),
        /lacks the extension 1\.2\.840\.113741/,
      ],
      [
        "a critical extension that nobody here knows",
        () =>
          makeMachine({
            platform: (root) =>
              makePlatform(root, { extensions: [extension("1.2.3.4", Buffer.from("0500", "hex"), true)] }),
          }),
        /critical extension 1\.2\.3\.4/,
      ],
      [
        "an extension twice",
        () =>
          makeMachine({
            platform: (root) =>
              makePlatform(root, {
                extensions: ["0500", "0101ff"].map((hex) => extension("1.2.3.4", Buffer.from(hex, "hex"))),
              }),
          }),
        /twice/,
      ],
      [
        "an expired authority",
        () => makeMachine({ platform: (root) => makePlatform(root, { to: new Date(NOW.getTime() - DAY) }) }),
        /Platform CA was valid until/,
      ],
      [
        "an authority that is none",
        () => makeMachine({ platform: (root) => makePlatform(root, { ca: false }) }),
        /Platform CA is no certification authority/,
      ],
      [
        "an authority that may not sign certificates",
        () => makeMachine({ platform: (root) => makePlatform(root, { usage: KeyUsageFlags.cRLSign }) }),
        /Platform CA may not sign certificates/,
      ],
      [
        "more authorities than the root allows",
        () => makeMachine({ root: () => makeRoot({ pathLength: 0 }) }),
        /Root CA may not stand above 1/,
      ],
      [
        "a key on another curve",
        () => makeMachine({ platform: (root) => makePlatform(root, { keys: keyPair("P-384") }) }),
        /not on P-256|not signed by/,
      ],
      [
        "an expired root",
        () => makeMachine({ root: () => makeRoot({ to: new Date(NOW.getTime() - DAY) }) }),
        /Root CA was/,
      ],
    ];
    for (const [what, make, why] of cases) {
      it(`fails ${what}`, async () => {
        const wrong = await found({}, make());
        expect(wrong.failures).to.deep.equal(["certificates"]);
        expect(wrong.detail("certificates")).to.match(why);
      });
    }

    it("fails a machine that certifies itself under an authority's name", async () => {
      const { root, platform } = machine;
      const self: Holder = makePck({ ...platform, keys: keyPair() });
      const forged = { ...machine, pck: self, chain: [self.der, platform.der, root.der] };
      const wrong = await found({}, forged);
      expect(wrong.failures).to.deep.equal(["certificates"]);
      expect(wrong.detail("certificates")).to.match(/PCK Certificate is not signed by Intel SGX PCK Platform CA/);
    });

    it("fails a machine that another machine certifies", async () => {
      const { root, platform, pck } = machine;
      const below = makePck(pck);
      const forged = { ...machine, pck: below };
      expect((await found({ chain: [below.der, pck.der, root.der] }, forged)).failures).to.deep.equal(["certificates"]);
      const long = await found({ chain: [below.der, pck.der, platform.der, root.der] }, forged);
      expect(long.failures).to.deep.equal(["certificates"]);
    });

    it("fails certificates that are missing, doubled, in disorder or too many", async () => {
      const [pck, platform, root] = machine.chain as [Uint8Array, Uint8Array, Uint8Array];
      const more = certify({ name: "Somebody" }).der;
      const orders: readonly (readonly [string, readonly Uint8Array[], readonly ItemName[]])[] = [
        ["no root", [pck, platform], ["certificates", "root"]],
        ["no authority", [pck, root], ["certificates"]],
        ["a double", [pck, platform, platform], ["certificates", "root"]],
        ["the root twice", [pck, root, root], ["certificates"]],
        ["disorder", [pck, root, platform], ["certificates", "root"]],
        ["one more", [pck, platform, root, more], ["certificates", "root"]],
        ["reversed", [root, platform, pck], ["qe-signature", "certificates", "root"]],
      ];
      for (const [what, chain, failures] of orders) {
        expect((await found({ chain })).failures, what).to.deep.equal(failures);
      }
    });

    it("fails something that is no certificate, or is followed by bytes", async () => {
      const [pck, platform, root] = machine.chain as [Uint8Array, Uint8Array, Uint8Array];
      for (const bad of [new Uint8Array([0x30, 0x00]), Buffer.concat([platform, Buffer.from([0])])]) {
        const wrong = await found({ chain: [pck, bad, root] });
        expect(wrong.failures).to.deep.equal(["certificates"]);
        expect([wrong.status("root"), wrong.status("qe-signature")]).to.deep.equal(["not checked", "not checked"]);
      }
    });
  });
});
