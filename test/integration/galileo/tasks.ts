import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";
import { JsonRpcProvider } from "ethers";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { NETWORKS } from "../../../lib/networks.ts";
import { hardhat, hardhatJson } from "../../support/in-process.ts";
import { serveGalileoByTask, type ServedByTask } from "../../support/served-galileo.ts";

describe("galileo up and galileo status", function () {
  this.timeout(120_000);
  let served: ServedByTask;

  before(async () => {
    served = await serveGalileoByTask();
  });

  after(async () => {
    expect(await served.stop(), "SIGTERM is a clean end").to.equal(0);
    const port = new URL(served.ready.url).port;
    const free = createServer().listen(Number(port), "127.0.0.1");
    await once(free, "listening");
    free.close();
  });

  it("prints accounts, contracts and providers as one JSON object when ready", () => {
    const { chainId, contracts, providers, accounts } = served.ready as unknown as {
      chainId: number;
      contracts: { ledgerManager: string };
      providers: { endorsed: boolean; url: string; serviceType: string }[];
      accounts: { address: string; privateKey: string }[];
    };
    expect(chainId).to.equal(16602);
    expect(contracts.ledgerManager).to.equal("0xE70830508dAc0A97e6c087c75f402f9Be669E406");
    expect(providers.map(({ serviceType, endorsed }) => [serviceType, endorsed])).to.deep.equal([
      ["chatbot", true],
      ["chatbot", true],
      ["chatbot", false],
      ["text-to-image", true],
      ["image-editing", true],
      ["speech-to-text", true],
      ["embedding", true],
    ]);
    expect(accounts).to.have.length(20);
    expect(accounts[0]).to.include(developmentAccount(0));
  });

  it("tells every process where its storage is, which follows the chain", async () => {
    const provider = new JsonRpcProvider(served.ready.url);
    try {
      const found = (await provider.send("galileo_storage", [])) as { indexer: string; nodes: { url: string }[] };
      expect(served.ready).to.deep.include({ storage: found });
      expect(found.nodes).to.have.length(1);
      const asked = await fetch(found.nodes[0]!.url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "zgs_getStatus", params: [] }),
      });
      const { result } = (await asked.json()) as { result: { logSyncHeight: number } };
      expect(result.logSyncHeight).to.equal(await provider.getBlockNumber());
    } finally {
      provider.destroy();
    }
  });

  it("serves the chain", async () => {
    const provider = new JsonRpcProvider(served.ready.url);
    try {
      expect((await provider.getNetwork()).chainId).to.equal(16602n);
    } finally {
      provider.destroy();
    }
  });

  it("is probed by galileo status over HTTP", async () => {
    const { code, answer } = await hardhatJson(["galileo", "status", "--network", "localhost"], served.env);
    expect(code).to.equal(0);
    if (!answer.ok) return expect.fail(JSON.stringify(answer));
    expect(answer.data).to.include({ network: "localhost", mode: "local", chainId: "16602", serviceCount: 7 });
    expect(answer.data).to.have.nested.property("storage.contracts[0].match", "placed");
    const { servers } = answer.data["storage"] as { servers: { part: string; alive: boolean }[] };
    expect(servers.map(({ part, alive }) => [part, alive])).to.deep.equal([
      ["indexer", true],
      ["node", true],
    ]);
    expect((answer.data["services"] as { alive: boolean }[]).filter(({ alive }) => !alive)).to.deep.equal([]);
  });

  it("refuses code that nobody recorded, and names where it stands", async () => {
    const provider = new JsonRpcProvider(served.ready.url);
    const { fineTuningServing: address } = NETWORKS.localhost.contracts;
    const code = await provider.getCode(address);
    try {
      await provider.send("hardhat_setCode", [address, "0x6001"]);
      const found = await hardhatJson(["galileo", "status", "--network", "localhost"], served.env);
      expect(found.code).to.equal(3);
      expect(found.answer).to.have.nested.property("error.code", "ZG_GALILEO_CODE");
      expect(found.answer).to.have.nested.property("error.message").that.includes(address);
      expect(found.answer).to.have.nested.property("error.details.services").with.length(7);
    } finally {
      await provider.send("hardhat_setCode", [address, code]);
      provider.destroy();
    }
  });

  it("says which port is taken, and leaves nothing running", async () => {
    const port = new URL(served.ready.url).port;
    const { code, answer } = await hardhatJson(["galileo", "up", "--port", port]);
    expect(code).to.equal(3);
    expect(answer).to.have.nested.property("error.code", "ZG_PORT_TAKEN");
    expect(answer).to.have.nested.property("error.details.port", Number(port));
  });

  it("says when a provider's port is taken", async () => {
    const port = new URL(served.ready.url).port;
    const { code, answer } = await hardhatJson(["galileo", "up", "--port", "0", "--provider-port", port]);
    expect(code).to.equal(3);
    expect(answer).to.have.nested.property("error.code", "ZG_PORT_TAKEN");
  });

  for (const [args, code] of [
    [["galileo", "up", "--port", "65536"], "ZG_USAGE"],
    [["galileo", "up", "--port", "http"], "ZG_USAGE"],
    [["galileo", "up", "--upstream", "not a url"], "ZG_USAGE"],
    [["galileo", "up", "--network", "galileo"], "ZG_GALILEO_SERVE"],
    [["galileo", "status", "--network", "aristotle"], "ZG_USAGE"],
  ] as const) {
    it(`refuses ${args.join(" ")}`, async () => {
      const { code: exit, answer } = await hardhatJson(args);
      expect(exit).to.equal(2);
      expect(answer).to.have.nested.property("error.code", code);
    });
  }

  it("tells another chain from a Galileo", async () => {
    const node = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => response.end(JSON.stringify(answerAsEmptyChain(JSON.parse(body)))));
    });
    node.listen(0, "127.0.0.1");
    await once(node, "listening");
    try {
      const url = `http://127.0.0.1:${(node.address() as AddressInfo).port}`;
      const { code, answer } = await hardhatJson(["galileo", "status", "--network", "localhost"], {
        LOCALHOST_RPC_URL: url,
      });
      expect(code).to.equal(3);
      expect(answer).to.have.nested.property("error.code", "ZG_GALILEO_MISSING");
    } finally {
      node.closeAllConnections();
      node.close();
    }
  });

  it("reports a node that is not there as an outage", async () => {
    const { code, answer } = await hardhatJson(["galileo", "status", "--network", "localhost"], {
      LOCALHOST_RPC_URL: "http://127.0.0.1:1",
    });
    expect(code).to.equal(4);
    expect(answer).to.have.property("ok", false);
  });

  it("shows people every predeploy, and what is simulated, without a network", async () => {
    const { code, stdout } = await hardhat(["galileo", "status"]);
    expect(code).to.equal(0);
    expect(stdout).to.include("FineTuningServing implementation").and.include("Simulated");
    expect(stdout).to.not.include("UNKNOWN CODE");
  });
});

interface Call {
  readonly id: number;
  readonly method: string;
}

/** Chain 16602 with nothing on it. */
function answerAsEmptyChain(call: Call | readonly Call[]): unknown {
  if (Array.isArray(call)) return (call as readonly Call[]).map(answerAsEmptyChain);
  const { id, method } = call as Call;
  const block = {
    hash: `0x${"11".repeat(32)}`,
    parentHash: `0x${"00".repeat(32)}`,
    number: "0x0",
    timestamp: "0x0",
    difficulty: "0x0",
    gasLimit: "0x0",
    gasUsed: "0x0",
    miner: `0x${"00".repeat(20)}`,
    extraData: "0x",
    nonce: "0x0000000000000000",
    transactions: [],
  };
  const results: Record<string, unknown> = {
    eth_chainId: "0x40da",
    eth_blockNumber: "0x0",
    eth_getCode: "0x",
    eth_getBlockByNumber: block,
  };
  return { jsonrpc: "2.0", id, result: results[method] ?? "0x" };
}
