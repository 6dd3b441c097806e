import { readFile } from "node:fs/promises";

import { expect } from "chai";
import hre from "hardhat";
import OpenAI from "openai";

import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { hardhatJson } from "../../support/cli.ts";
import { runTask, type Ended } from "../../support/in-process.ts";
import { serveTask } from "../../support/served-task.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

interface Ready {
  readonly url: string;
  readonly baseUrl: string;
  readonly keys: Readonly<Record<string, string>>;
  readonly ownerKeyFile: string;
  readonly spendingLog: string;
  readonly providers: readonly { readonly model: string }[];
  readonly [key: string]: unknown;
}

describe("inference serve and client, by command", function () {
  this.timeout(120_000);
  let served: ServedGalileo;
  let home: TemporaryFolder;

  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
  });
  after(async () => {
    await served.close();
    await home.remove();
  });

  const run = async (group: string, verb: string, ...words: string[]): Promise<Ended> =>
    runTask({ url: served.url, home: home.path }, group, verb, ...words);
  const data = async (group: string, verb: string, ...words: string[]): Promise<Record<string, unknown>> => {
    const { answer } = await run(group, verb, ...words);
    return answer.ok ? answer.data : expect.fail(JSON.stringify(answer));
  };
  const codeOf = ({ answer, code }: Ended) => [answer.ok ? "ok" : answer.error.code, code];

  it("makes, lists and revokes clients, and shows a key once", async () => {
    const made = await data("inference client", "add", "alice", "--budget", "0.5");
    expect(made["key"]).to.match(/^sk-zg-/);
    expect(await data("inference client", "add", "alice", "--budget", "1")).to.include({ key: null });
    const { clients } = (await data("inference client", "list")) as { clients: Record<string, unknown>[] };
    expect(clients).to.have.length(1);
    expect(clients[0]).to.include({ name: "alice", budget: "1000000000000000000", spent: "0" });
    await data("inference client", "revoke", "alice");
    expect(codeOf(await run("inference client", "revoke", "alice"))).to.deep.equal(["ZG_USAGE", 2]);
    expect(codeOf(await run("inference client", "add", "a b"))).to.deep.equal(["ZG_USAGE", 2]);
    expect(codeOf(await run("inference client", "add"))).to.deep.equal(["ZG_USAGE", 2]);
  });

  it("refuses to serve what cannot be, before it asks for anything", async () => {
    expect(codeOf(await run("inference", "serve"))).to.deep.equal(["ZG_NO_PROVIDER", 3]);
    expect(codeOf(await run("inference", "serve", "--provider", "provider-0"))).to.deep.equal(["ZG_NO_SUBACCOUNT", 3]);
    for (const words of [
      ["--route", "luck"],
      ["--port", "99999"],
      ["--top-up", "3:1:5"],
      ["--client", "a:b:c"],
      ["--timeout", "0"],
      ["--max-body", "much"],
    ]) {
      expect(codeOf(await run("inference", "serve", ...words)), words.join(" ")).to.deep.equal(["ZG_USAGE", 2]);
    }
    const { answer } = await hardhatJson(["inference", "serve"]);
    expect(answer.ok ? "ok" : answer.error.remedy).to.include("galileo up");
  });

  it("shows what it may spend and stops with --dry-run; then serves every funded provider until SIGTERM", async () => {
    await data("ledger", "deposit", "10");
    await data("ledger", "transfer", "provider-0", "2");
    const plan = await data("inference", "serve", "--dry-run", "--max-spend", "1");
    expect(plan).to.include({ dryRun: true });
    expect(plan["plan"]).to.include({ total: "1000000000000000000" });

    const env = { LOCALHOST_RPC_URL: served.url, ZG_HOME: home.path };
    const words = ["--port", "0", "--client", "bob:0.5", "--max-spend", "1"];
    const gateway = await serveTask<Ready>(["--network", "localhost", "inference", "serve", ...words], env);
    const { baseUrl, keys, ownerKeyFile, spendingLog, providers } = gateway.ready;
    try {
      expect(Object.keys(keys)).to.have.members(["owner", "bob"]);
      expect((await readFile(ownerKeyFile, "utf8")).trim()).to.equal(keys["owner"]);
      expect(providers.map(({ model }) => model)).to.deep.equal(["local/not-a-language-model"]);
      const openai = new OpenAI({ apiKey: keys["bob"], baseURL: baseUrl, maxRetries: 0 });
      const answer = await openai.chat.completions.create({
        model: "not-a-language-model",
        messages: [{ role: "user", content: "What is 2+2?" }],
      });
      expect(answer.choices[0]?.message.content).to.equal("4");
      expect(codeOf(await run("inference", "serve"))).to.deep.equal(["ZG_GATEWAY_RUNNING", 3]);
    } finally {
      expect(await gateway.stop()).to.equal(0);
    }
    expect(await readFile(spendingLog, "utf8")).to.include('"outcome":"answered"');
    const { clients } = (await data("inference client", "list")) as { clients: { name: string; spent: string }[] };
    expect(BigInt(clients.find(({ name }) => name === "bob")?.spent ?? 0) > 0n).to.equal(true);
  });
});
