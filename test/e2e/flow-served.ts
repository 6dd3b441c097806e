import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import { ContractFactory, JsonRpcProvider, Wallet, type TransactionResponse } from "ethers";
import hre from "hardhat";

import { developmentAccount } from "../../lib/chain/development-keys.ts";
import { networkNamed } from "../../lib/networks.ts";
import { hardhat, hardhatJson, startHardhat } from "../support/cli.ts";
import { runTask } from "../support/in-process.ts";
import { serveGalileoByTask, type ServedByTask } from "../support/served-galileo.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary.ts";

describe("a run that is kept, on a served Galileo", function () {
  this.timeout(120_000);

  let served: ServedByTask;
  let home: TemporaryFolder;
  let env: Record<string, string>;
  const localhost = ["--network", "localhost"];

  /** As a user does, in a process of its own. */
  const type = async (...args: string[]) => hardhatJson([...args, ...localhost], env);
  /** In this one, where that proves the same. */
  const run = async (...args: string[]) =>
    runTask({ url: served.ready.url, home: home.path }, ...(args as [string, string, ...string[]]));
  async function succeed<Data>(args: readonly string[], by: typeof run | typeof type = run): Promise<Data> {
    const { answer, code } = await by(...args);
    if (!answer.ok) throw new Error(`${args.join(" ")}: exit ${String(code)}, ${JSON.stringify(answer.error)}`);
    return answer.data as Data;
  }

  before(async () => {
    [served, home] = await Promise.all([serveGalileoByTask(), temporaryFolder()]);
    env = { ...served.env, ZG_HOME: home.path };
  });
  after(async () => {
    await Promise.all([served.stop(), home.remove()]);
  });

  interface Run {
    readonly tokenId: string;
    readonly inft: string;
    readonly content: string;
    readonly transactions: readonly object[];
    readonly steps: readonly { readonly state: string }[];
  }
  let first: Run;
  const receipt = () => path.join(home.path, ".0g", "localhost", "receipts", "first.json");

  it("mints, and a second run with the same id does nothing twice", async () => {
    first = await succeed<Run>(["flow", "run", "--id", "first", "--prompt", "What is 6*7?"], type);
    expect(first.content).to.equal("42");
    expect(first.transactions).to.have.length(9);

    const again = await succeed<Run>(["flow", "run", "--id", "first", "--prompt", "What is 6*7?"], type);
    expect(again).to.include({ tokenId: first.tokenId, inft: first.inft, content: "42" });
    expect(again.transactions).to.deep.equal([]);
    expect(again.steps.map(({ state }) => state)).to.deep.equal(Array(13).fill("already done"));
  });

  it("continues without repeating the question, and refuses another one", async () => {
    expect(await succeed(["flow", "run", "--id", "first"])).to.have.property("tokenId", first.tokenId);
    const { code, answer } = await run("flow", "run", "--id", "first", "--prompt", "What is 6*8?");
    expect(code).to.equal(2);
    expect(answer).to.have.nested.property("error.code", "ZG_RUN_MISMATCH");
  });

  it("reports every step of the run as done, and an unknown run as a usage error", async () => {
    expect(await succeed(["flow", "status", "--id", "first"])).to.have.property("done", true);
    const { code, answer } = await run("flow", "status", "--id", "second");
    expect(code).to.equal(2);
    expect(answer).to.have.nested.property("error.code", "ZG_RUN_UNKNOWN");
  });

  it("reuses the iNFT contract and the funded sub-account in another run", async () => {
    const second = await succeed<Run>(["flow", "run", "--id", "second", "--prompt", "What is 1+1?"]);
    expect(second.inft).to.equal(first.inft);
    expect(second.tokenId).to.not.equal(first.tokenId);
    expect(second.transactions).to.have.length(5); // data, log, commit, mint, the whole log
  });

  it("keeps what it makes where only the user can read it", async () => {
    const base = path.join(home.path, ".0g", "localhost");
    for (const folder of ["runs", "receipts", "objects"]) {
      const at = path.join(base, folder);
      expect((await stat(at)).mode & 0o777, at).to.equal(0o700);
      for (const file of await readdir(at)) {
        expect((await stat(path.join(at, file))).mode & 0o777, file).to.equal(0o600);
      }
    }
  });

  it("proves the token from chain data alone, and opens it with the owner's key", async () => {
    interface Verified {
      readonly status: string;
      readonly checks: readonly { readonly name: string; readonly status: string }[];
    }
    const found = await succeed<Verified>(["inft", "verify", first.tokenId]);
    expect(found.status).to.equal("proven");
    expect(found.checks.filter(({ status }) => status === "failed")).to.deep.equal([]);

    expect(found.checks.find(({ name }) => name === "content")).to.have.property("status", "passed");

    interface Shown {
      readonly content: { readonly request: string; readonly response: string };
      readonly attestors: { readonly threshold: number; readonly active: number };
    }
    const shown = await succeed<Shown>(["inft", "show", first.tokenId, "--decrypt"]);
    expect(shown.content.request).to.include("What is 6*7?");
    expect(shown.content.response).to.include("42");
    expect(shown, "the served network's own attestor").to.deep.include({
      ...{ sequence: "0", authorizedUsers: 0, attestors: { threshold: 1, active: 1 } },
    });

    const { history } = await succeed<{ history: { kind: string }[] }>(["inft", "history", first.tokenId]);
    expect(history.map(({ kind }) => kind)).to.include.members(["stored", "minted", "keys published", "logged"]);
  });

  it("shows and opens a token anywhere, and keeps there what it opened", async () => {
    const elsewhere = await temporaryFolder();
    try {
      const show = ["inft", "show", first.tokenId, "--inft", first.inft, ...localhost];
      const there = { ...env, ZG_HOME: elsewhere.path };
      expect((await hardhatJson(show, there)).answer).to.have.nested.property("data.proven", true);
      expect(await readdir(elsewhere.path), "looking makes nothing").to.deep.equal([]);
      const { answer } = await hardhatJson([...show, "--decrypt"], there);
      expect(answer).to.have.nested.property("data.content.response").that.includes("42");
      expect(await readdir(path.join(elsewhere.path, ".0g/localhost/objects"))).to.have.length(1);
    } finally {
      await elsewhere.remove();
    }
  });

  it("takes no other contract's word for a token, whatever it answers", async () => {
    const { token } = await succeed<{ token: { record: object } }>(["inft", "verify", first.tokenId]);
    const { abi, bytecode } = await hre.artifacts.readArtifact("INFT__MockForVerify");
    const provider = new JsonRpcProvider(served.env.LOCALHOST_RPC_URL, undefined, { cacheTimeout: -1 });
    try {
      const signer = new Wallet(developmentAccount(1).privateKey, provider);
      const serving = networkNamed("localhost").contracts.inferenceServing;
      const fake = await new ContractFactory(abi, bytecode, signer).deploy(serving);
      await fake.waitForDeployment();
      const dataHash = `0x${"0f".repeat(32)}`;
      const forgery = { tokenId: first.tokenId, owner: signer.address, dataHash, provenance: token.record };
      const sent = (await fake.getFunction("forge")(forgery)) as TransactionResponse;
      await sent.wait();
      const { code, answer } = await run("inft", "verify", first.tokenId, "--inft", await fake.getAddress());
      expect(code).to.equal(5);
      expect(answer).to.have.nested.property("error.code", "ZG_TOKEN_NOT_PROVEN");
      expect(answer).to.have.nested.property("error.details.status", "incomplete");
      expect(answer).to.have.nested.property("error.message").that.includes("not this project's contract");
    } finally {
      provider.destroy();
    }
  });

  it("verifies the receipt, and refuses it with exit code 5 once a byte has changed", async () => {
    expect(await succeed(["inference", "verify", receipt()])).to.have.property("status", "verified");

    const offline = await hardhatJson(["inference", "verify", receipt()], env);
    expect(offline.code, "no chain was asked, so it is not called verified").to.equal(3);
    expect(offline.answer).to.have.nested.property("error.code", "ZG_RECEIPT_UNCHECKED");

    const altered = JSON.parse(await readFile(receipt(), "utf8")) as { response: string };
    const bytes = Buffer.from(altered.response, "base64");
    bytes[bytes.indexOf("42")] = "5".charCodeAt(0);
    const file = path.join(home.path, "altered.json");
    await writeFile(file, JSON.stringify({ ...altered, response: bytes.toString("base64") }));
    const { code, answer } = await run("inference", "verify", file);
    expect(code).to.equal(5);
    expect(answer).to.have.nested.property("error.code", "ZG_RECEIPT_REJECTED");
    expect(answer).to.have.nested.property("error.details.failed").that.includes("response");

    const mint = await run("inft", "mint", file);
    expect(mint.code).to.equal(5);
  });

  it("finds that a receipt is minted already, and says whose token it is", async () => {
    const found = await succeed(["inft", "mint", receipt()]);
    expect(found).to.include({ minted: false, tokenId: first.tokenId });
  });

  it("continues a run that was killed, and mints once", async () => {
    const child = startHardhat(["flow", "run", "--id", "killed", "--prompt", "What is 2*2?", ...localhost], env);
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk;
      if (stderr.includes("commit to the mint: 0x")) child.kill("SIGKILL");
    });
    await once(child, "close");
    expect(stderr).to.not.include("13/13");

    const journal = path.join(home.path, ".0g", "localhost", "runs", "killed.jsonl");
    const asked = (await readFile(journal, "utf8")).split("\n").filter((line) => line.includes('"type":"asked"'));
    const resumed = await succeed<Run>(["flow", "run", "--id", "killed"]);
    expect(resumed.transactions).to.have.length(2); // the mint and the whole log
    const after = (await readFile(journal, "utf8")).split("\n").filter((line) => line.includes('"type":"asked"'));
    expect(after).to.deep.equal(asked).and.to.have.length(1);
  });

  it("finds what it minted when it was killed before it could write that down", async () => {
    const journal = path.join(home.path, ".0g", "localhost", "runs", "first.jsonl");
    const whole = await readFile(journal, "utf8");
    const unnoted = whole.split("\n").filter((line) => !line.includes('"type":"minted"'));
    await writeFile(journal, unnoted.join("\n"));
    const found = await succeed<Run>(["flow", "run", "--id", "first"]);
    expect(found.tokenId).to.equal(first.tokenId);
    expect(found.transactions).to.deep.equal([]);
  });

  it("refuses a journal that was tampered with and leaves it as it is", async () => {
    const journal = path.join(home.path, ".0g", "localhost", "runs", "broken.jsonl");
    await writeFile(journal, '{"type":"started"\n');
    const { code, answer } = await run("flow", "run", "--id", "broken");
    expect(code).to.equal(3);
    expect(answer).to.have.nested.property("error.code", "ZG_JOURNAL");
    expect(await readFile(journal, "utf8")).to.equal('{"type":"started"\n');
  });

  it("runs the deployment scripts, which use and write the same records", async () => {
    const script = async (name: string) => hardhat(["run", `scripts/${name}.ts`, ...localhost], env);
    const deployed = await script("deploy");
    expect(deployed.code, deployed.stderr).to.equal(0);
    expect(deployed.stdout).to.include(`iNFT contract ${first.inft}`);

    const ledger = await script("setup-ledger");
    expect(ledger.code, ledger.stderr).to.equal(0);
    expect(ledger.stdout).to.match(/\d 0G at local\//);

    const minted = await script("infer-and-mint");
    expect(minted.code, minted.stderr).to.equal(0);
    const [, token = ""] = /token {3}(\d+)/.exec(minted.stdout) ?? [];
    expect(await succeed(["inft", "verify", token])).to.have.property("status", "proven");
  });
});
