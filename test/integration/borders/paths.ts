import { once } from "node:events";
import { mkdir, readdir, symlink } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import path from "node:path";

import { expect } from "chai";
import hre from "hardhat";

import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { listen } from "../../../lib/listen.ts";
import { hardhatJson } from "../../support/in-process.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

describe("an answer whose provider names it like a path", function () {
  this.timeout(60_000);

  let served: ServedGalileo;
  let home: TemporaryFolder;
  let rude: Server;
  let chatId = "";
  let inHeader = true;

  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
    rude = createServer((request, response) => {
      request.resume();
      if (request.method === "GET") {
        const free = request.url?.includes("unsettledfee") === true ? '{"unsettledFee":"0"}' : '{"data":[]}';
        response.writeHead(request.url?.includes("signature") === true ? 404 : 200).end(free);
        return;
      }
      const body = { choices: [{ message: { content: "four" } }], usage: { prompt_tokens: 1, completion_tokens: 1 } };
      if (inHeader) response.setHeader("zg-res-key", chatId);
      response.end(JSON.stringify({ id: inHeader ? "x" : chatId, ...body }));
    });
    const port = await listen(rude, { port: 0, what: "provider" });
    await served.galileo.registerService({ url: `http://127.0.0.1:${port}`, model: "0g/rude-model" });
    await run("ledger", "deposit", "6");
    await run("ledger", "transfer", "0g/rude-model", "1.5");
  });
  after(async () => {
    rude.closeAllConnections();
    rude.close();
    await once(rude, "close");
    await served.close();
    await home.remove();
  });

  const run = async (...words: string[]) => {
    const env = { LOCALHOST_RPC_URL: served.url, ZG_HOME: path.join(home.path, "mine") };
    const { answer } = await hardhatJson([...words, "--network", "localhost"], env);
    return answer;
  };
  const files = async () =>
    (await readdir(home.path, { recursive: true, withFileTypes: true }))
      .filter((entry) => !entry.isDirectory())
      .map((entry) => path.relative(home.path, path.join(entry.parentPath, entry.name)));

  for (const [where, id] of [
    ["header", "../../../../escaped"],
    ["header", "..\\..\\escaped"],
    ["header", "/tmp/escaped"],
    ["body", "../../../../escaped"],
    ["body", "a\0b"],
    ["body", "x".repeat(5000)],
  ] as const) {
    it(`is kept, and nowhere else: ${JSON.stringify(id.slice(0, 24))} in its ${where}`, async () => {
      [chatId, inHeader] = [id, where === "header"];
      const before = new Set(await files());
      const answer = await run("inference", "chat", "--provider", "0g/rude-model", "--prompt", "What is 2+2?");
      expect(answer.ok ? "ok" : answer.error.code).to.equal("ZG_CHAT_ID");
      const made = (await files()).filter((file) => !before.has(file));
      expect(made).to.have.length(1);
      expect(path.dirname(made[0] ?? "")).to.equal(path.join("mine", ".0g", "localhost", "answers"));
      expect(path.basename(made[0] ?? "")).to.match(/^\d{8}T\d{9}Z-unnamed-[0-9a-f]{16}\.json$/);
    });
  }

  it("is written over no link: it takes the link's place", async () => {
    const answers = path.join(home.path, "mine", ".0g", "localhost", "answers");
    await mkdir(answers, { recursive: true });
    await symlink(path.join(home.path, "elsewhere"), path.join(answers, "link.json"));
    const { writeFileAtomic } = await import("../../../lib/storage/atomic-file.ts");
    await writeFileAtomic(path.join(answers, "link.json"), "{}", "private");
    expect(await readdir(home.path)).to.not.include("elsewhere");
  });
});
