import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import hre from "hardhat";

import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { runTask } from "../../support/in-process.ts";
import { person, type Person } from "../../support/person.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

describe("minting receipts by command", function () {
  this.timeout(120_000);

  let served: ServedGalileo;
  let home: TemporaryFolder;
  let me: Person;

  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
    const machine = { url: served.url, home: home.path };
    me = person(async (...words) => runTask(machine, ...(words as [string, string, ...string[]])), home.path);
    await me.succeed("flow", "run", "--prompt", "What is 2+2?");
  });
  after(async () => {
    await Promise.all([served.close(), home.remove()]);
  });

  /** Asks, and returns the receipt's file. */
  async function chat(name: string, ...more: string[]): Promise<string> {
    const file = path.join(home.path, name);
    await me.succeed("inference", "chat", "--prompt", "What is 3*3?", "--out", file, ...more);
    return file;
  }
  async function altered(file: string): Promise<string> {
    const receipt = JSON.parse(await readFile(file, "utf8")) as { response: string };
    const bytes = Buffer.from(receipt.response, "base64");
    bytes[bytes.indexOf("9")] = "8".charCodeAt(0);
    await writeFile(`${file}.altered`, JSON.stringify({ ...receipt, response: bytes.toString("base64") }));
    return `${file}.altered`;
  }

  interface Minted {
    readonly minted: boolean;
    readonly tokenId: string;
    readonly tokens: readonly { readonly file: string; readonly tokenId: string }[];
    readonly transactions: readonly object[];
  }

  it("mints one, and finds it minted when asked again", async () => {
    const file = await chat("alone.json", "--stream");
    const { minted, tokenId } = await me.succeed<Minted>("inft", "mint", file);
    expect(minted).to.equal(true);
    expect(await me.succeed("inft", "verify", tokenId)).to.have.property("status", "proven");
    expect(await me.succeed("inft", "mint", file)).to.include({ minted: false, tokenId });
  });

  it("mints several in two transactions, and says which became which", async () => {
    const files = [await chat("one.json"), await chat("two.json")];
    expect(await me.succeed("inft", "mint", ...files, "--dry-run")).to.include({ dryRun: true });
    const { tokens, transactions } = await me.succeed<Minted>("inft", "mint", ...files);
    expect(transactions).to.have.length(2);
    expect(tokens.map(({ file }) => file)).to.deep.equal(files);
    for (const { tokenId } of tokens) {
      const { checks } = await me.succeed<{ checks: { name: string; status: string }[] }>("inft", "verify", tokenId);
      expect(checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
    }
    const again = await me.refused("ZG_BATCH_ITEM", 3, "inft", "mint", ...files);
    expect(again.details).to.include({ item: files[0], cause: "ZG_ALREADY_MINTED" });
  });

  it("names the bad one of several, with its own exit code, and mints none", async () => {
    const good = await chat("good.json");
    const bad = await altered(good);
    const refused = await me.refused("ZG_BATCH_ITEM", 5, "inft", "mint", good, bad);
    expect(refused.details).to.include({ item: bad, cause: "ZG_RECEIPT_REJECTED" });
    const missing = await me.refused("ZG_BATCH_ITEM", 2, "inft", "mint", good, "nowhere.json");
    expect(missing.details).to.include({ item: "nowhere.json", cause: "ZG_USAGE" });
    await me.refused("ZG_USAGE", 2, "inft", "mint", good, good);
    await me.refused("ZG_USAGE", 2, "inft", "mint", good, bad, "--claim", "open");
    expect(await me.succeed("inft", "mint", good), "nothing was minted before").to.have.property("minted", true);
  });

  it("mints as bound what was asked so, once it may publish the prompt, and without a commitment", async () => {
    const file = await chat("bound.json", "--claim", "bound");
    const { remedy } = await me.refused("ZG_USAGE", 2, "inft", "mint", file, "--claim", "bound");
    expect(remedy).to.include("--reveal-prompt");
    const bound = ["--claim", "bound", "--reveal-prompt"];
    const { transactions } = await me.succeed<Minted>("inft", "mint", file, ...bound);
    expect(transactions).to.have.length(1);
    await me.refused("ZG_REQUEST_NOT_BOUND", 3, "inft", "mint", await chat("unbound.json"), ...bound);
    await me.refused("ZG_USAGE", 2, "inft", "mint", file, "--claim", "mine");
  });

  it("mints openly without a commitment", async () => {
    const { transactions } = await me.succeed<Minted>("inft", "mint", await chat("open.json"), "--claim", "open");
    expect(transactions).to.have.length(1);
  });
});
