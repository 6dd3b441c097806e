import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";
import { keccak256, Wallet } from "ethers";

import { WrongChainError } from "../../../lib/chain/connect.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { RpcFailure } from "../../../lib/chain/rpc-exchange.ts";
import { RpcPool, WrongGenesisError, type RpcLimits } from "../../../lib/chain/rpc-pool.ts";
import { AbortedError } from "../../../lib/errors.ts";
import { networkNamed } from "../../../lib/networks.ts";

const NETWORK = { ...networkNamed("localhost"), confirmations: 1 };
const BALANCE = { method: "eth_getBalance", params: ["0x00"] } as const;

type Fault = (method: string) => Response | Error | undefined | "hang";

/** A node in memory: what it knows, and what goes wrong with it. */
interface Fake {
  chainId: number;
  genesis: string | null;
  block: number;
  /** Answers by method, beside the ones every node has. */
  answers: Record<string, unknown>;
  fault: Fault;
  readonly asked: string[];
}

function fake(more: Partial<Fake> = {}): Fake {
  return { chainId: 16602, genesis: "0xaa", block: 10, answers: {}, fault: () => undefined, asked: [], ...more };
}

const json = (value: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(value), { status, headers });
const status = (code: number, headers: Record<string, string> = {}) => new Response("no", { status: code, headers });
const refused = () =>
  new TypeError("fetch failed", { cause: Object.assign(new Error("connect"), { code: "ECONNREFUSED" }) });

/** A pool over nodes a, b, …, with a clock that moves only while it sleeps. */
function poolOf(nodes: Record<string, Fake>, limits: Partial<RpcLimits> = {}) {
  const clock = { now: 0, slept: [] as number[], whileAsleep: () => {} };
  const ask = async (input: unknown, init?: RequestInit): Promise<Response> => {
    const node = nodes[new URL(String(input)).hostname]!;
    const { method } = JSON.parse(init!.body as string) as { method: string };
    node.asked.push(method);
    const broken = node.fault(method);
    if (broken === "hang") {
      return new Promise((_, reject) => {
        init!.signal!.addEventListener("abort", () => {
          reject(new Error("aborted"));
        });
      });
    }
    if (broken instanceof Error) throw broken;
    if (broken !== undefined) return broken;
    const known: Record<string, unknown> = {
      eth_chainId: `0x${node.chainId.toString(16)}`,
      eth_blockNumber: `0x${node.block.toString(16)}`,
      eth_getBlockByNumber: node.genesis === null ? null : { hash: node.genesis, number: "0x0" },
      eth_getBalance: `0x${new URL(String(input)).hostname.charCodeAt(0).toString(16)}`,
      ...node.answers,
    };
    const answer = known[method];
    return json({ jsonrpc: "2.0", id: 1, ...(answer instanceof Error ? noOf(answer) : { result: answer }) });
  };
  const pool = new RpcPool({
    network: NETWORK,
    urls: Object.keys(nodes).map((name) => `http://${name}/secret-key`),
    fetch: ask,
    clock: () => clock.now,
    sleep: async (ms) => {
      clock.slept.push(ms);
      clock.now += ms;
      clock.whileAsleep();
      return Promise.resolve();
    },
    limits: { requestMs: 20, ...limits },
  });
  return { pool, clock };
}

function noOf({ message }: Error) {
  return { error: { code: -32000, message } };
}

/** Which node answered: its name's first letter is its balance. */
async function answeredBy(pool: RpcPool): Promise<string> {
  const { result } = await pool.request(BALANCE);
  return String.fromCharCode(Number(result));
}

async function failureOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => expect.fail("nothing failed"),
    (error: unknown) => error as Error,
  );
}

describe("several nodes of one network", () => {
  it("are asked in the order they are given, as long as the first is well", async () => {
    const [a, b] = [fake(), fake()];
    const { pool } = poolOf({ a, b });
    expect(await answeredBy(pool)).to.equal("a");
    expect(await answeredBy(pool)).to.equal("a");
    expect(b.asked).to.deep.equal([]);
    expect(a.asked).to.deep.equal([
      "eth_chainId",
      "eth_getBlockByNumber",
      "eth_blockNumber",
      "eth_getBalance",
      "eth_getBalance",
    ]);
  });

  const faults: Record<string, Fault> = {
    "refuses the connection": refused,
    "breaks the connection off": () => new TypeError("fetch failed", { cause: new Error("other side closed") }),
    "never answers": () => "hang",
    "answers with 503": () => status(503),
    "answers with a page": () => new Response("<html>", { status: 200 }),
    "answers with another shape": () => json({ result: undefined, message: "hello" }),
    "answers another question": () => json({ jsonrpc: "2.0", id: 2, result: "0x40da" }),
    "leads elsewhere": () => status(302, { location: "http://b/" }),
    "limits requests for longer than one waits": () => status(429, { "retry-after": "3600" }),
  };
  for (const [what, fault] of Object.entries(faults)) {
    it(`take over from one that ${what}`, async () => {
      const { pool } = poolOf({ a: fake({ fault }), b: fake() });
      expect(await answeredBy(pool)).to.equal("b");
      expect(pool.health().map(({ host, state }) => [host, state])).to.deep.equal([
        ["a", "failing"],
        ["b", "well"],
      ]);
    });
  }

  it("leave one that failed in peace for a while, and try it again after, one request at a time", async () => {
    const [a, b] = [fake({ fault: refused }), fake()];
    const { pool, clock } = poolOf({ a, b });
    await answeredBy(pool);
    const before = a.asked.length;
    await answeredBy(pool);
    expect(a.asked).to.have.length(before);
    a.fault = () => undefined;
    clock.now += 1_000;
    expect((await Promise.all([answeredBy(pool), answeredBy(pool)])).toSorted()).to.deep.equal(["a", "b"]);
    expect(await answeredBy(pool)).to.equal("a");
    expect(pool.health()[0]).to.include({ state: "well", failures: 1 });
  });

  it("leave it for longer each time, a minute at most", async () => {
    const a = fake({ fault: refused });
    const { pool, clock } = poolOf({ a, b: fake() });
    const rests: number[] = [];
    for (let i = 0; i < 9; i++) {
      const before = a.asked.length;
      const from = clock.now;
      while (a.asked.length === before) {
        await answeredBy(pool);
        clock.now += 500;
      }
      rests.push(clock.now - from);
    }
    expect(rests.at(-1)! <= 60_500).to.equal(true);
    expect(rests[3]! > rests[1]!).to.equal(true);
  });

  it("are all asked when all have failed, and named with what they did, without the keys in their addresses", async () => {
    const { pool } = poolOf({ a: fake({ fault: refused }), b: fake({ fault: () => status(503) }) });
    for (let i = 0; i < 2; i++) {
      const error = await failureOf(pool.request(BALANCE));
      expect(error).to.be.instanceOf(RpcFailure);
      expect(error.message).to.match(/a: nobody answers there \(ECONNREFUSED\)/);
      expect(error.message).to.match(/b: it answered with HTTP 503/);
      expect(error.message).to.not.include("secret");
    }
  });

  it("say that nobody was there only when that is so of each", async () => {
    const nobody = poolOf({ a: fake({ fault: refused }), b: fake({ fault: refused }) });
    expect(await failureOf(nobody.pool.request(BALANCE))).to.include({ code: "ECONNREFUSED" });
    const silent = poolOf({ a: fake({ fault: refused }), b: fake({ fault: () => status(500) }) });
    expect(await failureOf(silent.pool.request(BALANCE))).to.include({ code: -1 });
    const limits = poolOf({
      a: fake({ fault: refused }),
      b: fake({ fault: () => status(429, { "retry-after": "99" }) }),
    });
    expect(await failureOf(limits.pool.request(BALANCE))).to.include({ code: "ELIMITED" });
  });

  it("pass on a node's own refusal: it is an answer", async () => {
    const { pool } = poolOf({ a: fake({ answers: { eth_getBalance: new Error("execution reverted") } }), b: fake() });
    expect(await pool.request(BALANCE)).to.deep.equal({ error: { code: -32000, message: "execution reverted" } });
  });

  describe("that limit requests", () => {
    it("are asked again when they said, where no other answers", async () => {
      let limits = 2;
      const a = fake({ fault: () => (limits-- > 0 ? status(429, { "retry-after": "3" }) : undefined) });
      const { pool, clock } = poolOf({ a });
      expect(await answeredBy(pool)).to.equal("a");
      expect(clock.slept).to.deep.equal([3_000, 3_000]);
    });

    it("are asked again after longer and longer where they did not say", async () => {
      let limits = 3;
      const a = fake({ fault: () => (limits-- > 0 ? status(429) : undefined) });
      const { pool, clock } = poolOf({ a });
      await answeredBy(pool);
      expect(clock.slept).to.deep.equal([1_000, 2_000, 4_000]);
    });

    it("are not waited for beyond one's patience", async () => {
      const { pool, clock } = poolOf({ a: fake({ fault: () => status(429, { "retry-after": "21" }) }) });
      expect((await failureOf(pool.request(BALANCE))).message).to.include("HTTP 429");
      expect(clock.slept).to.deep.equal([]);
    });
  });

  describe("of which one is of another chain", () => {
    it("is never used, and named", async () => {
      const a = fake({ chainId: 1 });
      const { pool } = poolOf({ a, b: fake() });
      expect(await answeredBy(pool)).to.equal("b");
      await answeredBy(pool);
      expect(a.asked).to.deep.equal(["eth_chainId"]);
      expect(pool.health()[0]).to.include({ state: "refused" });
      expect(pool.health()[0]!.problem).to.include("RPC node a serves chain 1");
    });

    it("is never used although it has the same id: it began otherwise", async () => {
      const [a, b] = [fake(), fake({ genesis: "0xbb" })];
      const { pool } = poolOf({ a, b });
      await answeredBy(pool);
      a.fault = refused;
      const error = await failureOf(pool.request(BALANCE));
      expect(error).to.be.instanceOf(RpcFailure);
      expect(b.asked).to.not.include("eth_getBalance");
      expect(pool.health()[1]!.problem).to.include("block 0 is 0xbb, not 0xaa");
    });

    it("is an error when there is no other", async () => {
      const { pool } = poolOf({ a: fake({ chainId: 1 }) });
      expect(await failureOf(pool.request(BALANCE))).to.be.instanceOf(WrongChainError);
      const two = poolOf({ a: fake({ chainId: 1 }), b: fake({ chainId: 2 }) });
      expect((await failureOf(two.pool.request(BALANCE))).message).to.include("RPC node a serves chain 1");
    });

    it("is used when it keeps no first block to compare", async () => {
      const a = fake();
      const { pool } = poolOf({ a, b: fake({ genesis: null }) });
      await answeredBy(pool);
      a.fault = refused;
      expect(await answeredBy(pool)).to.equal("b");
    });

    it("has an error of its own", () => {
      const error = new WrongGenesisError({
        ...{ network: "galileo", host: "b", genesis: "0xbb", expected: "0xaa", first: "a" },
      });
      expect(error).to.include({ code: "ZG_WRONG_GENESIS", exit: 3 });
    });
  });

  describe("of which one lags", () => {
    it("is not read from until it has heard of what was seen", async () => {
      const [a, b] = [fake({ block: 10 }), fake({ block: 9 })];
      const { pool, clock } = poolOf({ a, b });
      await answeredBy(pool);
      a.fault = refused;
      clock.whileAsleep = () => {
        expect(b.asked).to.not.include("eth_getBalance");
        if (clock.slept.length === 4) b.block = 10;
      };
      expect(await answeredBy(pool)).to.equal("b");
      expect(clock.slept).to.deep.equal([250, 250, 250, 250]);
    });

    it("is not read from after a receipt of a block it does not have", async () => {
      const [a, b] = [
        fake({ block: 10, answers: { eth_getTransactionReceipt: { blockNumber: "0xc" } } }),
        fake({ block: 12 }),
      ];
      const { pool } = poolOf({ a, b });
      await pool.request({ method: "eth_getTransactionReceipt", params: ["0x"] });
      expect(await answeredBy(pool)).to.equal("b");
    });

    it("fails in the end when no other answers, saying how far behind it is", async () => {
      const [a, b] = [fake({ block: 10 }), fake({ block: 9 })];
      const { pool } = poolOf({ a, b });
      await answeredBy(pool);
      a.fault = refused;
      expect((await failureOf(pool.request(BALANCE))).message).to.include("b: it is at block 9, and block 10 was seen");
    });
  });

  describe("given a transaction", () => {
    let raw: string;
    let hash: string;
    const wallet = new Wallet(developmentAccount(0).privateKey);
    before(async () => {
      raw = await wallet.signTransaction({ to: wallet.address, nonce: 0, gasLimit: 21_000n, chainId: 16602 });
      hash = keccak256(raw);
    });
    const send = async (pool: RpcPool) => pool.request({ method: "eth_sendRawTransaction", params: [raw] });
    const sending =
      (fault: Fault): Fault =>
      (method) =>
        method === "eth_sendRawTransaction" ? fault(method) : undefined;

    it("pass the same bytes on, and one that has them already took them", async () => {
      const known = { eth_sendRawTransaction: new Error("already known"), eth_getTransactionByHash: { hash: "0x" } };
      const { pool } = poolOf({ a: fake({ fault: sending(() => status(502)) }), b: fake({ answers: known }) });
      expect(await send(pool)).to.deep.equal({ result: hash });
    });

    it("do not call it refused when one says no after another may have taken it", async () => {
      const no = { eth_sendRawTransaction: new Error("nonce too low"), eth_getTransactionByHash: null };
      const { pool } = poolOf({ a: fake({ fault: sending(() => "hang") }), b: fake({ answers: no }) });
      expect(await failureOf(send(pool))).to.include({ code: -1 });
    });

    it("call it refused when one says no and no other was asked", async () => {
      const no = { eth_sendRawTransaction: new Error("nonce too low") };
      const { pool } = poolOf({ a: fake({ fault: sending(refused) }), b: fake({ answers: no }) });
      expect(await send(pool)).to.deep.equal({ error: { code: -32000, message: "nonce too low" } });
    });
  });

  it("are not asked twice for what may have been done already", async () => {
    const b = fake();
    const { pool } = poolOf({ a: fake({ fault: (method) => (method === "evm_mine" ? "hang" : undefined) }), b });
    await failureOf(pool.request({ method: "evm_mine", params: [] }));
    expect(b.asked).to.not.include("evm_mine");
  });

  it("are all looked at by a probe", async () => {
    const { pool } = poolOf({ a: fake({ block: 7 }), b: fake({ fault: refused }), c: fake({ chainId: 1 }) });
    await pool.probe();
    expect(pool.health().map(({ state, latestBlock }) => [state, latestBlock])).to.deep.equal([
      ["well", 7],
      ["failing", undefined],
      ["refused", undefined],
    ]);
  });

  it("leave nothing under way when they are closed", async () => {
    const { pool } = poolOf({ a: fake({ fault: () => "hang" }), b: fake() }, { requestMs: 5_000 });
    const asking = failureOf(pool.request(BALANCE));
    pool.close();
    expect(await asking).to.be.instanceOf(AbortedError);
  });
});

describe("a single node", () => {
  it("is asked for its chain id before anything else, and nothing beside", async () => {
    const a = fake();
    const { pool } = poolOf({ a });
    await answeredBy(pool);
    expect(a.asked).to.deep.equal(["eth_chainId", "eth_getBalance"]);
  });

  /** Serves `answer` over HTTP while `use` runs. */
  async function serving(
    answer: (call: string, response: ServerResponse) => void,
    use: (url: string) => Promise<void>,
  ) {
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += String(chunk)));
      request.on("end", () => {
        answer(body, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it("over HTTP is sent what JSON-RPC asks for", async () => {
    const bodies: unknown[] = [];
    const answer = (body: string, response: ServerResponse) => {
      bodies.push(JSON.parse(body));
      response.end('{"jsonrpc":"2.0","id":1,"result":"0x40da"}');
    };
    await serving(answer, async (url) => {
      const pool = new RpcPool({ network: NETWORK, urls: [url] });
      expect(await pool.request(BALANCE)).to.deep.equal({ result: "0x40da" });
    });
    expect(bodies).to.deep.equal([
      { jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] },
      { jsonrpc: "2.0", id: 1, ...BALANCE },
    ]);
  });

  it("over HTTP is not waited for when it begins an answer and never ends it", async () => {
    const answer = (_: string, response: ServerResponse) => void response.write('{"jsonrpc":');
    await serving(answer, async (url) => {
      const pool = new RpcPool({ network: NETWORK, urls: [url], limits: { requestMs: 50 } });
      const error = await failureOf(pool.request(BALANCE));
      expect(error.message).to.equal(`${new URL(url).host}: it did not answer within 50 ms`);
    });
  });
});
