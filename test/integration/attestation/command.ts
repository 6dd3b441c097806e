import { readFile, readdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import hre from "hardhat";

import { collateralText } from "../../../lib/attestation/collateral.ts";
import type { Item } from "../../../lib/attestation/item.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import type { Address } from "../../../lib/hex.ts";
import { makeCollateral } from "../../unit/attestation/support/collateral.ts";
import { FMSPC, makeMachine, type TestMachine } from "../../unit/attestation/support/machine.ts";
import { brokerReport, nodeReport, SIGNER } from "../../unit/attestation/support/reports.ts";
import { runTask } from "../../support/in-process.ts";
import { person, type Person } from "../../support/person.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { collateralRoutes, serveReports, type ReportServer } from "./support/report-server.ts";

const REAL = process.env["ZG_TEST_ATTESTATION_DIR"]?.trim() ?? "";

interface Verified {
  readonly endorsement: { readonly passed: boolean };
  readonly topology: string;
  readonly reports: readonly { readonly role: string; readonly form: string; readonly items: readonly Item[] }[];
  readonly files: readonly string[];
}

describe("provider verify", function () {
  this.timeout(60_000);

  let served: ServedGalileo;
  let home: TemporaryFolder;
  let me: Person;
  let machine: TestMachine;
  let server: ReportServer;

  before(async () => {
    machine = makeMachine();
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
    const at = { url: served.url, home: home.path };
    me = person(async (...words) => runTask(at, ...(words as [string, string, ...string[]])), home.path);
  });
  beforeEach(async () => {
    server = await serveReports({ "/v1/quote": { body: brokerReport(machine) } });
  });
  afterEach(async () => server.close());
  after(async () => {
    await Promise.all([served.close(), home.remove()]);
  });

  const register = async (teeSignerAddress: Address, info: object = {}, endorsed = true): Promise<Address> =>
    served.galileo.registerService({
      url: server.url,
      model: "m",
      teeSignerAddress,
      additionalInfo: JSON.stringify({ TargetSeparated: false, ...info }),
      endorsed,
    });
  const verify = async (...words: string[]): Promise<Verified> => me.succeed<Verified>("provider", "verify", ...words);
  /** What a refusal says is the answer all the same. */
  const refused = async (code: string, exit: number, ...words: string[]): Promise<Verified> =>
    (await me.refused(code, exit, "provider", "verify", ...words)).details as unknown as Verified;
  const failures = ({ reports }: Verified, index = 0) =>
    reports[index]?.items.filter(({ status }) => status === "failed").map(({ name }) => name);

  it("refuses the local provider's report as hardware, with everything else in it checked", async () => {
    const found = await refused("ZG_NOT_HARDWARE", 5, "provider-0");
    expect(failures(found)).to.deep.equal(["hardware"]);
    const passed = found.reports[0]?.items.filter(({ status }) => status === "passed").map(({ name }) => name);
    expect([passed, found.endorsement.passed]).to.deep.equal([["signer", "events", "compose"], true]);
  });

  it("names the endorsement that is missing", async () => {
    expect((await refused("ZG_NOT_HARDWARE", 5, "provider-2")).endorsement.passed).to.equal(false);
  });

  it("trusts Intel's root alone: a whole chain below another fails, and no option changes that", async () => {
    const found = await refused("ZG_ATTESTATION", 5, await register(SIGNER));
    expect(failures(found)).to.include("root").and.not.include("quote-signature");
    const names = [...hre.tasks.getTask(["provider", "verify"]).options.keys()];
    expect(names.sort()).to.deep.equal(
      ["collateral", "fetchCollateral", "force", "json", "osImages", "out", "pccs", "report"].sort(),
    );
  });

  it("keeps reports and collateral under the official names, and checks them again from there", async () => {
    const signature = `0x${"12".repeat(65)}`;
    const body = brokerReport(machine);
    server.routes = {
      ...collateralRoutes(makeCollateral(machine)),
      "/v1/quote": { body, headers: { "ZG-Quote-Signature": signature } },
      "/v1/proxy/attestation/report": { body: nodeReport(machine) },
    };
    const provider = await register(SIGNER, { TargetSeparated: true, TargetTeeAddress: SIGNER });
    const out = path.join(home.path, "reports");
    const fetching = ["--fetch-collateral", "--pccs", server.url, "--out", out];
    const found = await refused("ZG_ATTESTATION", 5, provider, ...fetching);
    expect(found.reports.map(({ role, form }) => [role, form])).to.deep.equal([
      ["broker", "dstack"],
      ["node", "node"],
    ]);
    expect(failures(found, 0)).to.include.members(["root", "envelope", "collateral"]);
    expect(failures(found, 1)).to.include.members(["root", "freshness", "collateral"]);
    const broker = "broker_attestation_report.json";
    const kept = [broker, `${broker}.signature`, `collateral-${FMSPC}.json`, "llm_attestation_report.json"];
    expect((await readdir(out)).sort()).to.deep.equal(kept);
    expect(found.files.map((file) => path.basename(file)).sort()).to.deep.equal(kept);
    expect(Buffer.compare(await readFile(path.join(out, broker)), body), "as it came").to.equal(0);
    expect((await stat(path.join(out, broker))).mode & 0o777).to.equal(0o600);

    await refused("ZG_OUTPUT_EXISTS", 3, provider, ...fetching);
    await refused("ZG_ATTESTATION", 5, provider, ...fetching, "--force");
    const asked = server.requests().length;
    const saved = ["--report", path.join(out, broker), "--collateral", path.join(out, `collateral-${FMSPC}.json`)];
    const again = await refused("ZG_ATTESTATION", 5, provider, ...saved);
    expect(failures(again)).to.deep.equal(failures(found));
    expect(server.requests(), "a saved report asks nobody").to.have.length(asked);
    const node = await refused(
      "ZG_ATTESTATION",
      5,
      provider,
      "--report",
      path.join(out, "llm_attestation_report.json"),
    );
    expect(node.reports.map(({ role }) => role)).to.deep.equal(["node"]);
    expect(node.reports[0]?.items.find(({ name }) => name === "freshness")?.status).to.equal("not checked");
  });

  it("refuses a provider without a report, and one that needs none", async () => {
    server.routes = {};
    await refused("ZG_REPORT_MISSING", 5, await register(SIGNER));
    server.routes = { "/v1/quote": { body: "hello" } };
    await refused("ZG_ATTESTATION_REPORT", 5, await register(SIGNER));
    await refused("ZG_NOT_ATTESTED", 5, await register(SIGNER, { ProviderType: "standard" }));
  });

  it("refuses options that cannot be meant, before it asks anybody", async () => {
    const file = path.join(home.path, "collateral.json");
    await writeFile(file, collateralText(makeCollateral(machine)));
    const text = path.join(home.path, "text");
    await writeFile(text, "text");
    const provider = await register(SIGNER);
    await refused("ZG_USAGE", 2);
    await refused("ZG_USAGE", 2, provider, "--report", path.join(home.path, "nowhere"));
    await refused("ZG_USAGE", 2, provider, "--collateral", path.join(home.path, "nowhere"));
    await refused("ZG_COLLATERAL", 2, provider, "--collateral", text);
    await refused("ZG_USAGE", 2, provider, "--collateral", file, "--fetch-collateral");
    await refused("ZG_USAGE", 2, provider, "--pccs", server.url);
    await refused("ZG_USAGE", 2, provider, "--fetch-collateral", "--pccs", "ftp://x");
    for (const list of [text, file]) await refused("ZG_USAGE", 2, provider, "--os-images", list);
    expect(server.requests()).to.deep.equal([]);
  });

  it("compares the system with the images it is given", async () => {
    const list = path.join(home.path, "images.json");
    const register48 = "00".repeat(48);
    const images = [{ name: "another", mrtd: register48, rtmr1: register48, rtmr2: register48, note: "more" }];
    await writeFile(list, JSON.stringify({ _comment: "", images }));
    const found = await refused("ZG_ATTESTATION", 5, await register(SIGNER), "--os-images", list);
    expect(failures(found)).to.include("os-image");
  });

  describe(`with a real report${REAL === "" ? " (needs ZG_TEST_ATTESTATION_DIR)" : ""}`, () => {
    before(function () {
      if (REAL === "") this.skip();
    });

    it("succeeds, and names what is left open", async () => {
      const body = await readFile(path.join(REAL, "broker_attestation_report.json"));
      server.routes = { "/v1/quote": { body } };
      const signer = "0xDC1A4da6BdCD90c20d7FF53a6cDc11fBf0E2303C";
      const found = await verify(await register(signer));
      expect(failures(found)).to.deep.equal([]);
      expect(found.reports[0]?.items.find(({ name }) => name === "root")?.status).to.equal("passed");
      expect((await refused("ZG_NOT_ENDORSED", 5, await register(signer, {}, false))).endorsement.passed).to.equal(
        false,
      );
      expect(failures(await refused("ZG_ATTESTATION", 5, await register(SIGNER)))).to.deep.equal(["signer"]);
    });
  });
});
