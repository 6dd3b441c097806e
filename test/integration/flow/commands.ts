import { appendFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import hre from "hardhat";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { parseAmount } from "../../../lib/units.ts";
import { runTask, type Ended } from "../../support/in-process.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

interface Listed {
  readonly id: string;
  readonly state: string;
  readonly spent: string;
  readonly reserved: string;
  readonly provider?: string;
  readonly tokenId?: string;
}

interface Abandoned {
  readonly providers: readonly { readonly provider: string; readonly requested: string }[];
  readonly answerHeld: boolean;
  readonly journal: string;
  readonly transactions: readonly object[];
}

describe("commands about runs", function () {
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
  afterEach(() => {
    served.galileo.provider(0).misbehave(undefined);
  });

  const type = async (verb: string, ...words: string[]): Promise<Ended> =>
    runTask({ url: served.url, home: home.path }, "flow", verb, ...words);
  const run = async (id: string, ...words: string[]) => type("run", "--id", id, "--no-storage", ...words);
  async function succeed<Data>(ended: Promise<Ended>): Promise<Data> {
    const { answer } = await ended;
    if (!answer.ok) throw new Error(JSON.stringify(answer.error));
    return answer.data as Data;
  }
  async function refused(ended: Promise<Ended>, code: string, exit: number) {
    const { answer, code: exited } = await ended;
    if (answer.ok) throw new Error(`expected ${code}`);
    expect([answer.error.code, exited], answer.error.message).to.deep.equal([code, exit]);
    return answer.error as { message: string; remedy: string; details: Record<string, unknown> };
  }
  const base = () => path.join(home.path, ".0g", "localhost");
  const journalOf = (id: string) => path.join(base(), "runs", `${id}.jsonl`);
  async function factsOf(id: string): Promise<Record<string, unknown>[]> {
    const lines = (await readFile(journalOf(id), "utf8")).trim().split("\n");
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
  async function listed(): Promise<ReadonlyMap<string, Listed>> {
    const { runs } = await succeed<{ runs: Listed[] }>(type("list"));
    return new Map(runs.map((each) => [each.id, each] as const));
  }
  const count = async (id: string, fact: string) => (await factsOf(id)).filter((each) => each["type"] === fact).length;

  it("list nothing where nothing was started, and continue nothing", async () => {
    expect(await succeed(type("list")))
      .to.have.property("runs")
      .that.deep.equals([]);
    await refused(type("resume"), "ZG_RUN_AMBIGUOUS", 2);
    await refused(type("resume", "--id", "first"), "ZG_RUN_UNKNOWN", 2);
    await refused(type("abandon", "--id", "first"), "ZG_RUN_UNKNOWN", 2);
  });

  it("ask back what a run moved that is given up, once, after showing it", async () => {
    const provider = served.galileo.provider(0);
    provider.misbehave({ kind: "status", status: 503 });
    await refused(run("moved"), "ZG_RATE_LIMITED", 4);
    provider.misbehave(undefined);
    const shown = await succeed<Abandoned>(type("abandon", "--id", "moved", "--dry-run"));
    expect(shown).to.have.property("dryRun", true);
    expect((await listed()).get("moved")).to.include({ state: "open" });
    const gone = await succeed<Abandoned>(type("abandon", "--id", "moved"));
    expect(gone.providers).to.have.length(1);
    expect(gone.providers[0]).to.include({ provider: provider.address });
    expect(BigInt(gone.providers[0]?.requested ?? 0) > parseAmount("1")).to.equal(true);
    expect(gone.transactions).to.have.length(1);
    expect((await succeed<Abandoned>(type("abandon", "--id", "moved"))).transactions).to.deep.equal([]);
    expect((await listed()).get("moved")).to.include({ state: "abandoned", reserved: "0" });
  });

  it("list a run that is done with its token and what it spent for good, to the neuron", async () => {
    const done = await succeed<{ tokenId: string; spent: { gas: string; answer: string } }>(run("first"));
    const first = (await listed()).get("first");
    expect(first).to.include({ state: "done", tokenId: done.tokenId, reserved: "0" });
    expect(first?.spent).to.equal((BigInt(done.spent.gas) + BigInt(done.spent.answer)).toString());
  });

  it("keep no key and no session token in a journal", async () => {
    const text = await readFile(journalOf("first"), "utf8");
    expect(text).to.not.include("app-sk-");
    expect(text).to.not.include(developmentAccount(0).privateKey.slice(2));
  });

  it("write the receipt again that a kill kept from being written", async () => {
    const receipt = path.join(base(), "receipts", "first.json");
    const before = JSON.parse(await readFile(receipt, "utf8")) as unknown;
    await rm(receipt);
    await succeed(type("resume", "--id", "first"));
    expect(JSON.parse(await readFile(receipt, "utf8"))).to.deep.equal(before);
  });

  describe("with an answer that was lost", () => {
    it("call its outcome unknown, and say what the provider billed since", async () => {
      served.galileo.provider(0).misbehave({ kind: "cut-stream" });
      await refused(run("lost"), "ZG_RESPONSE_CUT", 4);
      served.galileo.provider(0).misbehave(undefined);

      const status = await succeed<Record<string, string>>(type("status", "--id", "lost"));
      const worst = (await factsOf("lost")).find((fact) => fact["type"] === "asked")?.["worst"];
      expect(status).to.include({ state: "outcome unknown", done: false, possibleCharge: worst });
      expect((await listed()).get("lost")).to.include({ state: "outcome unknown", reserved: worst });

      const { details, message } = await refused(type("resume"), "ZG_UNANSWERED", 3);
      const { charge } = details as { charge: { known: boolean; amount: string } };
      expect(charge.known).to.equal(true);
      expect(BigInt(charge.amount) > 0n, "the local provider charges for what it had begun to send").to.equal(true);
      expect(message).to.include("billed");
      expect(await count("lost", "asked")).to.equal(1);
    });

    it("say that nothing was charged when the provider says so, and that it cannot be told without a note", async () => {
      const text = await readFile(journalOf("lost"), "utf8");
      const unsettled = served.galileo.provider(0).unsettledFee(developmentAccount(0).address).toString();
      await writeFile(journalOf("lost"), text.replace(/"unsettled":"\d+"/, `"unsettled":"${unsettled}"`));
      const nothing = await refused(type("resume", "--id", "lost"), "ZG_UNANSWERED", 3);
      expect(nothing.details["charge"]).to.deep.equal({ known: true, amount: "0" });
      await writeFile(journalOf("lost"), text.replace(/,"billed":\{[^}]*\}/, ""));
      const untold = await refused(type("resume", "--id", "lost"), "ZG_UNANSWERED", 3);
      expect(untold.details["charge"]).to.have.property("known", false);
      await writeFile(journalOf("lost"), text);
    });

    it("ask again only when told to, and within what the whole run may spend", async () => {
      const retry = ["resume", "--id", "lost", "--retry-unanswered"] as const;
      const plan = await succeed<{ plan: { total: string; before: string } }>(type(...retry, "--dry-run"));
      const { total, before } = plan.plan;
      const enough = BigInt(total) + BigInt(before);
      const tooLittle = await refused(type(...retry, "--max-spend", `${enough - 1n}neuron`), "ZG_MAX_SPEND", 3);
      expect(tooLittle.details).to.include({ needed: enough.toString(), spent: before });
      expect(await count("lost", "asked")).to.equal(1);
      await succeed(type(...retry, "--max-spend", `${enough}neuron`));
      expect(await count("lost", "asked")).to.equal(2);
      expect((await listed()).get("lost")).to.include({ state: "done" });
    });
  });

  describe("with an answer that failed a check", () => {
    it("keep it marked, mint nothing, and stay away from its provider", async () => {
      served.galileo.provider(0).misbehave({ kind: "foreign-signature" });
      const { details } = await refused(run("lied"), "ZG_QUARANTINED", 5);
      served.galileo.provider(0).misbehave(undefined);
      expect(details).to.include({ failed: "signer", provider: served.galileo.provider(0).address });

      const [file = ""] = await readdir(path.join(base(), "quarantine"));
      const kept = path.join(base(), "quarantine", file);
      expect((await stat(kept)).mode & 0o777).to.equal(0o600);
      const marked = JSON.parse(await readFile(kept, "utf8")) as Record<string, Record<string, unknown>>;
      expect(marked["quarantined"]).to.include({ run: "lied", failed: "signer" });
      expect(marked["receipt"]).to.have.property("response");

      expect(await succeed(type("status", "--id", "lied"))).to.include({ state: "quarantined" });
      await refused(type("resume", "--id", "lied"), "ZG_QUARANTINED", 5);
      expect(await count("lied", "asked")).to.equal(1);
    });

    it("ask another provider when told to, and mint its answer", async () => {
      const done = await succeed<{ provider: string }>(type("resume", "--id", "lied", "--retry-rejected"));
      expect(done.provider).to.not.equal(served.galileo.provider(0).address);
      expect(await count("lied", "asked")).to.equal(2);
      expect((await listed()).get("lied")).to.include({ state: "done", provider: done.provider });
    });

    it("ask nobody else where the user named the provider", async () => {
      served.galileo.provider(0).misbehave({ kind: "wrong-signature" });
      await refused(run("named", "--provider", "provider-0"), "ZG_QUARANTINED", 5);
      const { remedy } = await refused(type("resume", "--id", "named", "--retry-rejected"), "ZG_QUARANTINED", 5);
      expect(remedy).to.include("another --provider");
    });

    it("pay for no second answer while the signature of the first is not to be had", async () => {
      served.galileo.provider(0).misbehave({ kind: "no-signature" });
      await refused(run("waiting"), "ZG_SIGNATURE_MISSING", 5);
      expect((await listed()).get("waiting")).to.include({ state: "open" });
      const plan = await succeed<{ plan: { rows: { from: string }[] } }>(
        type("resume", "--id", "waiting", "--dry-run"),
      );
      expect(plan.plan.rows.filter(({ from }) => from === "fee")).to.deep.equal([]);
      await refused(type("resume", "--id", "waiting", "--retry-rejected"), "ZG_QUARANTINED", 5);
      expect((await factsOf("waiting")).at(-1)).to.include({ type: "quarantined", failed: "signature" });
    });
  });

  describe("of what was agreed to", () => {
    it("refuse another claim, storage or price ceiling than the run was started with", async () => {
      served.galileo.provider(0).misbehave({ kind: "status", status: 503 });
      await refused(type("run", "--id", "terms", "--max-price", "1"), "ZG_RATE_LIMITED", 4);
      served.galileo.provider(0).misbehave(undefined);
      for (const [field, ...words] of [
        ["claim", "--claim", "open"],
        ["storage", "--no-storage"],
        ["price ceiling", "--max-price", "2"],
        ["question", "--prompt", "What else?"],
        ["question", "--provider", "provider-1"],
      ] as const) {
        const { details } = await refused(type("run", "--id", "terms", ...words), "ZG_RUN_MISMATCH", 2);
        expect(details).to.include({ field });
      }
    });

    it("pass over what is dearer than the ceiling, and refuse it when it was named", async () => {
      const dear = await refused(run("dear", "--max-price", "0.01", "--provider", "provider-0"), "ZG_PRICE_CEILING", 3);
      expect(dear.details).to.include({ ceiling: parseAmount("0.01").toString() });
      const none = await refused(run("dear", "--max-price", "0.01"), "ZG_NO_PROVIDER", 3);
      expect(JSON.stringify(none.details)).to.include("--max-price");
    });

    it("spend nothing that the day's cap or a provider's does not hold", async () => {
      const { details } = await refused(run("capped", "--day-cap", "1neuron"), "ZG_BUDGET", 3);
      expect(details).to.include({ cap: "day", limit: "1" });
      const other = await refused(run("capped", "--provider-cap", "1neuron"), "ZG_BUDGET", 3);
      expect(other.details).to.include({ cap: "provider", limit: "1" });
      expect((await listed()).has("capped"), "it was not even started").to.equal(false);
    });
  });

  describe("with a journal that is not as it was", () => {
    const spoil = async (id: string, change: (text: string) => string) => {
      await mkdir(path.dirname(journalOf(id)), { recursive: true });
      const text = change(await readFile(journalOf("terms"), "utf8"));
      await writeFile(journalOf(id), text.replaceAll('"id":"terms"', `"id":"${id}"`));
    };
    const verbs = ["resume", "abandon", "status"] as const;
    afterEach(async () => rm(journalOf("spoilt"), { force: true }));

    it("name a line that is no fact, and leave the file alone", async () => {
      await spoil("spoilt", (text) => `${text}{"type":"paid"}\n`);
      const before = await readFile(journalOf("spoilt"), "utf8");
      for (const verb of verbs) await refused(type(verb, "--id", "spoilt"), "ZG_JOURNAL", 3);
      expect((await listed()).get("spoilt")).to.include({ state: "corrupt" });
      expect(await readFile(journalOf("spoilt"), "utf8")).to.equal(before);
    });

    it("name a newer version as one", async () => {
      await spoil("spoilt", (text) => text.replace('"version":2', '"version":3'));
      for (const verb of verbs) await refused(type(verb, "--id", "spoilt"), "ZG_JOURNAL_VERSION", 3);
    });

    it("name a foreign chain as one", async () => {
      await spoil("spoilt", (text) =>
        text.replace(/"genesisHash":"0x[0-9a-f]{64}"/, `"genesisHash":"0x${"0".repeat(64)}"`),
      );
      const { details } = await refused(type("resume", "--id", "spoilt"), "ZG_RUN_MISMATCH", 2);
      expect(details).to.include({ field: "genesis hash" });
      expect((await listed()).get("spoilt")).to.include({ state: "another chain" });
    });

    it("say whose the run is while another process has it", async () => {
      await spoil("spoilt", (text) => text);
      const lock = path.join(base(), "runs", "spoilt.lock");
      await writeFile(lock, String(process.ppid));
      const { details } = await refused(type("resume", "--id", "spoilt"), "ZG_RUN_BUSY", 3);
      expect(details).to.include({ pid: process.ppid });
      await rm(lock);
    });

    it("go on after a last line that was cut", async () => {
      await appendFile(journalOf("terms"), '{"type":"provi');
      await succeed(type("resume", "--id", "terms"));
    });
  });

  describe("to give a run up", () => {
    it("refuse a run that is done", async () => {
      await refused(type("abandon", "--id", "lied"), "ZG_RUN_DONE", 3);
    });

    it("mark it, send nothing where it moved nothing, and continue it no more", async () => {
      const gone = await succeed<Abandoned>(type("abandon", "--id", "named"));
      expect(gone).to.include({ answerHeld: true, journal: journalOf("named") });
      expect(gone.transactions).to.deep.equal([]);
      expect((await listed()).get("named")).to.include({ state: "abandoned" });
      await refused(type("resume", "--id", "named"), "ZG_RUN_ABANDONED", 3);
      await refused(run("named", "--provider", "provider-0"), "ZG_RUN_ABANDONED", 3);
    });
  });
});
