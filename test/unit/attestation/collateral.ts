import { expect } from "chai";

import type { ItemName } from "../../../lib/attestation/item.ts";
import { collateralText, parseCollateral, type Collateral } from "../../../lib/attestation/collateral.ts";
import { CollateralMalformedError } from "../../../lib/attestation/errors.ts";
import { collateralFrom, INTEL_PCS, pcsUrls } from "../../../lib/attestation/pcs.ts";
import { reportMachine } from "../../../lib/attestation/verify.ts";
import { caught } from "../compute/support/caught.ts";
import { makeCollateral, type CollateralOptions } from "./support/collateral.ts";
import { examine, type Found } from "./support/found.ts";
import { FMSPC, makeMachine, makePlatform, SERIALS, type QuoteOptions, type TestMachine } from "./support/machine.ts";
import { certify, DAY, extension, NOW, pem, revocationList } from "./support/pki.ts";
import { brokerReport, tappReport, trusting } from "./support/reports.ts";

const ITEMS: readonly ItemName[] = ["collateral", "revocation", "qe-identity", "tdx-module", "tcb"];
const days = (count: number): Date => new Date(NOW.getTime() + count * DAY);

describe("hardware attestation: collateral", () => {
  let machine: TestMachine;

  before(() => {
    machine = makeMachine();
  });

  const found = async (options: CollateralOptions = {}, quote: QuoteOptions = {}): Promise<Found> =>
    examine(trusting(machine, brokerReport(machine, { quote }), { collateral: [makeCollateral(machine, options)] }));
  const listed = async (members: Partial<Collateral>): Promise<Found> => found({ members });

  it("is not checked when none is given, and says how to give it", async () => {
    const without = await examine(trusting(machine, brokerReport(machine)));
    expect(ITEMS.map(without.status)).to.deep.equal(ITEMS.map(() => "not checked"));
    expect(without.detail("tcb")).to.contain("--fetch-collateral");
  });

  it("holds when Intel vouches for machine and enclave, and revokes nobody", async () => {
    const whole = await found();
    expect([whole.failures, ITEMS.map(whole.status)]).to.deep.equal([[], ITEMS.map(() => "passed")]);
    expect(whole.detail("tcb")).to.equal("UpToDate");
    const five = await examine(trusting(machine, tappReport(machine), { collateral: [makeCollateral(machine)] }));
    expect(five.failures).to.deep.equal([]);
  });

  describe("TCB status", () => {
    it("passes where software can do its part, with the advisories", async () => {
      const hardened = await found({ tcbStatus: "SWHardeningNeeded", advisories: ["INTEL-SA-1"] });
      expect([hardened.failures, hardened.detail("tcb")]).to.deep.equal([
        [],
        "SWHardeningNeeded, advisories INTEL-SA-1",
      ]);
    });

    for (const tcbStatus of [
      "ConfigurationNeeded",
      "OutOfDate",
      "OutOfDateConfigurationNeeded",
      "Revoked",
      "Unheard",
    ]) {
      it(`fails ${tcbStatus}`, async () => {
        expect((await found({ tcbStatus })).failures).to.deep.equal(["tcb"]);
      });
    }

    it("fails a machine below every level", async () => {
      expect((await found({}, { teeTcbSvn: Buffer.alloc(16, 5).fill(4, 15) })).failures).to.deep.equal(["tcb"]);
    });

    it("fails what dcap-qvl refuses by itself, as a bound service TD", async () => {
      const quote = { mrServiceTd: Buffer.alloc(48, 1) };
      const bound = await examine(
        trusting(machine, tappReport(machine, { quote }), { collateral: [makeCollateral(machine)] }),
      );
      expect(bound.failures).to.deep.equal(["tcb"]);
      expect(bound.detail("tcb")).to.match(/^dcap-qvl refuses it: Invalid mr service td/);
    });
  });

  describe("the quoting enclave's identity", () => {
    const cases: readonly (readonly [what: string, qe: Readonly<Record<string, unknown>>])[] = [
      ["another signer", { mrsigner: "11".repeat(32) }],
      ["another product", { isvprodid: 1 }],
      ["other attributes", { attributes: "13".padEnd(32, "0") }],
      ["another MISCSELECT", { miscselect: "01000000" }],
      ["a newer version only", { tcbLevels: [{ tcb: { isvsvn: 7 }, tcbStatus: "UpToDate", advisoryIDs: [] }] }],
      ["its version out of date", { tcbLevels: [{ tcb: { isvsvn: 5 }, tcbStatus: "OutOfDate", advisoryIDs: [] }] }],
      ["another enclave", { id: "QE" }],
    ];
    for (const [what, qe] of cases) {
      it(`fails with ${what}`, async () => {
        expect((await found({ qe })).failures).to.deep.equal(["qe-identity", "tcb"]);
      });
    }

    it("fails when it cannot be read", async () => {
      expect((await found({ qe: { mrsigner: "x" } })).failures).to.include("qe-identity");
    });

    it("leaves bits out that Intel leaves out", async () => {
      expect(
        (await found({}, { qeAttributes: Buffer.from(`15${"00".repeat(7)}${"ff".repeat(8)}`, "hex") })).failures,
      ).to.deep.equal([]);
    });
  });

  describe("the TDX module", () => {
    const svn = (level: number, version: number) => ({
      teeTcbSvn: Buffer.concat([Buffer.from([level, version]), Buffer.alloc(14, 5)]),
    });
    const judged = async (tdx: Readonly<Record<string, unknown>>, level: number, version: number): Promise<Found> => {
      const { mrSignerSeam, seamAttributes, ...tcb } = tdx;
      const seam = { ...(mrSignerSeam === undefined ? {} : { mrSignerSeam: mrSignerSeam as Uint8Array }) };
      return found({ tcb, components: 0 }, { ...svn(level, version), ...seam });
    };

    it("passes up to date, by the identity of its version", async () => {
      const held = await judged({}, 7, 5);
      expect([held.failures, held.detail("tdx-module")]).to.deep.equal([[], "version 7 of TDX_05 is UpToDate"]);
    });

    it("fails outdated, older than all, of a version that nobody describes, or described otherwise", async () => {
      expect((await judged({}, 4, 5)).failures).to.deep.equal(["tdx-module"]);
      expect((await judged({}, 1, 5)).detail("tdx-module")).to.match(/older than any/);
      expect((await judged({}, 7, 6)).detail("tdx-module")).to.equal("Intel describes no module TDX_06");
      expect((await judged({ tdxModuleIdentities: undefined }, 7, 5)).failures).to.deep.equal(["tdx-module"]);
      expect((await judged({ tdxModuleIdentities: "x" }, 7, 5)).failures).to.deep.equal(["tdx-module"]);
      const signed = { mrSignerSeam: Buffer.alloc(48, 1) };
      for (const version of [0, 5])
        expect((await judged(signed, 7, version)).failures).to.deep.equal(["module", "tdx-module"]);
    });

    it("of the first version is compared with the one described, where one is", async () => {
      expect((await judged({}, 7, 0)).status("tdx-module")).to.equal("passed");
      expect((await judged({ tdxModule: undefined }, 7, 0)).status("tdx-module")).to.equal("not checked");
    });
  });

  describe("documents", () => {
    it("fail out of their time", async () => {
      expect((await found({ until: -0.5 })).failures).to.deep.equal(["collateral", "tcb"]);
      expect((await found({ issued: 1 })).failures).to.deep.equal(["collateral", "tcb"]);
    });

    it("fail altered, unsigned, or signed by others", async () => {
      const genuine = makeCollateral(machine);
      const other = makeCollateral(makeMachine());
      const stranger = certify({ name: "Intel SGX TCB Signing", issuer: makeMachine().root });
      const underling = certify({ name: "Intel SGX TCB Signing", issuer: machine.platform });
      const authority = certify({ name: "Intel SGX TCB Signing", issuer: machine.root, ca: true });
      const altered: readonly (readonly [string, Partial<Collateral>])[] = [
        ["another status", { tcb_info: genuine.tcb_info.replace("UpToDate", "UpToDate ") }],
        ["another enclave", { qe_identity: genuine.qe_identity.replace('"isvprodid":2', '"isvprodid":02') }],
        ["no signature", { tcb_info_signature: new Uint8Array(64) }],
        ["a short signature", { qe_identity_signature: genuine.qe_identity_signature.subarray(1) }],
        ["another's chain", { tcb_info_issuer_chain: other.tcb_info_issuer_chain }],
        ["another's everything", { ...other }],
        ["no chain", { qe_identity_issuer_chain: "" }],
        ["a stranger's", { ...makeCollateral(machine, { signer: stranger }) }],
        ["a chain of three", { tcb_info_issuer_chain: pem(underling.der, machine.platform.der, machine.root.der) }],
        ["an authority's", { ...makeCollateral(machine, { signer: authority }) }],
      ];
      for (const [what, members] of altered) {
        expect((await listed(members)).failures, what).to.include.members(["collateral", "tcb"]);
      }
    });
  });

  describe("revocation", () => {
    it("fails a revoked machine, authority or signer of documents", async () => {
      const machineRevoked = await found({ revokedMachines: [9, SERIALS.pck] });
      expect(machineRevoked.failures).to.deep.equal(["revocation", "tcb"]);
      expect(machineRevoked.detail("revocation")).to.match(/PCK Certificate \(serial 100003\) is revoked/);
      for (const serial of [SERIALS.platform, SERIALS.signer, SERIALS.root]) {
        expect((await found({ revokedAuthorities: [serial] })).failures).to.deep.equal(["revocation", "tcb"]);
      }
    });

    it("fails lists that dcap-qvl takes: signed by a stranger, of another issuer, old, from the future, cut", async () => {
      const { platform, root } = machine;
      const stranger = makeMachine().platform;
      const delta = extension("2.5.29.27", Buffer.from("020101", "hex"), true);
      const lists: readonly (readonly [string, Uint8Array])[] = [
        ["a stranger's under the same name", revocationList({ issuer: stranger })],
        ["another issuer's", revocationList({ issuer: root })],
        ["an old one", revocationList({ issuer: platform, until: days(-1), from: days(-30) })],
        ["one from the future", revocationList({ issuer: platform, from: days(1) })],
        ["a part of one", revocationList({ issuer: platform, extensions: [delta] })],
        ["no list", new Uint8Array([0x30, 0x00])],
        ["a cut one", makeCollateral(machine).pck_crl.subarray(0, -3)],
      ];
      for (const [what, pck_crl] of lists) {
        const wrong = await listed({ pck_crl });
        expect(wrong.failures, what).to.deep.equal(["revocation"]);
      }
      expect((await listed({ root_ca_crl: revocationList({ issuer: platform }) })).failures).to.deep.equal([
        "revocation",
      ]);
    });

    it("fails below a root that is not the pinned one", async () => {
      const other = makeMachine();
      const strange = await examine(trusting(machine, brokerReport(other), { collateral: [makeCollateral(other)] }));
      expect(strange.failures).to.deep.equal(["root", "collateral", "revocation", "tcb"]);
    });
  });

  it("is chosen by the kind of machine; for another one it says nothing", async () => {
    const other = makeCollateral(machine, { fmspc: "000000000001" });
    const unreadable = makeCollateral(machine, { members: { tcb_info: "no JSON" } });
    const judge = async (collateral: readonly Collateral[]) =>
      examine(trusting(machine, brokerReport(machine), { collateral }));
    const wrong = await judge([other, unreadable]);
    expect([wrong.failures, ITEMS.map(wrong.status)]).to.deep.equal([[], ITEMS.map(() => "not checked")]);
    expect(wrong.detail("tcb")).to.equal(
      `the collateral given is for machines of kind 000000000001, none; this one is ${FMSPC}`,
    );
    expect((await judge([other, makeCollateral(machine)])).status("tcb")).to.equal("passed");
  });

  it("takes no certificates from the collateral in place of the quote's", async () => {
    const { pck, platform, root } = makeMachine();
    const collateral = { ...makeCollateral(machine), pck_certificate_chain: pem(pck.der, platform.der, root.der) };
    const held = await examine(trusting(machine, brokerReport(machine), { collateral: [collateral] }));
    expect(held.status("tcb")).to.equal("passed");
  });

  it("cannot be judged for a report without a quote", async () => {
    const bare = Buffer.from(JSON.stringify({ mock: true }));
    expect(await reportMachine(bare)).to.equal(undefined);
    expect(await reportMachine(brokerReport(machine, { members: { quote: "00" } }))).to.equal(undefined);
  });

  it("names the machine by its kind and authority", async () => {
    expect(await reportMachine(brokerReport(machine))).to.deep.equal({ fmspc: FMSPC, ca: "platform" });
    const processor = makeMachine({ platform: (root) => makePlatform(root, { name: "Intel SGX PCK Processor CA" }) });
    expect(await reportMachine(brokerReport(processor))).to.deep.equal({ fmspc: FMSPC, ca: "processor" });
  });

  describe("as a file", () => {
    it("is read with bytes in hexadecimal or as numbers, and written so that it is read again", () => {
      const made = makeCollateral(machine);
      expect(parseCollateral(Buffer.from(collateralText(made)))).to.deep.equal(made);
      const numbers = { ...made, pck_crl: [...made.pck_crl], root_ca_crl: [...made.root_ca_crl] };
      const { tcb_info_signature: tcb, qe_identity_signature: qe } = made;
      const json = JSON.stringify({ ...numbers, tcb_info_signature: [...tcb], qe_identity_signature: [...qe] });
      expect(parseCollateral(Buffer.from(json))).to.deep.equal(made);
    });

    it("is refused as anything else", async () => {
      const made = JSON.parse(collateralText(makeCollateral(machine))) as object;
      for (const bad of [
        "",
        "[]",
        "null",
        "{}",
        JSON.stringify({ ...made, pck_crl: "zz" }),
        JSON.stringify({ ...made, pck_crl: [256] }),
      ]) {
        const { code, exit } = await caught(CollateralMalformedError, () => parseCollateral(Buffer.from(bad)));
        expect([code, exit]).to.deep.equal(["ZG_COLLATERAL", 2]);
      }
      await caught(CollateralMalformedError, () => parseCollateral(new Uint8Array(2 * 1024 * 1024 + 1)));
    });
  });

  describe("from Intel's service", () => {
    it("has four addresses, for Intel and for a cache of it", () => {
      const at = { fmspc: FMSPC, ca: "platform" } as const;
      expect(pcsUrls(INTEL_PCS, at)).to.deep.equal({
        tcbInfo: `https://api.trustedservices.intel.com/tdx/certification/v4/tcb?fmspc=${FMSPC}`,
        qeIdentity: "https://api.trustedservices.intel.com/tdx/certification/v4/qe/identity",
        pckCrl: "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
        rootCrl: "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der",
      });
      const cache = "https://pccs.example/sgx/certification/v4";
      for (const base of [cache, `${cache}/`, "https://pccs.example//"]) {
        expect(pcsUrls(base, at).rootCrl).to.equal(`${cache}/rootcacrl`);
      }
    });

    it("is refused without its parts", async () => {
      const answer = (text: string, headers: Record<string, string> = {}) => ({
        headers: new Headers(headers),
        bytes: Buffer.from(text),
      });
      const signature = "00".repeat(64);
      const tcbInfo = answer(`{"tcbInfo":{},"signature":"${signature}"}`, { "TCB-Info-Issuer-Chain": "x" });
      const qeIdentity = answer(`{"enclaveIdentity":{},"signature":"${signature}"}`, {
        "SGX-Enclave-Identity-Issuer-Chain": "x",
      });
      const pckCrl = answer("x", { "SGX-PCK-CRL-Issuer-Chain": "x" });
      const good = { tcbInfo, qeIdentity, pckCrl, rootCrl: answer("x") };
      expect(collateralFrom(good).tcb_info).to.equal("{}");
      for (const bad of [
        { tcbInfo: answer("", { "TCB-Info-Issuer-Chain": "x" }) },
        { tcbInfo: answer("null", { "TCB-Info-Issuer-Chain": "x" }) },
        { tcbInfo: answer('{"tcbInfo":{},"signature":"00"}', { "TCB-Info-Issuer-Chain": "x" }) },
        { tcbInfo: { ...tcbInfo, headers: new Headers() } },
        { qeIdentity: { ...qeIdentity, headers: new Headers({ "SGX-Enclave-Identity-Issuer-Chain": "%zz" }) } },
        { pckCrl: answer("x") },
      ]) {
        await caught(CollateralMalformedError, () => collateralFrom({ ...good, ...bad }));
      }
    });
  });
});
