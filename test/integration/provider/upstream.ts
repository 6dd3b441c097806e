import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";

import { UsageError } from "../../../lib/errors.ts";
import { firstUpstreamModel } from "../../../lib/galileo/provider/local-provider.ts";
import { upstreamBase } from "../../../lib/galileo/provider/upstream.ts";
import { canonicalJson } from "../../../lib/protocol/canonical-json.ts";
import { sha256Hex, signedText } from "../../../lib/protocol/signed-text.ts";
import { errorOf, question, startBench, type Bench } from "./support/provider.ts";

interface Asked {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

describe("local provider: upstream", () => {
  let upstream: Server;
  let address: string;
  let asked: Asked[];
  let reply: (response: ServerResponse) => void;

  before(async () => {
    upstream = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        asked.push({ url: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks).toString() });
        reply(response);
      });
    });
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  });
  after(async () => {
    upstream.closeAllConnections();
    await new Promise((resolve) => upstream.close(resolve));
  });

  let bench: Bench;
  beforeEach(async () => {
    asked = [];
    bench = await startBench({ upstream: address, upstreamHeaders: { "x-secret": "s" }, upstreamTimeoutMs: 10_000 });
  });
  afterEach(() => bench.provider.close());

  const json = (status: number, body: unknown) => (response: ServerResponse) => {
    response.writeHead(status, { "content-type": "application/json; charset=utf-8", "x-upstream": "hidden" });
    response.end(JSON.stringify(body));
  };
  const textOf = async (response: Response) => {
    const { text } = (await (await bench.signature(response.headers.get("ZG-Res-Key") ?? "")).json()) as {
      text: string;
    };
    return text;
  };

  it("forwards the very bytes, its own headers, and nothing that names user or session", async () => {
    reply = json(200, {
      id: "up-1",
      choices: [{ message: { content: "vier" } }],
      usage: { prompt_tokens: 2, completion_tokens: 1 },
    });
    const body = canonicalJson(question("zwei und zwei?"));
    const response = await fetch(`${bench.provider.url}/v1/proxy/chat/completions`, {
      method: "POST",
      headers: { ...(await bench.headers()), "Session-Token": "t", Address: "0x", "X-Own": "kept" },
      body,
    });
    const delivered = await response.text();
    expect(JSON.parse(delivered)).to.deep.include({ id: "up-1" });
    expect(await textOf(response)).to.equal(signedText(sha256Hex(body), sha256Hex(delivered)));
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(2n * 100n + 300n);

    const [request] = asked;
    expect(request?.url).to.equal("/v1/chat/completions");
    expect(request?.body).to.equal(body);
    expect(request?.headers).to.include({ "accept-encoding": "identity", "x-secret": "s", "x-own": "kept" });
    expect(request?.headers).to.not.have.any.keys("authorization", "session-token", "address");
    expect(response.headers.has("x-upstream")).to.equal(false);
  });

  it("relays a stream line by line, drops comments, and signs what it delivered", async () => {
    const events = [
      ": keep-alive\n\n",
      'data: {"id":"u","choices":[{"delta":{"content":"4"}}]}\n\n',
      'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":6}}\n\ndata: [DONE]\n\n',
    ];
    reply = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const event of events) {
        const middle = Math.floor(event.length / 2);
        response.write(event.slice(0, middle));
        response.write(event.slice(middle));
      }
      response.end();
    };
    const response = await bench.chat(question("2+2", { stream: true }));
    const delivered = await response.text();
    expect(delivered).to.equal(`\n${events.slice(1).join("")}`);
    const [request] = asked;
    expect(JSON.parse(request?.body ?? "")).to.deep.include({ stream_options: { include_usage: true } });
    expect(await textOf(response)).to.equal(signedText(sha256Hex(request?.body ?? ""), sha256Hex(delivered)));
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(5n * 100n + 6n * 300n);
  });

  it("passes on what the upstream refuses, free of charge", async () => {
    const refusals: [number, unknown, number][] = [
      [404, { error: { message: "no such model", code: "model_not_found" } }, 404],
      [429, { error: "slow down" }, 429],
      [500, { error: "boom" }, 500],
      [500, { error: "This model's maximum context length is 8 tokens" }, 400],
      [503, { error: { type: "invalid_request_error" } }, 400],
    ];
    for (const [given, body, expected] of refusals) {
      reply = json(given, body);
      const response = await bench.chat();
      expect(response.status).to.equal(expected);
      expect(await response.json()).to.deep.equal(body);
      expect(response.headers.has("ZG-Res-Key")).to.equal(false);
    }
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(0n);
  });

  it("says when nobody is there, and when nobody answers in time", async () => {
    reply = (response) => response.destroy();
    const gone = await bench.chat();
    expect([gone.status, await errorOf(gone)]).to.deep.equal([502, "Bad Gateway"]);

    reply = () => undefined;
    const impatient = await startBench({ upstream: address, upstreamTimeoutMs: 50 });
    try {
      const late = await impatient.chat();
      expect([late.status, await errorOf(late)]).to.deep.equal([504, "Gateway Timeout"]);
      expect(impatient.provider.unsettledFee(impatient.userAddress)).to.equal(0n);
    } finally {
      await impatient.provider.close();
    }
  });

  it("cuts the client off when the upstream breaks off, and bills what came", async () => {
    reply = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write('data: {"choices":[{"delta":{"content":"one two"}}]}\n\n', () => response.destroy());
    };
    const response = await bench.chat(question("2+2", { stream: true }));
    await response.text().then(
      () => expect.fail("the stream ended well"),
      (error: unknown) => expect(error).to.be.instanceOf(TypeError),
    );
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(600n);
  });

  it("finishes and bills an answer whose client has left", async () => {
    let finish: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => {
      reply = (response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.flushHeaders();
        finish = () => response.end(JSON.stringify({ usage: { prompt_tokens: 1, completion_tokens: 1 } }));
        resolve();
      };
    });
    const leaving = new AbortController();
    const request = fetch(`${bench.provider.url}/v1/proxy/chat/completions`, {
      method: "POST",
      headers: await bench.headers(),
      body: canonicalJson(question("2+2")),
      signal: leaving.signal,
    });
    await reached;
    leaving.abort();
    await request.then(
      (response) => response.text().catch(() => undefined),
      () => undefined,
    );
    finish();
    while (bench.provider.requests().at(-1)?.fee === undefined) await new Promise((next) => setImmediate(next));
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(400n);
  });

  it("may be given with or without /v1, and must be a URL", () => {
    expect(upstreamBase("http://a:1")).to.equal("http://a:1/v1");
    expect(upstreamBase("http://a:1/v1/")).to.equal("http://a:1/v1");
    expect(upstreamBase("https://a/openai")).to.equal("https://a/openai/v1");
    for (const url of ["", "a:1", "ftp://a"]) expect(() => upstreamBase(url), url).to.throw(UsageError);
  });

  describe("firstUpstreamModel", () => {
    const fails = (problem: RegExp) =>
      firstUpstreamModel(address).then(
        () => expect.fail("it named one"),
        (error: unknown) => {
          expect(error).to.be.instanceOf(UsageError);
          expect((error as UsageError).message).to.match(problem);
        },
      );

    it("asks the upstream what it serves", async () => {
      reply = json(200, { object: "list", data: [{ id: "llama" }, { id: "other" }] });
      expect(await firstUpstreamModel(`${address}/v1`, { headers: { authorization: "Bearer k" } })).to.equal("llama");
      expect(asked[0]).to.deep.include({ url: "/v1/models" });
      expect(asked[0]?.headers.authorization).to.equal("Bearer k");
    });

    it("fails when it does not say", async () => {
      reply = json(200, { data: [] });
      await fails(/lists none/);
      reply = json(401, {});
      await fails(/answered 401/);
      reply = (response) => response.end("<html>");
      await fails(/did not answer with JSON/);
    });
  });
});
