import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";

import type { LocalProviderOptions, ServiceOffer } from "../../../lib/galileo/provider/local-provider.ts";
import { canonicalJson } from "../../../lib/protocol/canonical-json.ts";
import { fieldOf, readForm, writeForm } from "../../../lib/protocol/multipart.ts";
import { parseServiceInfo } from "../../../lib/protocol/service-info.ts";
import { sha256Hex } from "../../../lib/protocol/signed-text.ts";
import { errorOf, MODEL, question, startBench, type Bench } from "./support/provider.ts";

function offer(serviceType: ServiceOffer["serviceType"], more: Partial<ServiceOffer> = {}): ServiceOffer {
  return { model: MODEL, serviceType, inputPrice: 100n, outputPrice: 300n, title: "For tests", ...more };
}

const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=",
  "base64",
);

describe("local provider: services but chat", () => {
  let bench: Bench;
  const start = async (options: Partial<LocalProviderOptions>) => {
    bench = await startBench(options);
  };
  afterEach(() => bench.provider.close());

  const post = async (path: string, body: Uint8Array | string, contentType = "application/json") =>
    fetch(bench.provider.url + path, {
      method: "POST",
      headers: { ...(await bench.headers()), "content-type": contentType },
      body: Buffer.from(body),
    });
  const image = (more: object = {}) => canonicalJson({ model: MODEL, prompt: "x", size: "8x8", ...more });
  const signed = async (response: Response) => {
    const key = response.headers.get("ZG-Res-Key") ?? "";
    return ((await (await bench.signature(key)).json()) as { text: string }).text;
  };

  describe("what it says of itself", () => {
    const models = async () =>
      ((await (await fetch(`${bench.provider.url}/v1/models`)).json()) as { data: Record<string, unknown>[] })
        .data[0] ?? {};

    it("names type, price and limits in the list of models, and that no model is behind it", async () => {
      await start({ service: offer("text-to-image"), rateLimits: { imagesPerMinute: 4 } });
      const model = await models();
      expect(model).to.deep.include({
        ...{ id: MODEL, type: "text-to-image" },
        pricing: { prompt: "100", completion: "300", image: "300" },
        rate_limits: { images_per_minute: 4 },
      });
      expect(model["description"]).to.contain("It is not an image model");
    });

    it("publishes tiers and cache prices as they are charged", async () => {
      const times = (numerator: bigint, denominator = 1n) => ({ numerator, denominator });
      const tiers = [{ maxInputTokens: 10, input: times(1n), output: times(3n, 2n) }];
      const cacheBilling = { divisor: 4n, write: times(5n, 4n) };
      await start({ service: offer("chatbot", { tiers, cacheBilling }) });
      const { additionalInfo } = bench.provider.serviceParams();
      const read = parseServiceInfo(additionalInfo);
      expect(read.ok && read.info).to.deep.include({
        tiers,
        cacheBilling: { ...cacheBilling, writeOneHour: cacheBilling.write },
      });
    });
  });

  describe("images", () => {
    beforeEach(async () => start({ service: offer("text-to-image") }));

    it("are kept for those who asked for addresses, for a while, and given to anybody who has one", async () => {
      const response = await post("/v1/proxy/images/generations", image({ response_format: "url" }));
      const { data } = (await response.json()) as { data: { url: string }[] };
      const address = data[0]?.url ?? "";
      const got = await fetch(address);
      expect(got.status).to.equal(200);
      expect(got.headers.get("content-type")).to.equal("image/png");
      expect(await signed(response)).to.contain(sha256Hex(new Uint8Array(await got.arrayBuffer())));
      expect((await fetch(address, { method: "POST" })).status).to.equal(405);
      for (const [other, status] of [
        ["9", 404],
        ["x", 400],
      ] as const) {
        expect((await fetch(address.replace(/\/0$/, `/${other}`))).status).to.equal(status);
      }
      bench.advance(21 * 60_000);
      expect(await errorOf(await fetch(address))).to.equal("image not found or expired");
    });

    it("are refused in a broker's words when the request cannot be read, before the account is looked at", async () => {
      bench.chain.accounts.clear();
      const refused = await post("/v1/proxy/images/generations", "{");
      expect(refused.status).to.equal(400);
      expect(await errorOf(refused)).to.equal("get text-to-image steps: request body is not valid JSON");
    });

    it("of another model are refused", async () => {
      const refused = await post("/v1/proxy/images/generations", image({ model: "other" }));
      expect(await errorOf(refused)).to.contain('model not supported: requested "other"');
    });

    it("are all this service answers: a chat is a path its model does not know, and costs nothing", async () => {
      const refused = await post("/v1/proxy/chat/completions", canonicalJson(question("hi")));
      expect(refused.status).to.equal(404);
      expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(0n);
    });
  });

  describe("jobs", () => {
    beforeEach(async () => start({ service: offer("text-to-image") }));
    const jobOf = async (response: Response) => ((await response.json()) as { jobId: string }).jobId;
    const look = async (id: string, headers?: Record<string, string>) =>
      fetch(`${bench.provider.url}/v1/async/jobs/${id}`, { headers: headers ?? (await bench.headers()) });

    it("are accepted at once, and done when they are asked for: with the images and the key to their signature", async () => {
      const accepted = await post("/v1/async/images/generations", image());
      expect(accepted.status).to.equal(202);
      const done = await look(await jobOf(accepted));
      const job = (await done.json()) as { status: string; data: { data: { b64_json: string }[] } };
      expect(job.status).to.equal("completed");
      const [drawn] = job.data.data;
      expect(await signed(done)).to.contain(sha256Hex(Buffer.from(drawn?.b64_json ?? "", "base64")));
      expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(300n);
    });

    it("are shown to their owner only, and for a while", async () => {
      const id = await jobOf(await post("/v1/async/images/generations", image()));
      expect((await look(id, {})).status).to.equal(400);
      expect((await look("unknown")).status).to.equal(404);
      bench.advance(21 * 60_000);
      expect(await errorOf(await look(id))).to.equal("job not found");
    });

    it("that hang stay in work, and say when to look again", async () => {
      bench.provider.misbehave({ kind: "hang" });
      const found = await look(await jobOf(await post("/v1/async/images/generations", image())));
      expect(await found.json()).to.include({ status: "processing" });
      expect(found.headers.get("retry-after")).to.equal("1");
    });

    it("need a body, a session, an account, and the path of their type", async () => {
      expect(await errorOf(await post("/v1/async/images/generations", ""))).to.equal("request body is required");
      expect((await fetch(`${bench.provider.url}/v1/async/images/generations`, { method: "POST" })).status).to.equal(
        400,
      );
      expect((await post("/v1/async/images/edits", image())).status).to.equal(404);
      bench.chain.accounts.clear();
      expect(await errorOf(await post("/v1/async/images/generations", image()))).to.contain("account not exist");
    });
  });

  describe("limits by the minute", () => {
    it("are told with every answer as they were before it, and refuse what is too much, for a minute", async () => {
      await start({ rateLimits: { requestsPerMinute: 2, tokensPerMinute: 1000 } });
      const first = await bench.chat();
      await first.text();
      expect(first.headers.get("x-ratelimit-limit-requests")).to.equal("2");
      expect(first.headers.get("x-ratelimit-remaining-requests")).to.equal("2");
      expect(first.headers.get("x-ratelimit-reset-requests")).to.equal("60s");
      expect(first.headers.get("x-ratelimit-remaining-tokens")).to.equal("1000");
      bench.advance(1_000);
      const second = await bench.chat();
      await second.text();
      expect(second.headers.get("x-ratelimit-remaining-requests")).to.equal("1");
      expect(Number(second.headers.get("x-ratelimit-remaining-tokens"))).to.be.lessThan(1000);
      expect(second.headers.get("x-ratelimit-reset-requests")).to.equal("59s");
      const third = await bench.chat();
      expect(third.status).to.equal(429);
      expect(await third.json()).to.deep.equal({
        error: {
          type: "rate_limit_error",
          message: "Rate limit exceeded. Please slow down your request rate (limit: 2 requests/min).",
        },
      });
      bench.advance(60_000);
      expect((await bench.chat()).status).to.equal(200);
    });

    it("count images where images are sold", async () => {
      await start({ service: offer("text-to-image"), rateLimits: { imagesPerMinute: 2 } });
      const answered = await post("/v1/proxy/images/generations", image({ n: 2 }));
      await answered.text();
      expect(answered.headers.get("x-ratelimit-remaining-images")).to.equal("2");
      expect((await post("/v1/proxy/images/generations", image())).status).to.equal(429);
    });

    it("have names and a form of their own in Anthropic's format", async () => {
      await start({ rateLimits: { requestsPerMinute: 1 } });
      const ask = async () => post("/v1/proxy/messages", canonicalJson(question("2+2")));
      const answered = await ask();
      await answered.text();
      expect(answered.headers.get("anthropic-ratelimit-requests-remaining")).to.equal("1");
      expect(answered.headers.get("anthropic-ratelimit-requests-reset")).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(await (await ask()).json()).to.have.property("type", "error");
    });
  });

  describe("messages in Anthropic's format", () => {
    beforeEach(async () => start({}));

    it("are answered, signed and charged like a chat", async () => {
      const body = canonicalJson(question("What is 2+2?"));
      const response = await post("/v1/proxy/messages", body);
      const text = await response.text();
      expect(JSON.parse(text)).to.deep.include({ type: "message", content: [{ type: "text", text: "4" }] });
      expect(await signed(response)).to.equal(`${sha256Hex(body)}:${sha256Hex(text)}`);
      const { usage } = JSON.parse(text) as { usage: { input_tokens: number; output_tokens: number } };
      const owed = BigInt(usage.input_tokens) * 100n + BigInt(usage.output_tokens) * 300n;
      expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(owed);
    });

    it("may come as events, charged alike", async () => {
      await (await post("/v1/proxy/messages", canonicalJson(question("What is 2+2?")))).text();
      const owed = bench.provider.unsettledFee(bench.userAddress);
      const body = canonicalJson(question("What is 2+2?", { stream: true }));
      const response = await post("/v1/proxy/messages", body);
      const text = await response.text();
      expect(text)
        .to.match(/^event: message_start\n/)
        .and.to.match(/event: message_stop\n/);
      expect(await signed(response)).to.equal(`${sha256Hex(body)}:${sha256Hex(text)}`);
      expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(owed * 2n);
    });
  });

  describe("in front of an upstream", () => {
    let upstream: Server;
    let address: string;
    let asked: { url: string; type: string; body: Buffer }[];
    let reply: (response: ServerResponse) => void;
    before(async () => {
      upstream = createServer((request: IncomingMessage, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          asked.push({
            url: request.url ?? "",
            type: request.headers["content-type"] ?? "",
            body: Buffer.concat(chunks),
          });
          reply(response);
        });
      });
      await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
      address = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    });
    beforeEach(() => {
      asked = [];
    });
    after(async () => {
      upstream.closeAllConnections();
      await new Promise((resolve) => upstream.close(resolve));
    });
    const json = (body: unknown) => (response: ServerResponse) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };

    it("asks for the images themselves and for all of them at once, and signs the client's own request", async () => {
      await start({ service: offer("text-to-image"), upstream: address });
      reply = json({ created: 1, data: [{ b64_json: PIXEL.toString("base64"), revised_prompt: "y" }] });
      const body = image({ response_format: "url" });
      const response = await post("/v1/proxy/images/generations", body);
      expect(asked[0]?.url).to.equal("/v1/images/generations?wait=true");
      expect(JSON.parse(asked[0]?.body.toString() ?? "")).to.include({ response_format: "b64_json", prompt: "x" });
      const { created, data } = (await response.json()) as { created: number; data: { url: string }[] };
      expect(created).to.equal(1);
      expect(new Uint8Array(await (await fetch(data[0]?.url ?? "")).arrayBuffer())).to.deep.equal(
        new Uint8Array(PIXEL),
      );
      expect(await signed(response)).to.equal(`${sha256Hex(body)}:${sha256Hex(PIXEL)}`);
    });

    it("signs the body of an answer that holds no images", async () => {
      await start({ service: offer("text-to-image"), upstream: address });
      reply = json({ data: [{ url: "http://10.0.0.1/x.png" }] });
      const response = await post("/v1/proxy/images/generations", image());
      const text = await response.text();
      expect(await signed(response)).to.equal(`${sha256Hex(image())}:${sha256Hex(text)}`);
    });

    it("rewrites only the format in a form, and nothing of a recording", async () => {
      await start({ service: offer("image-editing"), upstream: address });
      reply = json({ data: [{ b64_json: PIXEL.toString("base64") }] });
      const file = { name: "image", fileName: "a.png", contentType: "image/png", bytes: new Uint8Array(PIXEL) };
      const form = writeForm([{ name: "prompt", value: "x" }, { name: "n", value: "3" }, file], "boundary-of-mine");
      const response = await post("/v1/proxy/images/edits", form.body, form.contentType);
      await response.text();
      const parts = readForm(asked[0]?.body ?? new Uint8Array()) ?? [];
      expect(asked[0]?.url).to.equal("/v1/images/edits");
      expect(asked[0]?.type).to.equal(form.contentType);
      expect(["prompt", "n", "response_format"].map((name) => fieldOf(parts, name))).to.deep.equal([
        "x",
        "3",
        "b64_json",
      ]);
      expect(parts.find(({ name }) => name === "image")).to.deep.equal(file);
      expect((await signed(response)).startsWith(`${sha256Hex(form.body)}:`)).to.equal(true);
      expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(900n);
      await bench.provider.close();

      await start({ service: offer("speech-to-text"), upstream: address });
      reply = json({ text: "hello", usage: { type: "duration", seconds: 2.5 } });
      const recording = writeForm(
        [
          { name: "model", value: MODEL },
          { ...file, name: "file" },
        ],
        "boundary-of-mine",
      );
      await (await post("/v1/proxy/audio/transcriptions", recording.body, recording.contentType)).text();
      expect(asked[1]?.body.equals(Buffer.from(recording.body))).to.equal(true);
      expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(300n);
    });

    it("charges cached and written tokens of both formats at their own prices", async () => {
      const times = (numerator: bigint, denominator = 1n) => ({ numerator, denominator });
      const cacheBilling = { divisor: 10n, write: times(5n, 4n), writeOneHour: times(2n) };
      await start({ service: offer("chatbot", { cacheBilling }), upstream: address });
      reply = json({
        choices: [{ message: { content: "hi" } }],
        usage: {
          prompt_tokens: 20,
          completion_tokens: 1,
          cache_write_tokens: 4,
          prompt_tokens_details: { cached_tokens: 10 },
        },
      });
      await (await bench.chat()).text();
      // 10 cached, 4 written, 6 in full, 1 answered.
      expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(100n + 500n + 600n + 300n);
      reply = json({
        content: [{ type: "text", text: "hi" }],
        usage: {
          ...{ input_tokens: 6, output_tokens: 1, cache_read_input_tokens: 10, cache_creation_input_tokens: 4 },
          cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 3 },
        },
      });
      await (await post("/v1/proxy/messages", canonicalJson(question("hi")))).text();
      expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(1500n + 100n + 125n + 600n + 600n + 300n);
    });
  });
});
