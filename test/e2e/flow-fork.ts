import { readdir } from "node:fs/promises";

import { expect } from "chai";
import { JsonRpcProvider } from "ethers";

import { developmentAccount } from "../../lib/chain/development-keys.ts";
import { isForkProvider, ROLES } from "../../lib/chain/development-roles.ts";
import type { Address } from "../../lib/hex.ts";
import { hardhatJson } from "../support/cli.ts";
import { serveGalileoByTask, type ServedByTask } from "../support/served-galileo.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary.ts";

interface Served {
  readonly address: Address;
  readonly model: string;
}

interface Run {
  readonly network: string;
  readonly mode: string;
  readonly kept: boolean;
  readonly content: string;
  readonly provider: Address;
  readonly transactions: readonly object[];
  readonly receipt: { readonly mode: string; readonly network: string };
  readonly checks: readonly { readonly passed: boolean }[];
}

describe("the flow on a fork of a served Galileo", function () {
  this.timeout(120_000);

  let served: ServedByTask;
  let home: TemporaryFolder;
  let upstream: JsonRpcProvider;
  let env: Record<string, string>;
  let untouched: Awaited<ReturnType<typeof state>>;
  const fork = ["--network", "galileoFork"];
  const user = developmentAccount(ROLES.user).address;

  const run = async (...args: string[]) => hardhatJson([...args, ...fork], env);

  /** One that the flow would choose on the chain that was forked. */
  function upstreamProvider(): Served {
    const [first] = served.ready["providers"] as Served[];
    if (first === undefined) throw new Error("galileo up names no provider");
    return first;
  }

  /** What of the upstream chain could have changed. */
  async function state() {
    const [block, balance, nonce] = await Promise.all([
      upstream.getBlock("latest"),
      upstream.getBalance(user),
      upstream.getTransactionCount(user),
    ]);
    return { block: block?.hash, balance, nonce };
  }

  before(async () => {
    [served, home] = await Promise.all([serveGalileoByTask(), temporaryFolder()]);
    env = { GALILEO_RPC_URL: served.ready.url, ZG_HOME: home.path };
    upstream = new JsonRpcProvider(served.ready.url, undefined, { cacheTimeout: -1 });
    untouched = await state();
  });
  after(async () => {
    upstream.destroy();
    await Promise.all([served.stop(), home.remove()]);
  });
  afterEach("leaves the upstream chain and the disk as they were", async () => {
    expect(await state()).to.deep.equal(untouched);
    expect(await readdir(home.path)).to.deep.equal([]);
  });

  it("runs from prompt to token with a provider of the fork's own, and calls itself a fork everywhere", async () => {
    const { code, answer, stderr } = await run("flow", "run", "--prompt", "What is 6*7?");
    expect(code, stderr).to.equal(0);
    if (!answer.ok) throw new Error(answer.error.message);
    const data = answer.data as unknown as Run;
    expect(data).to.include({ network: "galileoFork", mode: "fork", kept: false, content: "42" });
    expect(data.receipt).to.include({ mode: "fork", network: "galileoFork" });
    expect(data.transactions).to.have.length(9);
    expect(data.checks.every(({ passed }) => passed)).to.equal(true);
    expect(isForkProvider(data.provider)).to.equal(true);
  });

  it("refuses a provider of the forked chain, by address and by model, before anything is paid", async () => {
    const { address, model } = upstreamProvider();
    const commands = [
      ["flow", "run", "--provider", address],
      ["flow", "run", "--provider", model],
      ["flow", "plan", "--provider", model],
      ["inference", "chat", "--provider", model],
    ];
    const finished = await Promise.all(commands.map(async (command) => run(...command, "--prompt", "What is 2+2?")));
    for (const [index, { code, answer, stderr }] of finished.entries()) {
      const command = commands[index]?.join(" ");
      expect(code, command).to.equal(3);
      expect(answer, command).to.have.nested.property("error.code", "ZG_FORK_PROVIDER");
      expect(answer).to.have.nested.property("error.details.provider", address);
      expect(answer).to.have.nested.property("error.remedy").that.includes("provider list --network galileoFork");
      // Progress names the hash of every transaction it sends.
      expect(stderr, command).to.not.match(/0x[0-9a-f]{64}/);
    }
  });

  it("calls --id a usage error: the fork ends with the command", async () => {
    const { code, answer } = await run("flow", "run", "--id", "first", "--prompt", "What is 2+2?");
    expect(code).to.equal(2);
    expect(answer).to.have.nested.property("error.remedy").that.includes("npx hardhat galileo up");
  });
});
