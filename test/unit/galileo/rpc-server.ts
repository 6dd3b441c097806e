import { request as httpRequest } from "node:http";

import { expect } from "chai";
import { JsonRpcProvider, Wallet } from "ethers";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { startRpcServer, type RpcServer } from "../../../lib/galileo/rpc-server.ts";
import { PortTakenError } from "../../../lib/listen.ts";

const DEVELOPER = new Wallet(developmentAccount(0).privateKey);
const REVERT = `0x54443ec4${"00".repeat(31)}01${"00".repeat(31)}02`;
const HASH = `0x${"ab".repeat(32)}`;

/** A chain that answers by method, and remembers what reached it. */
function chain(answers: Readonly<Record<string, (params: unknown[]) => unknown>>) {
  const reached: string[] = [];
  return {
    reached,
    request: async ({ method, params = [] }: { method: string; params?: unknown[] }) => {
      reached.push(method);
      const answer = answers[method];
      if (answer === undefined) throw Object.assign(new Error("no such method"), { code: -32601 });
      return answer(params);
    },
  };
}

function fail(message: string, fields: object): never {
  throw Object.assign(new Error(message), fields);
}

describe("the JSON-RPC server", () => {
  let server: RpcServer | undefined;

  async function serve(rpc: Parameters<typeof startRpcServer>[0]["rpc"], port = 0): Promise<RpcServer> {
    server = await startRpcServer({ rpc, port, mayBroadcast: (sender) => sender === DEVELOPER.address });
    return server;
  }

  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  async function post(body: string, headers: Record<string, string> = { "content-type": "application/json" }) {
    const response = await fetch(server?.url ?? "", { method: "POST", headers, body });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? undefined : (JSON.parse(text) as unknown),
    };
  }

  const call = (method: string, ...params: unknown[]) => JSON.stringify({ jsonrpc: "2.0", id: 7, method, params });

  it("answers a call under its id", async () => {
    await serve(chain({ eth_chainId: () => "0x40da" }));
    expect((await post(call("eth_chainId"))).body).to.deep.equal({ jsonrpc: "2.0", id: 7, result: "0x40da" });
  });

  it("answers a batch in order, leaves notifications out, and names what is no request", async () => {
    await serve(chain({ a: () => 1, b: () => 2 }));
    const batch = [{ id: "x", method: "b" }, { method: "a" }, 3, { id: 0, method: "a", params: [] }];

    expect((await post(JSON.stringify(batch))).body).to.deep.equal([
      { jsonrpc: "2.0", id: "x", result: 2 },
      { jsonrpc: "2.0", id: null, error: { code: -32600, message: "not a JSON-RPC 2.0 request" } },
      { jsonrpc: "2.0", id: 0, result: 1 },
    ]);
  });

  it("has nothing to say to a notification, and refuses an empty batch", async () => {
    await serve(chain({ a: () => 1 }));
    expect(await post(JSON.stringify({ method: "a" }))).to.include({ status: 204, body: undefined });
    expect((await post("[]")).body).to.have.nested.property("error.code", -32600);
  });

  it("passes an error on with its code", async () => {
    await serve(chain({}));
    expect((await post(call("nonsense"))).body)
      .to.have.property("error")
      .that.deep.equals({ code: -32601, message: "no such method" });
  });

  it("gives revert data in the form ethers reads, however deep the chain wrapped it", async () => {
    const rpc = chain({
      eth_chainId: () => "0x40da",
      eth_call: () => fail("reverted", { code: 3, data: { message: "reverted", data: REVERT } }),
    });
    const { url } = await serve(rpc);
    const provider = new JsonRpcProvider(url, 16602, { staticNetwork: true });
    try {
      const error: unknown = await provider.call({ to: DEVELOPER.address }).catch((thrown: unknown) => thrown);
      expect(error).to.include({ code: "CALL_EXCEPTION", data: REVERT });
    } finally {
      provider.destroy();
    }
  });

  it("answers with the hash when a transaction was mined and failed, as a live node does", async () => {
    await serve(
      chain({ eth_sendTransaction: () => fail("reverted", { data: { transactionHash: HASH, data: REVERT } }) }),
    );
    expect((await post(call("eth_sendTransaction", {}))).body).to.deep.equal({ jsonrpc: "2.0", id: 7, result: HASH });
  });

  it("takes transactions signed by the accounts it was told, and no others", async () => {
    const rpc = chain({ eth_sendRawTransaction: () => HASH });
    await serve(rpc);
    const draft = { type: 2, chainId: 16602, nonce: 0, gasLimit: 21_000n, maxFeePerGas: 1n, maxPriorityFeePerGas: 0n };
    const stranger = Wallet.createRandom();
    const [own, foreign] = await Promise.all([DEVELOPER.signTransaction(draft), stranger.signTransaction(draft)]);

    expect((await post(call("eth_sendRawTransaction", own))).body).to.have.property("result", HASH);
    const refused = (await post(call("eth_sendRawTransaction", foreign))).body as {
      error: { code: number; message: string };
    };
    expect(refused.error.code).to.equal(-32000);
    expect(refused.error.message).to.include(stranger.address).and.include("public Galileo");
    expect(rpc.reached, "the foreign one must not reach the chain").to.have.length(1);
  });

  it("leaves a transaction that cannot be read to the chain", async () => {
    await serve(chain({ eth_sendRawTransaction: () => fail("invalid transaction", { code: -32602 }) }));
    expect((await post(call("eth_sendRawTransaction", "0x00"))).body).to.have.nested.property(
      "error.message",
      "invalid transaction",
    );
  });

  it("tells a body that is no JSON from one that is no request", async () => {
    await serve(chain({}));
    expect(await post("{"))
      .to.include({ status: 400 })
      .and.have.nested.property("body.error.code", -32700);
    expect((await post("5")).body).to.have.nested.property("error.code", -32600);
  });

  describe("towards web pages", () => {
    it("reads nothing that a page can send without asking, and grants no page anything", async () => {
      const rpc = chain({ eth_chainId: () => "0x40da" });
      await serve(rpc);
      const simple = await post(call("eth_chainId"), { "content-type": "text/plain", origin: "https://evil.example" });
      const asked = await fetch(server?.url ?? "", { method: "OPTIONS", headers: { origin: "https://evil.example" } });

      expect(simple.status).to.equal(415);
      expect(rpc.reached).to.deep.equal([]);
      expect(asked.status).to.equal(404);
      expect(asked.headers.get("access-control-allow-origin")).to.equal(null);
    });

    it("refuses a host name that merely resolves to this machine", async () => {
      const rpc = chain({ eth_chainId: () => "0x40da" });
      const { port } = await serve(rpc);
      const status = async (host: string) =>
        new Promise<number | undefined>((resolve, reject) => {
          const headers = { host, "content-type": "application/json" };
          const sent = httpRequest({ host: "127.0.0.1", port, method: "POST", headers }, (response) => {
            response.resume();
            resolve(response.statusCode);
          });
          sent.on("error", reject);
          sent.end(call("eth_chainId"));
        });

      expect(await status("rebound.example")).to.equal(403);
      expect(rpc.reached).to.deep.equal([]);
      expect(await status(`localhost:${port}`)).to.equal(200);
    });
  });

  it("says which port is taken", async () => {
    const { port } = await serve(chain({}));
    const error: unknown = await startRpcServer({ rpc: chain({}), port, mayBroadcast: () => true }).catch(
      (thrown: unknown) => thrown,
    );

    expect(error).to.be.instanceOf(PortTakenError);
    expect(error).to.include({ code: "ZG_PORT_TAKEN", exit: 3 });
    expect((error as PortTakenError).details).to.include({ port });
  });

  it("stops listening when closed", async () => {
    const closing = await serve(chain({}));
    const { port } = closing;
    await closing.close();
    server = undefined;
    const again = await startRpcServer({ rpc: chain({}), port, mayBroadcast: () => true });
    await again.close();
  });
});
