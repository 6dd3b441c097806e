import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

import { expect } from "chai";
import { JsonRpcProvider } from "ethers";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import type { Address, Hex } from "../../../lib/hex.ts";
import { NETWORKS } from "../../../lib/networks.ts";
import { startHardhat } from "../../support/cli.ts";
import { hardhat, hardhatJson } from "../../support/in-process.ts";
import { serveGalileoByTask, type ServedByTask } from "../../support/served-galileo.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { deployCollection } from "./support/collection.ts";

interface Entry {
  readonly address: Address;
  readonly url: string;
  readonly publicKey: Hex;
}

describe("attestors of a served network, by command", function () {
  this.timeout(240_000);
  let served: ServedByTask;
  let home: TemporaryFolder;
  let own: Entry;

  before(async () => {
    [served, home] = await Promise.all([serveGalileoByTask(), temporaryFolder()]);
    own = served.ready["attestor"] as Entry;
  });

  after(async () => {
    expect(await served.stop()).to.equal(0);
    await home.remove();
  });

  const env = () => ({ ...served.env, ZG_HOME: home.path });
  const run = async (...args: string[]) => hardhatJson(["--network", "localhost", "inft", "attestor", ...args], env());
  async function data(...args: string[]): Promise<Record<string, unknown>> {
    const { answer, stderr } = await run(...args);
    if (!answer.ok) return expect.fail(`${JSON.stringify(answer)}\n${stderr}`);
    return answer.data;
  }

  it("says at the start where its attestor is, and answers the same to galileo_attestors", async () => {
    expect(own.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    const provider = new JsonRpcProvider(served.ready.url);
    try {
      expect(await provider.send("galileo_attestors", [])).to.deep.equal([own]);
    } finally {
      provider.destroy();
    }
  });

  it("lists it in galileo status", async () => {
    const { answer } = await hardhatJson(["galileo", "status", "--network", "localhost"], env());
    if (!answer.ok) return expect.fail(JSON.stringify(answer));
    expect(answer.data["attestors"]).to.deep.equal([{ ...own, alive: true }]);
    expect(JSON.stringify(answer.data["simulated"])).to.include("development attestor");
    return undefined;
  });

  it("show tells of one attestor what it says of itself", async () => {
    expect(await data("show", own.url)).to.deep.include({ kind: "development", chainId: 16602, ...own });
    const { stdout } = await hardhat(["--network", "localhost", "inft", "attestor", "show", own.url], env());
    expect(stdout)
      .to.match(/attestor +0x/)
      .and.match(/kind +development/);
  });

  it("show tells of a collection who must sign, who counts, and who answers", async () => {
    const stranger = developmentAccount(18).address;
    const { inft, verifier } = await deployCollection(served.ready.url, {
      threshold: 2,
      rotationDelay: 3600,
      attestors: [
        { address: own.address, url: "" },
        { address: stranger, url: own.url },
      ],
    });
    const shown = await data("show", "--inft", inft);
    expect(shown).to.deep.include({ inft, verifier, threshold: 2, rotationDelay: "3600", active: 2 });
    const [first, second] = shown["attestors"] as Record<string, unknown>[];
    expect(first).to.include({
      address: own.address,
      state: "active",
      url: own.url,
      answers: true,
      kind: "development",
    });
    expect(second).to.include({ address: stranger, answers: false, reason: `${own.address} answers there` });
    const { stdout } = await hardhat(["--network", "localhost", "inft", "attestor", "show", "--inft", inft], env());
    expect(stdout)
      .to.match(/must sign +2 of 2/)
      .and.include("development");
  });

  it("show says that a contract has no attestors to show", async () => {
    const { code, answer } = await run("show", "--inft", NETWORKS.localhost.contracts.ledgerManager);
    expect(code).to.equal(3);
    expect(answer).to.have.nested.property("error.code", "ZG_ATTESTOR_SET_MISSING");
  });

  it("show says that nobody answers", async () => {
    const { code, answer } = await run("show", "http://127.0.0.1:1");
    expect(code).to.equal(4);
    expect(answer).to.have.nested.property("error.code", "ZG_ATTESTOR_DOWN");
  });

  it("remove takes one out at once, and says what that leaves", async () => {
    const { inft } = await deployCollection(served.ready.url, {
      threshold: 1,
      attestors: [{ address: own.address, url: own.url }],
    });
    const planned = await data("remove", own.address, "--inft", inft, "--dry-run");
    expect(planned).to.include({ dryRun: true, attestor: own.address });
    const removed = await run("remove", own.address, "--inft", inft);
    expect(removed.answer).to.have.nested.property("data.removed", true);
    expect(removed.answer).to.have.nested.property("data.left", 0);
    expect(removed.stderr).to.include("no data changes hands");
    expect((await data("show", "--inft", inft))["attestors"]).to.deep.equal([]);
    expect(await data("remove", own.address, "--inft", inft)).to.include({ removed: false });
  });

  it("serve runs one more, with a published key, until it is stopped, and add makes it count after the delay", async () => {
    const objects = path.join(home.path, "objects");
    const args = ["--network", "localhost", "inft", "attestor", "serve", "--port", "0", "--objects", objects, "--json"];
    const { inft } = await deployCollection(served.ready.url, {
      threshold: 2,
      rotationDelay: 3600,
      attestors: [{ address: own.address, url: own.url }],
    });
    const child = startHardhat(args, env());
    try {
      if (child.stdout === null) throw new Error("no stdout");
      const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
      const { data: ready } = JSON.parse(line) as { data: { url: string; address: Address; objects: string } };
      expect(ready).to.include({ address: developmentAccount(19).address, objects, network: "localhost" });
      expect(await data("show", ready.url)).to.include({ address: ready.address, kind: "development" });

      const other = await run("add", own.address, "--url", ready.url, "--inft", inft);
      expect(other.answer).to.have.nested.property("data.added", false); // it is one already
      const stranger = await run("add", developmentAccount(18).address, "--url", ready.url, "--inft", inft);
      expect(stranger.answer).to.have.nested.property("error.code", "ZG_USAGE");
      const added = await data("add", ready.address, "--url", ready.url, "--until", "30d", "--inft", inft);
      expect(added).to.include({ added: true, attestor: ready.address, url: ready.url });
      const listed = async () => (await data("show", "--inft", inft))["attestors"] as Record<string, unknown>[];
      expect((await listed())[1]).to.include({ state: "scheduled", answers: true, validUntil: added["validUntil"] });
      const provider = new JsonRpcProvider(served.ready.url);
      await provider.send("evm_increaseTime", [3601]);
      await provider.send("evm_mine", []);
      provider.destroy();
      expect((await listed())[1]).to.include({ address: ready.address, state: "active", url: ready.url });
    } finally {
      const ended = once(child, "exit");
      child.kill("SIGINT");
      expect(await ended).to.deep.equal([0, null]);
    }
    expect(existsSync(objects) ? readdirSync(objects) : []).to.deep.equal([]);
  });

  describe("add, on a live network,", () => {
    let inft: Address;
    /** A live network's name before a served Galileo: what is refused is refused before anything is signed. */
    const live = async (...args: string[]) =>
      hardhatJson(["--network", "galileo", "inft", "attestor", "add", ...args, "--inft", inft, "--yes"], {
        ...env(),
        GALILEO_RPC_URL: served.ready.url,
        GALILEO_PRIVATE_KEY: `0x${"5e".repeat(32)}`,
      });

    before(async () => {
      ({ inft } = await deployCollection(served.ready.url, { threshold: 1, attestors: [] }));
    });

    it("refuses a published key, whatever is allowed", async () => {
      const { code, answer } = await live(developmentAccount(19).address, "--allow-development-attestor");
      expect(code).to.equal(5);
      expect(answer).to.have.nested.property("error.code", "ZG_WELL_KNOWN_ATTESTOR");
    });

    it("refuses a development attestor, and one that cannot be asked, unless that is allowed", async () => {
      for (const asked of [[], ["--url", own.url]]) {
        const { answer } = await live(own.address, ...asked);
        expect(answer).to.have.nested.property("error.code", "ZG_DEVELOPMENT_ATTESTOR");
      }
      const { answer } = await live(own.address, "--url", own.url, "--allow-development-attestor");
      expect(answer).to.have.nested.property("error.code").that.is.not.oneOf(["ZG_DEVELOPMENT_ATTESTOR"]);
    });
  });

  for (const [what, args, exit, code] of [
    ["on a chain that ends with the command", ["inft", "attestor", "serve"], 2, "ZG_USAGE"],
    [
      "with a key that is no development account's",
      ["--network", "localhost", "inft", "attestor", "serve", "--as", "64"],
      2,
      "ZG_USAGE",
    ],
    ["without a key on a live network", ["--network", "galileo", "inft", "attestor", "serve"], 3, "ZG_NO_KEY"],
  ] as const) {
    it(`serve refuses to run ${what}`, async () => {
      const { code: status, answer } = await hardhatJson(args, env());
      expect(status).to.equal(exit);
      expect(answer).to.have.nested.property("error.code", code);
    });
  }

  it("serve refuses to run on a live network with a published key", async () => {
    const { privateKey: ATTESTOR_PRIVATE_KEY } = developmentAccount(19);
    const args = ["--network", "galileo", "inft", "attestor", "serve"];
    const { code, answer } = await hardhatJson(args, { ...env(), ATTESTOR_PRIVATE_KEY });
    expect(code).to.equal(3);
    expect(answer).to.have.nested.property("error.code", "ZG_DEVELOPMENT_KEY");
  });

  it("serve says which port is taken", async () => {
    const { code, answer } = await run("serve", "--port", new URL(own.url).port);
    expect(code).to.equal(3);
    expect(answer).to.have.nested.property("error.code", "ZG_PORT_TAKEN");
  });

  it("remove refuses an account that does not own the verifier", async () => {
    const { inft } = await deployCollection(served.ready.url, {
      threshold: 1,
      attestors: [{ address: own.address, url: own.url }],
    });
    const { code, answer } = await run("remove", own.address, "--inft", inft, "--as", "5");
    expect(code).to.equal(3);
    expect(answer).to.have.nested.property("error.message").that.includes(developmentAccount(5).address);
  });
});
