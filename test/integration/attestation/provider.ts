import { expect } from "chai";
import { keccak256, Wallet } from "ethers";

import { collateralText } from "../../../lib/attestation/collateral.ts";
import { MAX_REPORT_BYTES } from "../../../lib/attestation/report.ts";
import type { Machine } from "../../../lib/attestation/machine.ts";
import {
  downloadReports,
  fetchCollateral,
  savedReport,
  verifyProviderReport,
  type AttestedReport,
} from "../../../lib/compute/attestation.ts";
import {
  CollateralUnavailableError,
  NothingAttestedError,
  ProviderDownError,
  ProviderTimeoutError,
  RedirectRefusedError,
  ReportMissingError,
  ResponseTooLargeError,
} from "../../../lib/compute/errors.ts";
import type { Service, ServiceFacts } from "../../../lib/compute/providers.ts";
import { AbortedError } from "../../../lib/errors.ts";
import type { Address } from "../../../lib/hex.ts";
import { makeCollateral } from "../../unit/attestation/support/collateral.ts";
import { FMSPC, makeMachine, type TestMachine } from "../../unit/attestation/support/machine.ts";
import { NOW } from "../../unit/attestation/support/pki.ts";
import {
  brokerReport,
  IMAGE,
  NONCE,
  nodeReport,
  nodeReportData,
  SIGNER,
  textReportData,
} from "../../unit/attestation/support/reports.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { service } from "../../unit/compute/support/fixtures.ts";
import { collateralRoutes, serveReports, type ReportServer } from "./support/report-server.ts";

const QUOTE = "/v1/quote";
const NODE = "/v1/proxy/attestation/report";
const NODE_SIGNER = new Wallet(`0x${"a1".repeat(32)}`).address as Address;

describe("the attestation of a provider", () => {
  let machine: TestMachine;
  let server: ReportServer;

  before(() => {
    machine = makeMachine();
  });
  beforeEach(async () => {
    server = await serveReports({ [QUOTE]: { body: brokerReport(machine) } });
  });
  afterEach(async () => server.close());

  const listed = (info: Readonly<Record<string, unknown>> = {}, more: Partial<ServiceFacts> = {}): Service =>
    service({
      url: server.url,
      model: "org/a model",
      teeSignerAddress: SIGNER,
      additionalInfo: JSON.stringify({ TargetSeparated: false, ...info }),
      ...more,
    });
  const separated = () => listed({ TargetSeparated: true, TargetTeeAddress: NODE_SIGNER });
  const attest = async (of: Service, nonce: Uint8Array = NONCE): Promise<readonly AttestedReport[]> => {
    const reports = await downloadReports({}, of, nonce);
    const how = { now: NOW, anchors: { tdx: machine.anchor }, collateral: [makeCollateral(machine)] };
    return Promise.all(reports.map(async (report) => verifyProviderReport(of, report, how)));
  };
  const failures = ({ items }: AttestedReport) =>
    items.filter(({ status }) => status === "failed").map(({ name }) => name);
  const itemOf = ({ items }: AttestedReport, wanted: string) => items.find(({ name }) => name === wanted);

  describe("is told by the reports of its topology", () => {
    it("a broker's own", async () => {
      const [broker, ...others] = await attest(listed());
      expect(others).to.deep.equal([]);
      expect(server.requests()).to.deep.equal([QUOTE]);
      expect([broker?.role, broker?.held, broker?.signer]).to.deep.equal(["broker", true, SIGNER]);
      expect(itemOf(broker!, "model")).to.equal(undefined);
    });

    it("a broker's and its node's, each held to its own signer, the node asked with a fresh nonce", async () => {
      const nodeBytes = (nonce: Uint8Array) =>
        nodeReport(machine, {
          reportData: nodeReportData(NODE_SIGNER, nonce),
          members: { signing_address: NODE_SIGNER, request_nonce: Buffer.from(nonce).toString("hex") },
        });
      server.routes = {
        ...server.routes,
        [NODE]: (query) => ({ body: nodeBytes(Buffer.from(query.get("nonce") ?? "", "hex")) }),
      };
      const [broker, node] = await attest(separated());
      expect([...server.requests()].sort()).to.deep.equal([
        `${NODE}?model=org%2Fa%20model&nonce=${"07".repeat(32)}`,
        QUOTE,
      ]);
      expect([broker?.held, node?.held, node?.signer]).to.deep.equal([true, true, NODE_SIGNER]);
      expect(itemOf(node!, "signer")?.detail).to.contain("TargetTeeAddress");
      expect(itemOf(node!, "freshness")?.status).to.equal("passed");

      server.routes = { ...server.routes, [NODE]: { body: nodeBytes(new Uint8Array(32)) } };
      const [, replayed] = await attest(separated());
      expect(failures(replayed!)).to.deep.equal(["freshness"]);
      server.routes = { ...server.routes, [NODE]: { body: nodeReport(machine) } };
      const [, stranger] = await attest(separated());
      expect(failures(stranger!)).to.deep.equal(["signer"]);
      const [, untold] = await attest(listed({ TargetSeparated: true }));
      expect(itemOf(untold!, "signer"), "as the official SDK, when the chain names no other").to.include({
        status: "passed",
        detail: `${SIGNER} is the teeSignerAddress of the chain`,
      });
    });

    it("a central provider's broker, which says nothing of the model", async () => {
      const [broker] = await attest(
        listed({ ProviderType: "centralized", ProviderIdentity: "acme", TargetSeparated: true }),
      );
      expect(broker?.held).to.equal(true);
      expect(itemOf(broker!, "model")).to.include({ status: "not checked" });
      expect(itemOf(broker!, "model")?.detail).to.contain("acme");
      const [unknown] = await attest(listed({}, { additionalInfo: "" }));
      expect(itemOf(unknown!, "model")?.status).to.equal("not checked");
    });

    it("none of a standard forwarder, who is not even asked", async () => {
      await caught(NothingAttestedError, () => attest(listed({ ProviderType: "standard" })));
      expect(server.requests()).to.deep.equal([]);
    });
  });

  it("holds the images to the one that the chain names", async () => {
    const [ImageName = "", ImageDigest = ""] = IMAGE.split("@");
    const [same] = await attest(listed({ ImageName, ImageDigest }));
    expect(itemOf(same!, "images")?.status).to.equal("passed");
    const [other] = await attest(listed({ ImageName, ImageDigest: `sha256:${"2".repeat(64)}` }));
    expect(failures(other!)).to.deep.equal(["images"]);
  });

  it("holds the whole answer to its signature, where the provider sends one", async () => {
    const key = new Wallet(`0x${"5e".repeat(32)}`);
    const teeSignerAddress = key.address as Address;
    const body = brokerReport(machine, { reportData: textReportData(teeSignerAddress) });
    const signature = await key.signMessage(Buffer.from(keccak256(body).slice(2), "hex"));
    server.routes = { [QUOTE]: { body, headers: { "ZG-Quote-Signature": signature } } };
    const [signed] = await attest(listed({}, { teeSignerAddress }));
    expect(itemOf(signed!, "envelope")?.status).to.equal("passed");
  });

  it("takes a saved report for what it is", () => {
    const saved = { source: "x.json", bytes: nodeReport(machine) };
    expect(savedReport(separated(), saved).role).to.equal("node");
    expect(savedReport(separated(), { ...saved, bytes: brokerReport(machine) }).role).to.equal("broker");
    expect(savedReport(listed(), saved).role).to.equal("broker");
  });

  describe("asked of a provider that", () => {
    const fails = async (route: ReportServer["routes"][string], deps: Parameters<typeof downloadReports>[0] = {}) => {
      server.routes = { [QUOTE]: route };
      return downloadReports(deps, listed(), NONCE);
    };

    it("has none, fails by what it said", async () => {
      const body = '{"error":"LLM attestation report is not available"}';
      for (const status of [400, 404, 501]) {
        const { details, exit } = await caught(ReportMissingError, () => fails({ status, body }));
        expect([details, exit]).to.deep.equal([
          { provider: listed().provider, url: server.url + QUOTE, status, said: body },
          5,
        ]);
      }
    });

    it("is down, redirects, floods or hangs, fails so", async () => {
      await caught(ProviderDownError, () => fails({ status: 503 }));
      await caught(RedirectRefusedError, () => fails({ status: 302, headers: { location: "http://127.0.0.1:1/" } }));
      await caught(ResponseTooLargeError, () => fails({ body: Buffer.alloc(MAX_REPORT_BYTES + 1) }));
      await caught(ProviderTimeoutError, () => fails("hang", { timeoutMs: 50 }));
      const stop = new AbortController();
      const asking = fails("hang", { signal: stop.signal });
      stop.abort();
      await caught(AbortedError, () => asking);
    });

    it("is asked with a nonce of its length only", async () => {
      const short = async () => downloadReports({}, listed(), new Uint8Array(31));
      await short().then(
        () => expect.fail("it was asked"),
        (error: unknown) => expect(error).to.be.instanceOf(RangeError),
      );
    });
  });

  describe("collateral", () => {
    const at: Machine = { fmspc: FMSPC, ca: "platform" };

    it("comes whole from a cache of Intel's service, and holds", async () => {
      const made = makeCollateral(machine);
      server.routes = collateralRoutes(made);
      const fetched = await fetchCollateral({}, at, server.url);
      expect(collateralText(fetched)).to.equal(collateralText(made));
      expect(
        server
          .requests()
          .map((request) => request.split("/v4/")[1])
          .sort(),
      ).to.deep.equal(["pckcrl?ca=platform&encoding=der", "qe/identity", "rootcacrl", `tcb?fmspc=${FMSPC}`]);
    });

    it("asks Intel itself by default, root list included", async () => {
      const asked: string[] = [];
      const answers = collateralRoutes(makeCollateral(machine));
      const fetcher = (async (url: string) => {
        asked.push(url);
        const { pathname, hostname } = new URL(url);
        const route = answers[hostname.startsWith("certificates.") ? "/sgx/certification/v4/rootcacrl" : pathname];
        const { headers = {}, body = "" } = route as { headers?: Record<string, string>; body?: string };
        return Promise.resolve(new Response(body, { headers }));
      }) as typeof fetch;
      await fetchCollateral({ fetch: fetcher }, at);
      expect(asked).to.have.length(4).and.include("https://certificates.trustedservices.intel.com/IntelSGXRootCA.der");
    });

    it("that does not come is an outage, with the address; an abort stays one", async () => {
      const good = collateralRoutes(makeCollateral(machine));
      const broken = Object.keys(good).map((path) => ({ ...good, [path]: { status: 500 } }));
      const [first] = Object.keys(good);
      for (const routes of [...broken, {}, { ...good, [first!]: { body: "{}" } }]) {
        server.routes = routes;
        const { exit, details } = await caught(CollateralUnavailableError, () => fetchCollateral({}, at, server.url));
        expect(exit).to.equal(4);
        expect(details["url"]).to.match(/^http:\/\/127\.0\.0\.1/);
      }
      const stopped = { signal: AbortSignal.abort() };
      await caught(AbortedError, () => fetchCollateral(stopped, at, server.url));
    });
  });
});
