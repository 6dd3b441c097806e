import { randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import { JsonRpcProvider, SigningKey, Wallet, ZeroHash } from "ethers";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import type { Address } from "../../../lib/hex.ts";
import { dialectsContract } from "../../../lib/inft/contracts.ts";
import { encryptForGoAgent } from "../../../lib/sealing/go-agent-envelope.ts";
import { hardhat, hardhatJson } from "../../support/in-process.ts";
import { serveGalileoByTask, type ServedByTask } from "../../support/served-galileo.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

describe("an agent that is minted from its files, on a served Galileo", function () {
  this.timeout(120_000);

  let served: ServedByTask;
  let home: TemporaryFolder;
  let folder: string;
  let env: Record<string, string>;
  const owner = developmentAccount(0);
  const other = developmentAccount(1);
  const localhost = ["--network", "localhost"];
  const WEIGHTS = Uint8Array.from({ length: 3000 }, (_, i) => (i * 37) & 255);

  const run = async (...args: string[]) => hardhatJson([...args, ...localhost], env);
  async function succeed<Data>(...args: string[]): Promise<Data> {
    const { answer, code, stderr } = await run(...args);
    if (!answer.ok)
      throw new Error(`${args.join(" ")}: exit ${String(code)}, ${JSON.stringify(answer.error)}\n${stderr}`);
    return answer.data as Data;
  }
  async function refused(exit: number, code: string, ...args: string[]) {
    const { answer, code: ended } = await run(...args);
    if (answer.ok) expect.fail(`${args.join(" ")} was not refused`);
    expect(answer.error).to.have.property("code", code);
    expect(ended).to.equal(exit);
    return answer.error;
  }
  const objects = async () => readdir(path.join(home.path, ".0g", "localhost", "objects")).catch(() => []);

  before(async () => {
    [served, home] = await Promise.all([serveGalileoByTask(), temporaryFolder()]);
    env = { ...served.env, ZG_HOME: home.path };
    folder = path.join(home.path, "agent");
    await mkdir(path.join(folder, "weights"), { recursive: true });
    await writeFile(path.join(folder, "config.json"), '{"temperature":0}');
    await writeFile(path.join(folder, "capabilities.json"), '["chat"]');
    await writeFile(path.join(folder, "weights", "1.bin"), WEIGHTS);
    await writeFile(path.join(folder, ".env"), "SECRET=1");
    await succeed("inft", "deploy");
  });
  after(async () => {
    await Promise.all([served.stop(), home.remove()]);
  });

  it("is checked before anything is sent or kept", async () => {
    const [mint, data] = [
      ["inft", "mint"],
      ["--data", folder],
    ];
    await refused(2, "ZG_USAGE", ...mint);
    await refused(2, "ZG_USAGE", ...mint, "receipt.json", ...data);
    await refused(2, "ZG_USAGE", ...mint, ...data, "--max-size", "some");
    await refused(2, "ZG_AGENT_DATA", ...mint, "--data", path.join(home.path, "gone"));
    await refused(2, "ZG_USAGE", ...mint, ...data, "--to", other.address);
    const { details } = await refused(3, "ZG_AGENT_SIZE", ...mint, ...data, "--max-size", "1kB");
    expect(details).to.deep.include({ limit: 1000 });
    expect(await succeed(...mint, ...data, "--dry-run")).to.include({ dryRun: true, proven: false });
    expect(await objects()).to.deep.equal([]);
  });

  it("becomes a token that is unproven and says so, with its bytes kept encrypted", async () => {
    const { stdout, stderr, code } = await hardhat(["inft", "mint", "--data", folder, ...localhost], env);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^minted token 1 for 0x\w+: unproven/);
    expect(stderr).to.include(".env");
    expect(stdout + stderr).to.not.include("SECRET");

    interface Shown {
      readonly proven: boolean;
      readonly datas: readonly { readonly dataDescription: string; readonly dataHash: string }[];
    }
    const { proven, datas } = await succeed<Shown>("inft", "show", "1");
    expect(proven).to.equal(false);
    expect(datas.map(({ dataDescription }) => dataDescription)).to.deep.equal([
      "application/vnd.0g.agent.weights",
      "application/vnd.0g.agent.config",
      "application/vnd.0g.agent.capabilities",
    ]);
    expect(await objects()).to.have.members(datas.map(({ dataHash }) => dataHash));
    for (const { dataHash } of datas) {
      const kept = await readFile(path.join(home.path, ".0g", "localhost", "objects", dataHash));
      expect(kept.includes("temperature")).to.equal(false);
    }
    expect(await run("inft", "verify", "1")).to.have.nested.property("answer.error.code", "ZG_TOKEN_NOT_PROVEN");
  });

  it("comes back as the files it was made of, for its owner alone", async () => {
    const out = path.join(home.path, "out");
    const { code, stdout } = await hardhat(["inft", "decrypt", "1", "--out", out, ...localhost], env);
    expect(code).to.equal(0);
    const names = ["weights/1.bin", "config.json", "capabilities.json"];
    expect(stdout.trim().split("\n")).to.deep.equal(names.map((name) => path.join(out, name)));
    for (const name of names) {
      expect(await readFile(path.join(out, name))).to.deep.equal(await readFile(path.join(folder, name)));
      expect((await stat(path.join(out, name))).mode & 0o777).to.equal(0o600);
    }

    await refused(3, "ZG_OUTPUT_EXISTS", "inft", "decrypt", "1", "--out", out);
    await succeed("inft", "decrypt", "1", "--out", out, "--force");
    const { details } = await refused(3, "ZG_SEALED_TO", "inft", "decrypt", "1", "--as", "1");
    expect(details).to.deep.include({ tokenId: "1", index: 0, sealedTo: owner.address });
  });

  it("is printed where no folder is named: text as it is, anything else by its size", async () => {
    const { stdout } = await hardhat(["inft", "decrypt", "1", ...localhost], env);
    expect(stdout).to.include('{"temperature":0}').and.include("weights/1.bin  3000 B").and.include("not text");
    interface Decrypted {
      readonly data: readonly { readonly files: readonly { readonly text?: string; readonly base64?: string }[] }[];
    }
    const { data } = await succeed<Decrypted>("inft", "decrypt", "1");
    expect(data.flatMap(({ files }) => files).map(({ text, base64 }) => text ?? base64)).to.deep.equal([
      Buffer.from(WEIGHTS).toString("base64"),
      '{"temperature":0}',
      '["chat"]',
    ]);
  });

  it("is minted to somebody else with that account's public key, and opens for that account", async () => {
    const { publicKey } = new SigningKey(other.privateKey);
    const file = path.join(folder, "config.json");
    const minted = await succeed<{ tokenId: string; owner: string }>(
      ...["inft", "mint", "--data", file, "--to", other.address, "--public-key", publicKey],
    );
    expect(minted).to.deep.include({ tokenId: "2", owner: other.address });
    await refused(3, "ZG_SEALED_TO", "inft", "decrypt", "2");
    const { data } = await succeed<{ data: object[] }>("inft", "decrypt", "2", "--as", "1");
    expect(data).to.have.nested.property("[0].files[0].text", '{"temperature":0}');
  });

  it("reaches a buyer on another machine, who fetches the bytes from the attestor; the seller reads it no more", async () => {
    await succeed("inft", "transfer", "1", "--to", other.address);
    const elsewhere = await temporaryFolder();
    try {
      const { inft } = await succeed<{ inft: string }>("inft", "show", "1");
      const decrypt = ["inft", "decrypt", "1", "--inft", inft, "--as", "1", "--out", path.join(elsewhere.path, "out")];
      const { code, stderr } = await hardhat([...decrypt, ...localhost], { ...env, ZG_HOME: elsewhere.path });
      expect(code, stderr).to.equal(0);
      expect(stderr.match(/^fetched 0x/gm)).to.have.length(3);
      const weights = await readFile(path.join(elsewhere.path, "out", "weights", "1.bin"));
      expect([...weights]).to.deep.equal([...WEIGHTS]);
      expect(await readdir(path.join(elsewhere.path, ".0g", "localhost", "objects"))).to.have.length(3);
    } finally {
      await elsewhere.remove();
    }
    const { details } = await refused(3, "ZG_SEALED_TO", "inft", "decrypt", "1");
    expect(details).to.deep.include({ sealedTo: other.address, encryptionKey: other.address });
  });

  describe("with a key apart from the signer's", () => {
    const apart = new Wallet(`0x${"5a".repeat(32)}`);
    const withKey = () => ({ ...env, GALILEO_DECRYPTION_KEY: apart.privateKey });

    it("is sealed to that key at the mint, and opens with it alone", async () => {
      const mint = ["inft", "mint", "--data", path.join(folder, "config.json"), ...localhost];
      const { answer } = await hardhatJson(mint, withKey());
      const tokenId = answer.ok ? String(answer.data["tokenId"]) : expect.fail(answer.error.message);
      const { message } = await refused(3, "ZG_SEALED_TO", "inft", "decrypt", tokenId);
      expect(message).to.include("an encryption key apart from its own");
      const opened = await hardhatJson(["inft", "decrypt", tokenId, ...localhost], withKey());
      expect(opened.answer).to.have.nested.property("data.data[0].files[0].text", '{"temperature":0}');
      expect(opened.answer).to.have.nested.property("data.data[0].openedWith").that.includes(apart.address);
    });

    it("reaches a buyer who named that key, and the refusal of another names it", async () => {
      const buyer = developmentAccount(2);
      const proof = path.join(home.path, "access-proof.json");
      const { publicKey } = apart.signingKey;
      await succeed("inft", "accept", "2", "--as", "2", "--public-key", publicKey, "--out", proof);
      await succeed("inft", "transfer", "2", "--as", "1", "--to", buyer.address, "--access-proof", proof);
      const { details } = await refused(3, "ZG_SEALED_TO", "inft", "decrypt", "2", "--as", "2");
      expect(details).to.deep.include({ sealedTo: buyer.address, encryptionKey: apart.address });
      const opened = await hardhatJson(["inft", "decrypt", "2", ...localhost], withKey());
      expect(opened.answer).to.have.nested.property("data.data[0].files[0].text", '{"temperature":0}');
    });
  });

  it("of the Go inference agent opens with that agent's key", async () => {
    const { inft } = await succeed<{ inft: string }>("inft", "show", "1");
    const key = new Uint8Array(32).fill(11);
    const metadata = encryptForGoAgent(
      new TextEncoder().encode('{"task_id":"t"}'),
      { key, id: "default" },
      randomBytes,
    );
    const provider = new JsonRpcProvider(served.ready.url);
    let tokenId: string;
    try {
      const agent = dialectsContract(inft as Address, new Wallet(owner.privateKey, provider));
      const mint = agent["mint(address,string,string,bytes,bytes32,string)"];
      tokenId = (await mint.staticCall(owner.address, "result", "", metadata, ZeroHash, "")).toString();
      await (await mint(owner.address, "result", "", metadata, ZeroHash, "")).wait();
    } finally {
      provider.destroy();
    }
    await refused(3, "ZG_NO_GO_AGENT_KEY", "inft", "decrypt", tokenId);
    const environment = { ...env, ZG_ENCRYPTION_KEY: Buffer.from(key).toString("hex") };
    const { answer } = await hardhatJson(["inft", "decrypt", tokenId, ...localhost], environment);
    expect(answer).to.have.nested.property("data.data[0].content", "go agent metadata");
    expect(answer).to.have.nested.property("data.data[0].files[0].text", '{"task_id":"t"}');
  });
});
