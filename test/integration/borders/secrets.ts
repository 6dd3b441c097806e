import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";

import { expect } from "chai";
import hre from "hardhat";

import { VARIABLES } from "../../../lib/env.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { listen } from "../../../lib/listen.ts";
import { hardhat, hardhatJson } from "../../support/in-process.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

/** Nobody's, and one of each kind in every place a person could put it. */
const key = () => randomBytes(32).toString("hex");
const RPC_KEY = randomBytes(16).toString("hex");
const PASSWORD = `pw-${randomBytes(9).toString("hex")}`;

describe("secrets in what commands print and keep", function () {
  this.timeout(60_000);

  let served: ServedGalileo;
  let home: TemporaryFolder;
  let relay: Server;
  /** In front of the chain, with a key in its path as hosted nodes have it. Says what it was asked when `rude`. */
  let chain: string;
  let rude = false;
  let echoing: Server;
  const tokens = new Set<string>();
  const env: Record<string, string> = {};
  const secrets = new Set<string>([RPC_KEY, PASSWORD]);

  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
    relay = createServer((request, response) => {
      void (async () => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of request) chunks.push(chunk as Uint8Array);
        if (rude) {
          const message = `no such project at ${request.url ?? ""}, with ${Object.values(env).join(" ")}`;
          response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, error: { code: -32_000, message } }));
          return;
        }
        const body = Buffer.concat(chunks);
        const answer = await fetch(served.url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body,
        });
        response.end(Buffer.from(await answer.arrayBuffer()));
      })();
    });
    const port = await listen(relay, { port: 0, what: "relay" });
    chain = `http://127.0.0.1:${port}/v2/${RPC_KEY}?token=${PASSWORD}`;

    echoing = createServer((request, response) => {
      request.resume();
      const { authorization = "" } = request.headers;
      const token = authorization.replace(/^Bearer /, "");
      if (token !== "") tokens.add(token);
      if (request.method === "GET") response.end('{"data":[],"unsettledFee":"0"}');
      else {
        const said = `bad ${authorization}; ${Buffer.from(token.slice(7), "base64").toString()}; ${Object.values(env).join()}`;
        response.writeHead(400, { "x-echo": authorization }).end(JSON.stringify({ error: said }));
      }
    });
    const echoPort = await listen(echoing, { port: 0, what: "provider" });
    await served.galileo.registerService({ url: `http://127.0.0.1:${echoPort}`, model: "0g/echo-model" });

    for (const [name, { secret }] of Object.entries(VARIABLES)) {
      if (!secret) continue;
      env[name] = key();
      secrets.add(env[name]);
    }
    env["ZG_STORAGE_INDEXERS"] = served.storage.indexer;
  });
  after(async () => {
    for (const server of [relay, echoing]) {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    }
    await served.close();
    await home.remove();
  });

  const bare = () => ({ LOCALHOST_RPC_URL: chain, ZG_HOME: home.path, ...env });

  /** No secret, nor a token that the provider saw, in any spelling that a person could use. */
  const assertSilent = (text: string, where: string) => {
    const lower = text.toLowerCase();
    for (const secret of [...secrets, ...tokens]) {
      const spellings = [secret, Buffer.from(secret).toString("base64")];
      if (/^[0-9a-f]{64}$/.test(secret)) spellings.push(Buffer.from(secret, "hex").toString("base64"));
      for (const spelling of spellings)
        expect(lower.includes(spelling.toLowerCase()), `${where}: ${text}`).to.equal(false);
    }
    for (const token of tokens) {
      const signature = Buffer.from(token.slice(7), "base64").toString().split("|")[1] ?? "";
      expect(signature).to.have.length(132);
      expect(lower.includes(signature), where).to.equal(false);
    }
  };

  /** Runs a command for a person and for a script; gives what the script gets. */
  const both = async (words: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<string[]> => {
    const args = [...words, "--network", "localhost"];
    const given = { ...bare(), ...more };
    const { answer, stdout, stderr } = await hardhatJson(args, given);
    const seen = await hardhat(args, given).catch((thrown: unknown) => inspect(thrown, { depth: 9 }));
    for (const text of [stdout, stderr, inspect(seen, { maxStringLength: null })]) assertSilent(text, args.join(" "));
    return answer.ok ? ["ok"] : [answer.error.code, answer.error.message];
  };

  it("are in no answer and no progress", async () => {
    expect(await both(["ledger", "deposit", "8"])).to.deep.equal(["ok"]);
    const [{ address, model } = { address: "", model: "" }] = served.providers;
    for (const words of [
      ["ledger", "transfer", "0g/echo-model", "1.5"],
      ["ledger", "transfer", address, "1.5"],
      ["ledger", "show"],
      ["provider", "list"],
      ["doctor"],
      ["inference", "chat", "--prompt", "What is 2+2?", "--provider", address],
      ["job", "submit", "--prompt", "What is 2+2?", "--model", model],
      ["job", "list"],
    ]) {
      expect(await both(words), words.join(" ")).to.deep.equal(["ok"]);
    }
  });

  it("are in no error that quotes a provider", async () => {
    const [code, message] = await both([
      ...["inference", "chat", "--prompt", "What is 2+2?"],
      ...["--provider", "0g/echo-model"],
    ]);
    expect(code).to.equal("ZG_PROVIDER_REFUSED");
    expect(message).to.include("bad Bearer [redacted]");
    expect(tokens.size).to.be.greaterThan(0);
    await both(["job", "submit", "--prompt", "What is 2+2?", "--model", "0g/echo-model"]);
  });

  it("are in no error that quotes a chain", async () => {
    rude = true;
    try {
      expect((await both(["ledger", "show"]))[0]).to.match(/^ZG_/);
      await both(["provider", "list"]);
      await both(["inference", "chat", "--prompt", "What is 2+2?"]);
    } finally {
      rude = false;
    }
  });

  it("are in no error about an address or a key that cannot be used", async () => {
    const user = `http://me:${PASSWORD}@127.0.0.1:9/v3/${RPC_KEY}?key=${RPC_KEY}`;
    for (const url of [user, `ftp://me:${PASSWORD}@host/${RPC_KEY}`, RPC_KEY]) {
      expect((await both(["ledger", "show"], { LOCALHOST_RPC_URL: url }))[0]).to.match(/^ZG_/);
    }
    const file = path.join(home.path, "to-store");
    await both(["storage", "upload", file, "--encrypt", "aes256"]);
    await both(["storage", "show", `0x${"ab".repeat(32)}`, "--indexer", user]);
    await both(["job", "status", "nothing", "--remote", `https://me:${PASSWORD}@127.0.0.1:9`]);
  });

  it("are in no crash that Node prints itself, and in no diagnostic report", async () => {
    const guard = pathToFileURL(path.resolve("tasks/support/output-guard.ts")).href;
    const crash = `
      const { guardOutput } = await import(${JSON.stringify(guard)});
      guardOutput();
      const { ATTESTOR_PRIVATE_KEY: key, GALILEO_RPC_URL: url } = process.env;
      console.log("logged", key);
      process.report.writeReport(${JSON.stringify(path.join(home.path, "report.json"))});
      setImmediate(() => Promise.reject(Object.assign(new Error("at " + url, { cause: new Error(key) }), { info: { url } })));`;
    const child = spawn(
      process.execPath,
      ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", crash],
      {
        env: { PATH: process.env["PATH"], ...env, GALILEO_RPC_URL: chain },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let printed = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text: Buffer) => (printed += text.toString()));
    const [code] = (await once(child, "close")) as [number];
    expect(code).to.equal(1);
    expect(printed)
      .to.include("logged [redacted]")
      .and.to.match(/at http:\/\/127\.0\.0\.1:\d+\/v2\/\[redacted\]/);
    assertSilent(printed, "crash");
    assertSilent(await readFile(path.join(home.path, "report.json"), "utf8"), "report");
  });

  it("are in no file that is left, but those made to hold a key", async () => {
    const entries = await readdir(home.path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
    expect(files.some((file) => file.includes("receipts"))).to.equal(true);
    expect(files.some((file) => file.endsWith(".sqlite") || file.includes("jobs"))).to.equal(true);
    for (const file of files) {
      const text = (await readFile(file)).toString("latin1");
      assertSilent(text, path.relative(home.path, file));
    }
  });
});
