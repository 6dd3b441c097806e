import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import { Wallet } from "ethers";
import hre from "hardhat";

import { developmentAccount } from "../../lib/chain/development-keys.ts";
import { ROLES } from "../../lib/chain/development-roles.ts";
import { serveGalileo, type ServedGalileo } from "../../lib/galileo/serve.ts";
import { parseAmount } from "../../lib/units.ts";
import { hardhatJson } from "../support/cli.ts";
import { hardhatJson as inThisProcess } from "../support/in-process.ts";
import { countingNode, type CountingNode } from "../support/counting-node.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary.ts";

const UNREGISTERED = "0x00000000000000000000000000000000000000AA";
/** Port 1 is nobody's. */
const NOBODY = "http://127.0.0.1:1";
const GARBAGE_KEY = "this-is-no-private-key";
const GALILEO = 16602;

interface Case {
  readonly title: string;
  readonly args: readonly string[];
  readonly code: string;
  readonly exit: number;
  /** What the remedy must name. */
  readonly remedy: string;
  readonly env?: Readonly<Record<string, string>>;
  /** In a process of its own: what Hardhat does before the task, with the configuration and the whole output. */
  readonly alone?: boolean;
}

/** Runs a command that must fail, and holds its whole answer against what a case expects. */
async function expectRefusal({ title, args, code, exit, remedy, alone = false }: Case, env: Case["env"] = {}) {
  // Both fail unless stdout is exactly one JSON object.
  const finished = await (alone ? hardhatJson : inThisProcess)(args, env);
  const { answer, stdout, stderr } = finished;
  if (answer.ok) throw new Error(`${title}: accepted with ${stdout}`);
  expect(answer.error.code, `${title}: ${stdout}${stderr}`).to.equal(code);
  expect(finished.code, title).to.equal(exit);
  expect(answer.error.message, title).to.not.equal("");
  expect(answer.error.remedy, title).to.include(remedy);
  return finished;
}

describe("what is refused before any network is asked", function () {
  this.timeout(120_000);

  let home: TemporaryFolder;
  let node: CountingNode;
  before(async () => {
    [home, node] = await Promise.all([temporaryFolder(), countingNode(GALILEO)]);
    await writeFile(path.join(home.path, "cut.json"), '[{"role":"user","content":"What is');
    await writeFile(path.join(home.path, "no-chat.json"), '{"role":"user"}');
  });
  after(async () => {
    await Promise.all([home.remove(), node.close()]);
  });

  const file = (name: string) => path.join(home.path, name);
  const live = ["--network", "galileo"];
  const pay = ["ledger", "deposit", "1", ...live];

  it("malformed input, with exit code 2, naming what would be right", async () => {
    const usage = { code: "ZG_USAGE", exit: 2 };
    const cases: readonly Case[] = [
      {
        title: "a malformed address",
        args: ["ledger", "show", "--account", "0x12", ...live],
        remedy: "40 hexadecimal",
        ...usage,
      },
      { title: "a malformed amount", args: ["ledger", "deposit", "1.1.1", ...live], remedy: "decimal in 0G", ...usage },
      { title: "no amount", args: ["ledger", "deposit", ...live], remedy: "ledger deposit 0.5", ...usage },
      {
        title: "a malformed cap",
        args: ["ledger", "deposit", "1", "--max-spend", "much", ...live],
        remedy: "decimal in 0G",
        ...usage,
      },
      {
        title: "messages that are not JSON",
        args: ["inference", "chat", "--messages", file("cut.json"), ...live],
        remedy: "Correct the file",
        ...usage,
      },
      {
        title: "messages that are no chat",
        args: ["inference", "chat", "--messages", file("no-chat.json"), ...live],
        remedy: '"role":"user"',
        ...usage,
      },
      {
        title: "a receipt that is none",
        args: ["inft", "mint", file("no-chat.json"), ...live],
        ...usage,
        code: "ZG_RECEIPT_MALFORMED",
        remedy: "inference chat",
      },
      {
        title: "an unknown network",
        args: ["provider", "list", "--network", "nowhere"],
        remedy: "galileoFork",
        alone: true,
        ...usage,
      },
      {
        title: "a run to come back to, where nothing is kept",
        args: ["flow", "run", "--id", "x"],
        remedy: "galileo up",
        ...usage,
      },
      ...["list", "status", "resume", "abandon"].map((verb) => ({
        title: `flow ${verb}, where no runs are kept`,
        args: ["flow", verb],
        remedy: "--network localhost",
        ...usage,
      })),
    ];
    for (const one of cases) await expectRefusal(one, { GALILEO_RPC_URL: node.url });
    expect(node.asked).to.deep.equal([]);
  });

  it("a value that is no private key, without repeating it anywhere", async () => {
    const env = { GALILEO_RPC_URL: node.url, GALILEO_PRIVATE_KEY: GARBAGE_KEY };
    const refusal = {
      title: "garbage",
      alone: true,
      args: pay,
      code: "ZG_PRIVATE_KEY",
      exit: 2,
      remedy: "64 hexadecimal digits",
    };
    const { stdout, stderr } = await expectRefusal(refusal, env);
    expect(`${stdout}${stderr}`).to.not.include(GARBAGE_KEY);
    expect(node.asked).to.deep.equal([]);
  });

  it("an RPC address that is none, without repeating it: such addresses carry keys", async () => {
    const env = { GALILEO_RPC_URL: "rpc.example/secret" };
    const refusal = {
      title: "rpc",
      alone: true,
      args: ["provider", "list", ...live],
      code: "ZG_RPC_URL",
      exit: 2,
      remedy: "https://",
    };
    const { stdout, stderr } = await expectRefusal(refusal, env);
    expect(`${stdout}${stderr}`).to.not.include("secret");
  });

  it("a published key on a public network", async () => {
    const { privateKey, address } = developmentAccount(0);
    const env = { GALILEO_RPC_URL: node.url, GALILEO_PRIVATE_KEY: privateKey };
    const refusal = {
      title: "published",
      alone: true,
      args: pay,
      code: "ZG_DEVELOPMENT_KEY",
      exit: 3,
      remedy: "key of your own",
    };
    const { answer, stdout, stderr } = await expectRefusal(refusal, env);
    expect(answer).to.have.nested.property("error.details.address", address);
    expect(`${stdout}${stderr}`).to.not.include(privateKey.slice(2));
    expect(node.asked).to.deep.equal([]);
  });
});

describe("what is refused because of the node", function () {
  this.timeout(120_000);

  let other: CountingNode;
  before(async () => {
    other = await countingNode(31337);
  });
  after(async () => other.close());

  it("another chain than the name promises, and nobody at the address", async () => {
    const unreachable = { code: "ZG_RPC", exit: 4 };
    const wrong = { code: "ZG_WRONG_CHAIN", exit: 3, remedy: "RPC address" };
    const cases: readonly Case[] = [
      {
        title: "another chain",
        args: ["provider", "list", "--network", "galileo"],
        env: { GALILEO_RPC_URL: other.url },
        ...wrong,
      },
      {
        title: "another chain for a write",
        args: ["ledger", "deposit", "1", "--network", "localhost"],
        env: { LOCALHOST_RPC_URL: other.url },
        ...wrong,
      },
      {
        title: "nobody at Galileo's address",
        args: ["provider", "list", "--network", "galileo"],
        env: { GALILEO_RPC_URL: NOBODY },
        remedy: "GALILEO_RPC_URL",
        ...unreachable,
      },
      {
        title: "no served Galileo",
        args: ["flow", "run", "--network", "localhost"],
        env: { LOCALHOST_RPC_URL: NOBODY },
        remedy: "npx hardhat galileo up",
        ...unreachable,
      },
      {
        title: "nobody to fork",
        alone: true,
        args: ["provider", "list", "--network", "galileoFork"],
        env: { GALILEO_RPC_URL: NOBODY },
        remedy: "GALILEO_RPC_URL",
        ...unreachable,
      },
    ];
    for (const one of cases) await expectRefusal(one, one.env);
    // Neither a balance nor a nonce, and no transaction.
    expect(new Set(other.asked)).to.deep.equal(new Set(["eth_chainId"]));
  });
});

describe("what is refused because of the state of the chain", function () {
  this.timeout(120_000);

  let served: ServedGalileo;
  let home: TemporaryFolder;
  let env: Record<string, string>;
  let dead: string;
  const localhost = ["--network", "localhost"];

  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
    env = { LOCALHOST_RPC_URL: served.url, ZG_HOME: home.path };
    // The cheapest, so that whoever picks by price alone picks it.
    dead = await served.galileo.registerService({ url: NOBODY, inputPrice: 1n, outputPrice: 1n });
  });
  after(async () => {
    await Promise.all([served.close(), home.remove()]);
  });

  /** Runs the cases, and proves that they left neither a transaction nor a file. */
  async function expectRefusals(cases: readonly Case[]): Promise<void> {
    const { runner } = served.galileo.contracts.ledgerManager;
    const height = async () => runner?.provider?.getBlockNumber();
    const before = await height();
    for (const one of cases) await expectRefusal(one, env);
    expect(await height(), "blocks").to.equal(before);
    const left = await readdir(home.path, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile()).map(({ name }) => name)).to.deep.equal([]);
  }

  const user = developmentAccount(ROLES.user);
  const rpc = async (method: string, ...params: unknown[]) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    await fetch(served.url, { method: "POST", headers: { "content-type": "application/json" }, body });
  };
  const setWallet = async (neuron: bigint) => rpc("hardhat_setBalance", user.address, `0x${neuron.toString(16)}`);

  it("providers that nobody registered, and providers that are not there", async () => {
    await expectRefusals([
      {
        title: "an unknown provider",
        args: ["provider", "show", UNREGISTERED, ...localhost],
        code: "ZG_PROVIDER_UNKNOWN",
        exit: 2,
        remedy: "npx hardhat --network localhost provider list",
      },
      {
        title: "an unknown model",
        args: ["flow", "run", "--provider", "nobody/nothing", ...localhost],
        code: "ZG_PROVIDER_UNKNOWN",
        exit: 2,
        remedy: "local/not-a-language-model",
      },
      {
        title: "a provider that is down",
        args: ["flow", "run", "--provider", dead, ...localhost],
        code: "ZG_PROVIDER_DOWN",
        exit: 4,
        remedy: "npx hardhat --network localhost provider list",
      },
      {
        title: "a chat without a sub-account",
        args: ["inference", "chat", "--prompt", "x", ...localhost],
        code: "ZG_NO_SUBACCOUNT",
        exit: 3,
        remedy: "ledger transfer",
      },
      {
        title: "a transfer without a ledger",
        args: ["ledger", "transfer", "local/not-a-language-model", "1", ...localhost],
        code: "ZG_NO_LEDGER",
        exit: 3,
        remedy: "npx hardhat --network localhost ledger deposit 1",
      },
    ]);
  });

  it("more than the wallet holds, naming address and shortfall, before the first of several payments", async () => {
    await setWallet(parseAmount("0.5"));
    const poor = { code: "ZG_WALLET_BALANCE", exit: 3 };
    await expectRefusals([
      { title: "a flow", args: ["flow", "run", ...localhost], remedy: "Send it 0.5", ...poor },
      { title: "a deposit", args: ["ledger", "deposit", "1", ...localhost], remedy: "Send it 0.5", ...poor },
      { title: "the doctor", args: ["doctor", ...localhost], code: "ZG_DOCTOR", exit: 3, remedy: "Send it 0.5" },
    ]);
    await setWallet(parseAmount("10000"));
  });

  it("less than a provider wants, more than ledger and lock allow, and a chat with a provider that went away", async () => {
    const { ledgerManager } = served.galileo.contracts;
    const ledger = ledgerManager.connect(new Wallet(user.privateKey, ledgerManager.runner?.provider));
    const poor = served.galileo.provider(0).address;
    const rich = served.galileo.provider(1);
    await (await ledger.depositFund({ value: parseAmount("3.1") })).wait();
    await (await ledger.transferFund(rich.address, "inference-v1.0", parseAmount("1.1"))).wait();
    await (await ledger.transferFund(dead, "inference-v1.0", parseAmount("1.1"))).wait();
    await (await ledger.transferFund(poor, "inference-v1.0", parseAmount("0.5"))).wait();
    await expectRefusals([
      {
        title: "a provider that is down",
        args: ["inference", "chat", "--prompt", "x", "--provider", dead, ...localhost],
        code: "ZG_PROVIDER_DOWN",
        exit: 4,
        remedy: "provider list",
      },
      {
        title: "too little at the provider",
        args: ["inference", "chat", "--prompt", "x", "--provider", poor, ...localhost],
        code: "ZG_FUNDS_REFUSED",
        exit: 3,
        remedy: `ledger transfer ${poor} 0.5`,
      },
      {
        title: "more than the ledger has",
        args: ["ledger", "transfer", poor, "1", ...localhost],
        code: "ZG_LEDGER_BALANCE",
        exit: 3,
        remedy: "ledger deposit 0.6",
      },
      {
        title: "more than can be withdrawn",
        args: ["ledger", "withdraw", "1", ...localhost],
        code: "ZG_REFUND_LOCKED",
        exit: 3,
        remedy: "ledger retrieve",
      },
      {
        title: "an answer that could not be kept",
        args: ["inference", "chat", "--prompt", "x", "--provider", rich.address, "--out", home.path, ...localhost],
        code: "ZG_NOT_WRITABLE",
        exit: 2,
        remedy: "a folder that you may write to",
      },
    ]);
    expect(rich.unsettledFee(user.address), "owed for an answer that was not asked for").to.equal(0n);
  });
});
