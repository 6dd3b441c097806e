import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import hre from "hardhat";

import { serveGalileo, type ServedGalileo } from "../../lib/galileo/serve.ts";
import { hardhatJson } from "../support/cli.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary.ts";

describe("an answer that is paid for and cannot be proved", function () {
  this.timeout(60_000);

  let served: ServedGalileo;
  let home: TemporaryFolder;
  let env: Record<string, string>;
  const run = async (...args: string[]) => hardhatJson([...args, "--network", "localhost"], env);

  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
    env = { LOCALHOST_RPC_URL: served.url, ZG_HOME: home.path };
    expect((await run("ledger", "deposit", "1.1")).code).to.equal(0);
    expect((await run("ledger", "transfer", "provider-0", "1.1")).code).to.equal(0);
  });
  after(async () => {
    await served.close();
    await home.remove();
  });

  it("is kept by the chat, which says where and refuses it", async () => {
    served.galileo.provider(0).misbehave({ kind: "no-signature" });
    const { answer, stderr, code } = await run("inference", "chat", "--prompt", "What is 2+2?");
    served.galileo.provider(0).misbehave(undefined);
    expect(answer).to.have.nested.property("error.code", "ZG_SIGNATURE_MISSING");
    expect(code).to.equal(5);

    const folder = path.join(home.path, ".0g", "localhost", "answers");
    const [file = ""] = await readdir(folder);
    expect(stderr).to.include(path.join(folder, file));
    const kept = JSON.parse(await readFile(path.join(folder, file), "utf8")) as Record<string, string>;
    expect(kept["content"]).to.equal("4");
    expect(Buffer.from(kept["request"] ?? "", "base64").toString()).to.include("What is 2+2?");
  });

  it("left a note of every transaction before it was sent", async () => {
    const text = await readFile(path.join(home.path, ".0g", "localhost", "transactions.jsonl"), "utf8");
    const noted = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { what: string; hash: string; nonce: number });
    expect(noted.map(({ what }) => what)).to.deep.equal([
      "open a ledger with 1.1 0G",
      `transfer 1.1 0G to ${served.galileo.provider(0).address}`,
    ]);
    expect(noted.map(({ nonce }) => nonce)).to.deep.equal([0, 1]);
  });
});
