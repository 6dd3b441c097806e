import { mkdir, readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import { Wallet } from "ethers";
import hre from "hardhat";

import { developmentAccount } from "../../lib/chain/development-keys.ts";
import { ROLES } from "../../lib/chain/development-roles.ts";
import { serveGalileo, type ServedGalileo } from "../../lib/galileo/serve.ts";
import type { Misbehaviour } from "../../lib/galileo/provider/misbehaviour.ts";
import type { Address } from "../../lib/hex.ts";
import { readChatCompletion, readChatStream } from "../../lib/protocol/chat.ts";
import { EPHEMERAL_TOKEN_ID, parseSessionToken, recoverSessionSigner } from "../../lib/protocol/session-token.ts";
import { parseAmount } from "../../lib/units.ts";
import { hardhatJson } from "../support/cli.ts";
import { configureOfficialCli, GAS_PRICE, officialCli } from "../support/official-cli.ts";
import { runOfficialSdk, type SdkFindings } from "../support/official-sdk.ts";
import { serveGalileoByTask, type ServedByTask } from "../support/served-galileo.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary.ts";

interface Shown {
  readonly ledger: { readonly available: string; readonly locked: string };
  readonly subAccounts: readonly { readonly provider: string; readonly balance: string }[];
}

/** What our own command says of an account. */
async function shownLedger(account: Address, env: Readonly<Record<string, string>>): Promise<Shown> {
  const { answer } = await hardhatJson(["ledger", "show", "--account", account, "--network", "localhost"], env);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.data as unknown as Shown;
}

describe("0G's own client software, unmodified, on a served Galileo", function () {
  this.timeout(120_000);

  let served: ServedByTask;
  let home: TemporaryFolder;
  let listed: { address: Address; endorsed: boolean }[];
  let providers: readonly Address[];

  before(async () => {
    [served, home] = await Promise.all([serveGalileoByTask(), temporaryFolder()]);
    listed = served.ready["providers"] as { address: Address; endorsed: boolean }[];
    providers = listed.map(({ address }) => address);
  });
  after(async () => {
    await Promise.all([served.stop(), home.remove()]);
  });

  function providerAt(index: number): Address {
    const found = providers[index];
    if (found === undefined) throw new Error(`galileo up names ${providers.length} providers`);
    return found;
  }

  describe("the SDK", () => {
    const user = developmentAccount(1);
    const folder = () => path.join(home.path, "report");
    let found: SdkFindings;

    before(async () => {
      await mkdir(folder());
      const provider = providerAt(0);
      found = await runOfficialSdk({
        rpc: served.ready.url,
        privateKey: user.privateKey,
        deposit: 5,
        fund: [provider],
        questions: [
          { provider, prompt: "What is 2+2?" },
          { provider, prompt: "What is 6*7?", stream: true },
        ],
        reportFolder: folder(),
      });
    });

    it("lists the endorsed providers and has its acknowledgement", () => {
      expect(found.listed).to.deep.equal(listed.filter(({ endorsed }) => endorsed).map(({ address }) => address));
      expect(found.acknowledged).to.deep.equal([true]);
    });

    it("makes headers in the wire form we know, which the provider takes", () => {
      const authorization = found.answers[0]?.authorization ?? "";
      const { message, token, signature } = parseSessionToken(authorization.replace(/^Bearer /, ""));
      expect(token).to.include({ address: user.address, provider: providerAt(0), tokenId: EPHEMERAL_TOKEN_ID });
      expect(recoverSessionSigner(message, signature)).to.equal(user.address);
      expect(found.answers.map(({ status }) => status)).to.deep.equal([200, 200]);
    });

    it("gets its answers, whole and streamed, and finds them valid", () => {
      const [whole, streamed] = found.answers;
      expect(readChatCompletion(JSON.parse(whole?.body ?? "")).content).to.equal("4");
      const reader = readChatStream();
      reader.push(new TextEncoder().encode(streamed?.body));
      expect(reader.answer().content).to.equal("42");
      expect(reader.done()).to.equal(true);
      expect(found.answers.map(({ valid }) => valid)).to.deep.equal([true, true]);
    });

    it("passes both of its checks of the report, which says itself that it attests nothing", async () => {
      expect(found.report).to.deep.equal({ signersMatch: true, composePassed: true });
      expect(await readdir(folder())).to.deep.equal(["attestation_report.json"]);
      const report = JSON.parse(await readFile(path.join(folder(), "attestation_report.json"), "utf8")) as object;
      expect(report).to.include({ mock: true, quote: "" });
      expect(report)
        .to.have.property("notice")
        .that.matches(/DEVELOPMENT ONLY.*no TEE/);
    });

    it("moved 1 0G that nobody told it to move, while it made a header", async () => {
      const { ledger, subAccounts } = await shownLedger(user.address, served.env);
      expect(ledger).to.include({ available: parseAmount("2").toString(), locked: parseAmount("3").toString() });
      expect(subAccounts).to.have.length(1);
    });
  });

  describe("the command line tool", () => {
    const user = developmentAccount(2);
    const run = async (...args: string[]) => officialCli(home.path, args);
    async function succeed(...args: string[]): Promise<string> {
      const { code, stdout, stderr } = await run(...args);
      expect(code, `${args.join(" ")}: ${stdout}${stderr}`).to.equal(0);
      return stdout;
    }

    before(async () => {
      await configureOfficialCli(home.path, { rpc: served.ready.url, privateKey: user.privateKey });
    });

    it("opens a ledger and transfers, off by the floats it counts in", async () => {
      const provider = providerAt(0);
      await succeed("deposit", "--amount", "4", ...GAS_PRICE);
      await succeed("transfer-fund", "--provider", provider, "--amount", "1.1", "--service", "inference", ...GAS_PRICE);

      const { ledger, subAccounts } = await shownLedger(user.address, served.env);
      expect(BigInt(ledger.available) + BigInt(ledger.locked)).to.equal(parseAmount("4"));
      expect(subAccounts[0]).to.include({ provider, balance: "1100000000000000089" });
    });

    it("lists, shows, verifies the report and makes an API key that the provider takes", async () => {
      const provider = providerAt(0);
      const folder = path.join(home.path, "cli-report");
      await mkdir(folder);
      const [listed, account, subAccount, verified, secret] = await Promise.all([
        succeed("inference", "list-providers"),
        succeed("get-account"),
        succeed("get-sub-account", "--provider", provider, "--service", "inference"),
        succeed("inference", "verify", "--provider", provider, "--output-dir", folder),
        succeed("inference", "get-secret", "--provider", provider, "--duration", "3600000"),
      ]);
      expect(listed).to.include(providerAt(0)).and.to.include(providerAt(1)).and.to.not.include(providerAt(2));
      expect(account).to.include("4.000000000000000000").and.to.include(provider);
      expect(subAccount).to.include(provider).and.to.include("No pending refunds");
      // Its exit code is 0 whatever it finds, so its words count.
      expect(verified).to.not.match(/mismatch|failed|❌/i);
      expect(await readdir(folder)).to.deep.equal(["attestation_report.json"]);

      const [, key = ""] = /Authorization: Bearer (app-sk-\S+)/.exec(secret) ?? [];
      const services = served.ready["providers"] as { url: string }[];
      const response = await fetch(`${services[0]?.url ?? ""}/v1/proxy/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ messages: [{ role: "user", content: "What is 1+1?" }] }),
      });
      expect(readChatCompletion(await response.json()).content).to.equal("2");
    });
  });
});

describe("what 0G's own client software takes for valid, and we refuse", function () {
  this.timeout(120_000);

  const LIES = [
    { lie: "a genuine signature of another answer", how: { kind: "replayed-text" }, failed: ["response", "request"] },
    { lie: "bytes changed after they were signed", how: { kind: "altered-body" }, failed: ["response"] },
    { lie: "a signature over another request", how: { kind: "wrong-request-hash" }, failed: ["request"] },
  ] as const satisfies readonly { lie: string; how: Misbehaviour; failed: readonly string[] }[];
  const user = developmentAccount(1);
  const prompt = "What is 2+2?";
  let served: ServedGalileo;
  let home: TemporaryFolder;
  let liars: readonly Address[];
  let theirs: SdkFindings;

  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
    const { galileo } = served;
    const started = [galileo.provider(0), galileo.provider(1), await galileo.registerProvider()];
    for (const [index, { how }] of LIES.entries()) started[index]?.misbehave(how);
    liars = started.map(({ address }) => address);
    theirs = await runOfficialSdk({
      rpc: served.url,
      privateKey: user.privateKey,
      deposit: 20,
      fund: liars,
      questions: liars.map((provider) => ({ provider, prompt })),
    });
  });
  after(async () => {
    await Promise.all([served.close(), home.remove()]);
  });

  it("the SDK calls every one of these answers valid", () => {
    expect(theirs.answers.map(({ status }) => status)).to.deep.equal([200, 200, 200]);
    expect(theirs.answers.map(({ valid }) => valid)).to.deep.equal([true, true, true]);
  });

  /** Funds the user of our tasks at every liar. */
  async function fundOurUser(): Promise<void> {
    const { contracts } = served.galileo;
    const signer = new Wallet(developmentAccount(ROLES.user).privateKey, contracts.ledgerManager.runner?.provider);
    const ledger = contracts.ledgerManager.connect(signer);
    await (await ledger.depositFund({ value: parseAmount("6") })).wait();
    for (const provider of liars) {
      await (await ledger.transferFund(provider, "inference-v1.0", parseAmount("1.1"))).wait();
    }
  }

  it("inference chat refuses each with exit code 5, and names what does not hold", async () => {
    await fundOurUser();
    const asked = liars.map(async (provider, index) => {
      const out = path.join(home.path, `${index}.json`);
      const args = ["inference", "chat", "--provider", provider, "--prompt", prompt, "--out", out];
      return hardhatJson([...args, "--network", "localhost"], { LOCALHOST_RPC_URL: served.url });
    });
    for (const [index, { code, answer }] of (await Promise.all(asked)).entries()) {
      const { lie, failed } = LIES[index] ?? { lie: "", failed: [] };
      expect(code, lie).to.equal(5);
      if (answer.ok) throw new Error(`${lie} was accepted`);
      expect(answer.error.code, lie).to.equal("ZG_SIG_UNBOUND");
      const { checks } = answer.error.details["verification"] as { checks: { name: string; passed: boolean }[] };
      expect(
        checks.filter(({ passed }) => !passed).map(({ name }) => name),
        lie,
      ).to.deep.equal(failed);
    }
  });
});
