import { readFileSync } from "node:fs";

import { expect } from "chai";
import { JsonRpcProvider, Wallet } from "ethers";

import * as library from "../../../lib/index.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { officialSurface, type OfficialSurface } from "../../support/official-surface.ts";

/** What the package's classes have for themselves: called by its factories, or private in its declarations. */
const INTERNAL = ["initialize", "getServiceNames"];

/** Public methods of `LedgerManager` and `InferenceManager` in zerog_py_sdk 0.5.0, which is no npm package. */
const PYTHON = {
  ledger:
    "add_ledger deposit_fund deposit_fund_for get_ledger retrieve_fund refund transfer_fund delete_ledger " +
    "get_providers_with_balance retrieve_fund_from_provider get_ledger_with_detail",
  inference:
    "list_service list_service_with_detail get_service acknowledge_provider_signer get_service_metadata get_extractor " +
    "get_request_headers get_secret verify_service process_response create_api_key revoke_api_key revoke_all_tokens " +
    "get_account get_account_with_detail list_accounts acknowledged revoke_provider_tee_signer_acknowledgement " +
    "remove_service update_service download_quote_report get_signer_ra_download_link get_chat_signature_download_link " +
    "start_auto_funding stop_auto_funding has_auto_funding",
} as const;

describe("the tables of docs/migrating.md", function () {
  this.timeout(60_000);

  const rows = readFileSync("docs/migrating.md", "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split(" | "));
  const quoted = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
  const theirs = new Set(rows.flatMap(([first = ""]) => quoted(first)));
  const ours = rows.flatMap(([, ...others]) => others.flatMap(quoted));

  let official: OfficialSurface;
  before(async () => {
    official = await officialSurface();
  });

  const missing = (names: readonly string[]) => names.filter((name) => !theirs.has(name));

  it("name every method of the official brokers", () => {
    const of = (part: "ledger" | "inference") =>
      official[part].filter((name) => !INTERNAL.includes(name)).map((name) => `broker.${part}.${name}`);
    expect(of("ledger")).to.include("broker.ledger.depositFund");
    expect(of("inference")).to.include.members(["broker.inference.listService", "broker.inference.processResponse"]);
    expect(missing([...of("ledger"), ...of("inference")])).to.deep.equal([]);
    expect(official.fineTuning).to.include("createTask");
    expect(missing(["broker.fineTuning.*"])).to.deep.equal([]);
  });

  it("name no method that the official brokers do not have", () => {
    const known = (["ledger", "inference"] as const).flatMap((part) =>
      official[part].map((name) => `broker.${part}.${name}`),
    );
    const named = [...theirs].filter((code) => /^broker\.(ledger|inference)\.\w+$/.test(code));
    expect(named.filter((code) => !known.includes(code))).to.deep.equal([]);
  });

  it("name every command of 0g-compute-cli, hidden ones as well", () => {
    expect(official.commands).to.include.members(["deposit", "inference serve", "controller status"]);
    expect(missing(official.commands)).to.deep.equal([]);
  });

  it("name every method of the Python SDK's managers", () => {
    const names = Object.entries(PYTHON).flatMap(([part, text]) => text.split(" ").map((name) => `${part}.${name}`));
    expect(missing(names)).to.deep.equal([]);
  });

  it("send to nothing that the library does not have", () => {
    const chain = new JsonRpcProvider("http://127.0.0.1:1", 16602, { staticNetwork: true });
    const wallet = new Wallet(developmentAccount(0).privateKey, chain);
    const broker = library.createBroker(wallet, { network: "localhost" }) as unknown as Record<string, object>;
    chain.destroy();
    const methods = ours.flatMap((code) => [...code.matchAll(/^broker\.(\w+)\.(\w+)$/g)]);
    expect(methods.length).to.be.greaterThan(30);
    for (const [code, part = "", name = ""] of methods) expect(broker[part], code).to.have.property(name);
    const functions = ours.flatMap((code) => /^(\w+)\(/.exec(code)?.[1] ?? []);
    expect(functions).to.include("createBroker");
    for (const name of functions) expect(library).to.have.property(name);
  });
});
