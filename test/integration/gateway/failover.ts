import { expect } from "chai";
import OpenAI from "openai";

import { deposit, transfer } from "../../../lib/compute/ledger.ts";
import type { Service } from "../../../lib/compute/providers.ts";
import type { GatewayOptions } from "../../../lib/gateway/gateway.ts";
import type { Misbehaviour } from "../../../lib/galileo/provider/misbehaviour.ts";
import { bootGalileo, ZG, type TestGalileo, type TestUser } from "../compute/support/galileo.ts";
import { completion, event, fakeProvider, type Behaviour, type FakeProvider } from "./support/fake-provider.ts";
import { startGateway, type TestGateway } from "./support/gateway.ts";

const MODEL = "test/shared-model";
const messages = [{ role: "user" as const, content: "What is 2+2?" }];

describe("gateway: several providers", () => {
  let world: TestGalileo;
  let user: TestUser;
  let good: Service;
  const open: { close(): Promise<void> }[] = [];

  before(async () => {
    world = await bootGalileo();
    const { address } = await world.galileo.registerProvider({ service: { model: MODEL } });
    user = await world.customer(address, 100n * ZG);
    good = (await world.service(world.galileo.providers.length - 1)) satisfies Service;
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });
  after(async () => {
    await world.close();
  });

  const first = async (behave: Behaviour): Promise<FakeProvider> => {
    const provider = await fakeProvider(world, MODEL, behave);
    open.push(provider);
    return provider;
  };
  const serve = async (services: readonly Service[], options: Partial<GatewayOptions> = {}): Promise<TestGateway> => {
    for (const { provider } of services) await fund(provider);
    const gateway = await startGateway(user, services, options);
    open.push(gateway);
    return gateway;
  };
  const fund = async (provider: Service["provider"]) => {
    await deposit(user.ctx, 2n * ZG);
    await transfer(user.ctx, { provider, amount: 2n * ZG });
  };
  const ask = async (gateway: TestGateway) =>
    gateway.client().chat.completions.create({ model: MODEL, messages }).withResponse();

  const failures: [string, Behaviour, Partial<GatewayOptions["limits"]>?][] = [
    [
      "refuses",
      (response) => response.writeHead(503).end('{"error":"Server is currently processing too many requests."}'),
    ],
    ["limits the rate", (response) => response.writeHead(429).end('{"error":"Rate limit exceeded."}')],
    ["fails", (response) => response.writeHead(500).end('{"error":"Internal Server Error"}')],
    [
      "wants more locked",
      (response) => response.writeHead(400).end('{"error":"validate request: insufficient balance"}'),
    ],
    ["redirects", (response) => response.writeHead(302, { location: "http://127.0.0.1:9/" }).end()],
    ["never answers", () => undefined, { timeoutMs: 100 }],
    ["drops the connection", (response) => response.destroy()],
    [
      "breaks off in the middle of a plain answer",
      (response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": 500 });
        response.write("{");
        setTimeout(() => response.destroy(), 5);
      },
    ],
  ];
  for (const [what, behave, limits] of failures) {
    it(`asks the next one when the first ${what}`, async () => {
      const bad = await first(behave);
      const gateway = await serve([bad.service, good], limits === undefined ? {} : { limits });
      const { data, response } = await ask(gateway);
      expect(data.choices[0]?.message.content).to.equal("4");
      expect(response.headers.get("zg-provider")).to.equal(good.provider);
      expect(bad.asked).not.to.be.empty;
    });
  }

  it("asks the next one when nobody listens at the first, and writes down that it cost nothing", async () => {
    const bad = await first((response) => response.end());
    await bad.close();
    open.pop();
    const gateway = await serve([bad.service, good]);
    await ask(gateway);
    const lines = (await gateway.spending()).filter(({ event: kind }) => kind === "answered");
    expect(lines.map(({ outcome, assumed, fee }) => [outcome, assumed, fee === "0"])).to.deep.equal([
      ["unreachable", false, true],
      ["answered", false, false],
    ]);
  });

  it("leaves one that failed alone for a while", async () => {
    const bad = await first((response) => response.writeHead(500).end("{}"));
    const gateway = await serve([bad.service, good]);
    await ask(gateway);
    await ask(gateway);
    expect(bad.asked).to.have.length(1);
  });

  it("passes on at once what a provider says of the request itself, status and body", async () => {
    const body = '{"error":{"message":"temperature is too high","type":"invalid_request_error"}}';
    const bad = await first((response) => response.writeHead(422, { "content-type": "application/json" }).end(body));
    const gateway = await serve([bad.service, good]);
    const response = await gateway.post("/v1/chat/completions", { model: MODEL, messages });
    expect([response.status, await response.text()]).to.deep.equal([422, body]);
    expect(response.headers.get("zg-error-code")).to.equal("ZG_PROVIDER_REFUSED");
  });

  it("passes on the last refusal when nobody serves", async () => {
    const refuse: Behaviour = (response) =>
      response.writeHead(429, { "retry-after": "7" }).end('{"error":"Rate limit exceeded"}');
    const [a, b] = [await first(refuse), await first(refuse)];
    const gateway = await serve([a.service, b.service]);
    const error = await ask(gateway).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(OpenAI.RateLimitError);
    expect((error as InstanceType<typeof OpenAI.RateLimitError>).headers.get("retry-after")).to.equal("7");
    expect([a.asked.length, b.asked.length]).to.deep.equal([1, 1]);
  });

  it("does not follow a redirect with anybody's token", async () => {
    const elsewhere = await first((response) => response.end(completion("stolen")));
    const bad = await first((response) => response.writeHead(307, { location: elsewhere.service.url }).end());
    const gateway = await serve([bad.service]);
    const response = await gateway.post("/v1/chat/completions", { model: MODEL, messages });
    expect(response.status).to.equal(502);
    expect(((await response.json()) as { error: object }).error).to.include({ zg_code: "ZG_PROVIDER_REDIRECT" });
    expect(elsewhere.asked).to.be.empty;
  });

  describe("a stream", () => {
    const read = async (gateway: TestGateway) => {
      let text = "";
      const stream = await gateway.client().chat.completions.create({ model: MODEL, messages, stream: true });
      try {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
        return { text, error: undefined };
      } catch (error) {
        return { text, error };
      }
    };
    const events = (response: Parameters<Behaviour>[0]) =>
      response.writeHead(200, { "content-type": "text/event-stream" });

    it("goes to the next provider while the client has nothing of it", async () => {
      const bad = await first((response) => {
        events(response).flushHeaders();
        setTimeout(() => response.destroy(), 5);
      });
      const gateway = await serve([bad.service, good]);
      expect(await read(gateway)).to.deep.equal({ text: "4", error: undefined });
    });

    for (const [what, end] of [
      ["breaks off", (response) => setTimeout(() => response.destroy(), 5)],
      ["ends without its last line", (response) => response.end()],
      ["stalls", () => undefined],
    ] satisfies [string, (response: Parameters<Behaviour>[0]) => unknown][]) {
      it(`that ${what} after its beginning ends with an error, and is nobody else's`, async () => {
        const bad = await first((response) => {
          events(response).write(event("half an ans"));
          end(response);
        });
        const gateway = await serve([bad.service, good], { limits: { idleMs: 150 } });
        const { text, error } = await read(gateway);
        expect(text).to.equal("half an ans");
        expect(error).to.be.instanceOf(OpenAI.APIError);
        expect(error).to.have.nested.property(
          "error.zg_code",
          what === "stalls" ? "ZG_PROVIDER_TIMEOUT" : "ZG_RESPONSE_CUT",
        );
        const [line] = (await gateway.spending()).filter(({ event: kind }) => kind === "answered");
        expect(line).to.include({ outcome: what === "stalls" ? "timed-out" : "cut", assumed: true });
      });
    }

    it("holds a fast provider back while the client is slow", async () => {
      const piece = event("x".repeat(50_000));
      let sent = 0;
      const bad = await first((response) => {
        events(response);
        const more = () => {
          while (sent < 400) {
            sent += 1;
            if (!response.write(piece)) {
              response.once("drain", more);
              return;
            }
          }
          response.end("data: [DONE]\n\n");
        };
        more();
      });
      const gateway = await serve([bad.service]);
      const response = await gateway.post("/v1/chat/completions", { model: MODEL, messages, stream: true });
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(sent).to.be.lessThan(400);
      expect((await response.text()).endsWith("data: [DONE]\n\n")).to.equal(true);
    });
  });

  it("closes the connection to the provider when the client goes away, and counts the worst case", async () => {
    const slow = await first(() => undefined);
    const gateway = await serve([slow.service, good]);
    const abort = new AbortController();
    const asked = gateway.client().chat.completions.create({ model: MODEL, messages }, { signal: abort.signal });
    const outcome = asked.catch((error: unknown) => error);
    while (slow.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    abort.abort();
    expect(await outcome).to.be.instanceOf(OpenAI.APIUserAbortError);
    while (slow.left === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const [line] = (await gateway.spending()).filter(({ event: kind }) => kind === "answered");
    expect(line).to.include({ outcome: "left", assumed: true });
    expect(gateway.gateway.load.requests).to.equal(0);
  });

  describe("the order", () => {
    it("is by price when asked for", async () => {
      const dear = await first((response) => response.end(completion("dear")));
      const gateway = await serve([{ ...dear.service, inputPrice: good.inputPrice * 2n }, good], { strategy: "price" });
      expect((await ask(gateway)).response.headers.get("zg-provider")).to.equal(good.provider);
      expect(dear.asked).to.be.empty;
    });

    it("is by the time to the first byte when asked for, once every provider was asked", async () => {
      const slow = await first((response) => void setTimeout(() => response.end(completion("slow")), 80));
      const gateway = await serve([slow.service, good], { strategy: "latency" });
      const served: (string | null)[] = [];
      for (let i = 0; i < 4; i++) served.push((await ask(gateway)).response.headers.get("zg-provider"));
      expect(served).to.deep.equal([slow.service.provider, good.provider, good.provider, good.provider]);
    });
  });

  it("replaces a session token that a provider does not take any more, once", async () => {
    let times = 0;
    const fresh = await first((response) => {
      times += 1;
      if (times === 1) response.writeHead(400).end('{"error":"validate session: session token expired"}');
      else response.end(completion("fine"));
    });
    const gateway = await serve([fresh.service]);
    expect((await ask(gateway)).data.choices[0]?.message.content).to.equal("fine");
    expect((await gateway.spending()).filter(({ event: kind }) => kind === "asked")).to.have.length(1);
  });

  it("is honest about misbehaviours of a real provider", async () => {
    const real = world.galileo.provider(world.galileo.providers.length - 1);
    const gateway = await serve([good]);
    const cases: [Misbehaviour, number, string][] = [
      [{ kind: "status", status: 500 }, 500, "ZG_PROVIDER_DOWN"],
      [{ kind: "cut-stream" }, 502, "ZG_RESPONSE_CUT"],
    ];
    try {
      for (const [how, status, code] of cases) {
        real.misbehave(how);
        const response = await gateway.post("/v1/chat/completions", { model: MODEL, messages });
        expect([response.status, response.headers.get("zg-error-code")]).to.deep.equal([status, code]);
      }
    } finally {
      real.misbehave(undefined);
    }
  });
});
