import { readdir, rm } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import hre from "hardhat";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import type { Hex } from "../../../lib/hex.ts";
import { runTask } from "../../support/in-process.ts";
import { person, type Person } from "../../support/person.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

interface Run {
  readonly tokenId: string;
  readonly inft: Hex;
  readonly content: string;
  readonly receipt: { readonly auditLog: Hex };
  readonly stored: readonly { readonly what: string; readonly root: Hex; readonly txSeq: number }[];
  readonly steps: readonly { readonly id: string; readonly state: string }[];
}

interface Checks {
  readonly status: string;
  readonly checks: readonly { readonly name: string; readonly status: string; readonly detail: string }[];
}

const BUYER = developmentAccount(1).address;

describe("tokens whose data is on 0G Storage", function () {
  this.timeout(240_000);

  let served: ServedGalileo;
  const homes: TemporaryFolder[] = [];
  let me: Person;
  let run: Run;

  /** Somebody on a machine that never saw anything of this. */
  async function elsewhere(): Promise<Person> {
    const home = await temporaryFolder();
    homes.push(home);
    const machine = { url: served.url, home: home.path };
    return person(async (...words) => runTask(machine, ...(words as [string, string, ...string[]])), home.path);
  }
  const objectsOf = async (home: TemporaryFolder | undefined) =>
    readdir(path.join(home?.path ?? "", ".0g/localhost/objects")).catch(() => []);
  const statusOf = ({ checks }: Checks, name: string) => checks.find((check) => check.name === name)?.status;

  before(async () => {
    served = await serveGalileo(hre, { port: 0 });
    me = await elsewhere();
    run = await me.succeed<Run>("flow", "run", "--id", "first", "--prompt", "What is 2+2?");
  });
  after(async () => {
    await Promise.all([served.close(), ...homes.map(async (home) => home.remove())]);
  });

  describe("of a run", () => {
    it("are stored before they are minted, and the run ends with its log", () => {
      expect(run.steps.map(({ id }) => id).slice(-5)).to.deep.equal(["encrypt", "store", "commit", "mint", "report"]);
      expect(run.stored.map(({ what }) => what)).to.deep.equal(["data", "log", "final log"]);
      expect(run.stored[1]?.root).to.equal(run.receipt.auditLog);
    });

    it("are stored once: the run repeated finds every step done", async () => {
      const again = await me.succeed<Run>("flow", "run", "--id", "first", "--prompt", "What is 2+2?");
      expect(again.steps.every(({ state }) => state === "already done")).to.equal(true);
      expect(await me.succeed("flow", "status", "--id", "first")).to.include({ done: true });
    });

    it("open with the token's id, the owner's key and the network, where nobody ever saw the run", async () => {
      const other = await elsewhere();
      const { data } = await other.succeed<{ data: { content: string; files: { name: string; text: string }[] }[] }>(
        "inft",
        "decrypt",
        run.tokenId,
      );
      const files = Object.fromEntries((data[0]?.files ?? []).map(({ name, text }) => [name, text]));
      expect(files["response.json"]).to.include(run.content);
      expect(JSON.parse(files["receipt.json"] ?? "")).to.deep.equal(run.receipt);
      expect(await objectsOf(homes.at(-1))).to.deep.equal([run.stored[0]?.root]);
    });

    it("do not open with another key, which is told apart from an absence", async () => {
      const other = await elsewhere();
      await other.refused("ZG_SEALED_TO", 3, "inft", "decrypt", run.tokenId, "--as", "1");
    });

    it("are verified there, too, with the ciphertext that 0G Storage holds", async () => {
      const other = await elsewhere();
      const verified = await other.succeed<Checks>("inft", "verify", run.tokenId);
      expect(verified.status).to.equal("proven");
      expect(verified.checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
      expect(statusOf(verified, "stored")).to.equal("passed");
    });

    it("tell their story there: asked, answered, stored, minted, reported", async () => {
      const other = await elsewhere();
      const { history } = await other.succeed<{
        history: { kind: string; root?: Hex; event?: { event: string } }[];
      }>("inft", "history", run.tokenId);
      const told = history.map(({ kind, event }) => event?.event ?? kind);
      expect(told).to.deep.equal(["submitted", "completed", "stored", "minted", "keys published", "reported"]);
      expect(history[2]?.root).to.equal(run.stored[0]?.root);
    });

    it("have a log that anybody replays, without a key and without the run", async () => {
      const other = await elsewhere();
      const audited = await other.succeed<Checks & { root: Hex }>("flow", "audit", run.tokenId);
      expect(audited.root).to.equal(run.stored[2]?.root);
      expect(audited.checks.map(({ name, status }) => `${name} ${status}`)).to.deep.equal([
        "chain passed",
        "token passed",
        "exchange passed",
        "stored passed",
        "times passed",
        "receipt not checked",
      ]);
    });

    it("have a receipt that names that log, byte for byte up to its answer", async () => {
      const receipt = path.join(homes[0]?.path ?? "", ".0g/localhost/receipts/first.json");
      const audited = await me.succeed<Checks>("flow", "audit", run.tokenId, "--receipt", receipt);
      expect(statusOf(audited, "receipt")).to.equal("passed");
      const chat = path.join(homes[0]?.path ?? "", "other.json");
      await me.succeed("inference", "chat", "--prompt", "What is 3*3?", "--out", chat);
      const refuted = await me.refused("ZG_AUDIT_REFUTED", 5, "flow", "audit", run.tokenId, "--receipt", chat);
      expect(refuted.details).to.deep.include({ failed: ["receipt"] });
    });

    it("are refuted by a log of another run, and by what is no log", async () => {
      const second = await me.succeed<Run>("flow", "run", "--id", "second", "--prompt", "What is 3+4?");
      const root = second.stored[2]?.root ?? "0x";
      const refuted = await me.refused("ZG_AUDIT_REFUTED", 5, "flow", "audit", run.tokenId, "--root", root);
      expect(refuted.details["failed"]).to.include.members(["token", "exchange", "stored"]);
      await me.refused("ZG_AUDIT_LOG", 5, "flow", "audit", run.tokenId, "--root", run.stored[0]?.root ?? "0x");
      const early = run.stored[1]?.root ?? "0x";
      const { checks } = await me.succeed<Checks>("flow", "audit", run.tokenId, "--root", early);
      expect(checks.map(({ name, status }) => `${name} ${status}`)).to.include.members([
        "token not checked",
        "exchange passed",
        "stored not checked",
      ]);
    });
  });

  describe("of a receipt", () => {
    it("are stored before the mint, and so is the receipt, sealed", async () => {
      const receipt = path.join(homes[0]?.path ?? "", "chat.json");
      await me.succeed("inference", "chat", "--prompt", "What is 5*5?", "--out", receipt);
      const minted = await me.succeed<{ tokenId: string; stored: { root: Hex }[]; dataHash: Hex }>(
        "inft",
        "mint",
        receipt,
      );
      expect(minted.stored.map(({ root }) => root)).to.deep.equal([minted.dataHash]);
      const other = await elsewhere();
      expect(statusOf(await other.succeed<Checks>("inft", "verify", minted.tokenId), "content")).to.equal("passed");
      await me.refused("ZG_AUDIT_LOG_MISSING", 3, "flow", "audit", minted.tokenId);
    });

    it("are sealed once: a mint that was cut off stores and commits to the same bytes again", async () => {
      const receipt = path.join(homes[0]?.path ?? "", "cut.json");
      await me.succeed("inference", "chat", "--prompt", "What is 6*6?", "--out", receipt);
      served.galileo.storage.node(0).misbehave({ kind: "no-space" });
      await me.refused("ZG_STORAGE_UPLOAD", 4, "inft", "mint", receipt);
      served.galileo.storage.node(0).misbehave(undefined);
      const kept = await readdir(path.join(homes[0]?.path ?? "", ".0g/localhost/mints"));
      expect(kept).to.have.length(1);
      const minted = await me.succeed<{ stored: { fee: string }[] }>("inft", "mint", receipt);
      expect(minted.stored.map(({ fee }) => fee)).to.deep.equal(["0"]);
      expect(await readdir(path.join(homes[0]?.path ?? "", ".0g/localhost/mints"))).to.deep.equal([]);
    });
  });

  describe("of an agent", () => {
    it("stay here with --no-storage, as the only copy, until somebody stores them", async () => {
      const home = homes[0];
      const token = await me.mint("kept at home");
      const other = await elsewhere();
      const words = ["inft", "decrypt", token, "--inft", run.inft] as const;
      expect(await other.reads(token, "--inft", run.inft)).to.equal("kept at home");

      const folder = path.join(home?.path ?? "", "agent of kept at home");
      const local = await me.succeed<{ tokenId: string }>("inft", "mint", "--data", folder, "--no-storage");
      const stranger = await elsewhere();
      const missing = await stranger.refused(
        "ZG_CONTENT_NOT_HERE",
        3,
        words[0],
        words[1],
        local.tokenId,
        ...words.slice(3),
      );
      expect(missing.message).to.include("0G Storage");
      await me.succeed("inft", "store", local.tokenId);
      expect(await stranger.reads(local.tokenId, "--inft", run.inft)).to.equal("kept at home");
      const again = await me.succeed<{ stored: { fee: string }[] }>("inft", "store", local.tokenId);
      expect(again.stored.map(({ fee }) => fee)).to.deep.equal(["0"]);
      await me.refused("ZG_AUDIT_NO_RUN", 3, "flow", "audit", local.tokenId);
    });

    it("are stored anew for a buyer, who reads them on a machine of its own", async () => {
      const token = await me.mint("sold once");
      const { stored } = await me.succeed<{ stored: object[] }>("inft", "transfer", token, "--to", BUYER);
      expect(stored).to.have.length(1);
      const buyer = await elsewhere();
      expect(await buyer.reads(token, "--inft", run.inft, "--as", "1", "--attestor", "http://127.0.0.1:1")).to.equal(
        "sold once",
      );
    });

    it("are not public while a transfer is staged, and are when it is done", async () => {
      const token = await me.mint("for a market");
      const staged = await me.succeed<{ newDataHashes: Hex[] }>("inft", "transfer", token, "--to", BUYER, "--stage");
      const [hash] = staged.newDataHashes;
      await me.refused("ZG_STORAGE_NOT_FOUND", 3, "storage", "show", hash ?? "");
      const object = `${served.attestor.url}/v1/objects/${hash ?? ""}?contract=${run.inft}&token=${token}`;
      expect((await fetch(object)).status).to.equal(403);

      const { Wallet, JsonRpcProvider, Contract } = await import("ethers");
      const rpc = new JsonRpcProvider(served.url);
      try {
        const abi = ["function transferFrom(address,address,uint256)"];
        const seller = new Wallet(developmentAccount(0).privateKey, rpc);
        const move = new Contract(run.inft, abi, seller).getFunction("transferFrom");
        const sent = (await move(seller.address, BUYER, token)) as { wait: () => Promise<unknown> };
        await sent.wait();
      } finally {
        rpc.destroy();
      }
      expect((await fetch(object)).status).to.equal(200);
      const buyer = await elsewhere();
      await buyer.succeed("inft", "store", token, "--inft", run.inft, "--as", "1");
      const friend = await elsewhere();
      const fromStorage = ["--inft", run.inft, "--as", "1", "--attestor", "http://127.0.0.1:1"];
      expect(await friend.reads(token, ...fromStorage)).to.equal("for a market");
    });
  });

  describe("when 0G Storage is out", () => {
    const node = () => served.galileo.storage.node(0);
    afterEach(() => {
      node().misbehave(undefined);
      served.galileo.storage.misbehave(undefined);
    });

    it("costs no answer: a run stops before it pays", async () => {
      served.galileo.storage.misbehave({ kind: "no-nodes" });
      const before = await me.succeed<{ subAccounts: unknown }>("ledger", "show");
      await me.refused("ZG_STORAGE_SHARDS", 4, "flow", "run", "--id", "late", "--prompt", "What is 6*7?");
      expect(await me.succeed("ledger", "show")).to.deep.equal(before);
    });

    it("loses no answer that was paid: nothing is minted, and the same run goes on from there", async () => {
      const prompt = ["--id", "cut", "--prompt", "What is 8*8?"];
      node().misbehave({ kind: "no-space" });
      const failed = await me.refused("ZG_STORAGE_UPLOAD", 4, "flow", "run", ...prompt);
      expect(failed.remedy).to.include("again");
      const status = await me.succeed<{ steps: { id: string; state: string }[] }>("flow", "status", "--id", "cut");
      const open = status.steps.filter(({ state }) => state === "open").map(({ id }) => id);
      expect(open).to.deep.equal(["store", "commit", "mint", "report"]);
      node().misbehave(undefined);
      const done = await me.succeed<Run>("flow", "run", ...prompt);
      const now = done.steps.filter(({ state }) => state === "done now").map(({ id }) => id);
      expect(now).to.deep.equal(["store", "commit", "mint", "report"]);
    });

    it("mints nothing of an agent, either", async () => {
      served.galileo.storage.misbehave({ kind: "no-nodes" });
      const folder = path.join(homes[0]?.path ?? "", "agent of sold once");
      await me.refused("ZG_STORAGE_SHARDS", 4, "inft", "mint", "--data", folder);
    });

    it("is no verdict on a token", async () => {
      served.galileo.storage.misbehave({ kind: "dead" });
      const { status, checks } = await me.succeed<Checks>("inft", "verify", run.tokenId);
      expect(status).to.equal("proven");
      expect(checks.find(({ name }) => name === "stored")).to.include({ status: "not checked" });
    });

    it("is got around with --no-storage, and made up for by the same run later", async () => {
      served.galileo.storage.misbehave({ kind: "no-nodes" });
      const prompt = ["--id", "local", "--prompt", "What is 9*9?"];
      const local = await me.succeed<Run>("flow", "run", ...prompt, "--no-storage");
      expect(local.stored).to.deep.equal([]);
      expect(local.steps.map(({ id }) => id)).to.not.include("store");
      expect(await me.succeed("flow", "status", "--id", "local")).to.include({ done: true });
      served.galileo.storage.misbehave(undefined);
      const later = await me.succeed<Run>("flow", "run", ...prompt);
      expect(later.stored).to.have.length(3);
      expect(await me.succeed("flow", "audit", later.tokenId)).to.have.property("root", later.stored[2]?.root);
    });
  });

  it("are encrypted again, and never a second token, when the bytes of a run are lost before its mint", async () => {
    const prompt = ["--id", "lost", "--prompt", "What is 7*7?"];
    served.galileo.storage.node(0).misbehave({ kind: "no-space" });
    await me.refused("ZG_STORAGE_UPLOAD", 4, "flow", "run", ...prompt);
    served.galileo.storage.node(0).misbehave(undefined);
    await rm(path.join(homes[0]?.path ?? "", ".0g/localhost/objects"), { recursive: true });
    const done = await me.succeed<Run>("flow", "run", ...prompt);
    const other = await elsewhere();
    expect((await other.succeed<Checks>("inft", "verify", done.tokenId)).status).to.equal("proven");
  });
});
