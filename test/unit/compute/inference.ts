import { expect } from "chai";

import {
  AuthenticationRefusedError,
  ChatIdMissingError,
  ModelRefusedError,
  NoSubAccountError,
  NotAcknowledgedError,
  NotEndorsedError,
  ProviderCannotSeeError,
  ProviderDownError,
  ProviderFundsRefusedError,
  ProviderRefusedError,
  ProviderTimeoutError,
  RateLimitedError,
  RedirectRefusedError,
  ResponseCutError,
  ResponseMalformedError,
  ResponseTooLargeError,
  SignatureDocumentError,
  SignatureMissingError,
} from "../../../lib/compute/errors.ts";
import {
  buildChatRequest,
  chat,
  estimateFee,
  fetchSignature,
  type ChatDeps,
  type ChatParams,
} from "../../../lib/compute/inference.ts";
import { fetchUnsettledFee } from "../../../lib/compute/unsettled-fee.ts";
import { AbortedError, type ZgError } from "../../../lib/errors.ts";
import { ServiceUrlError } from "../../../lib/protocol/errors.ts";
import { caught } from "./support/caught.ts";
import { bytes, fakeSession, provider, service, user, ZG } from "./support/fixtures.ts";
import { httpFake, inTurn, json, type Answer, type HttpFake } from "./support/http-fake.ts";

const requestBytes = bytes('{"model":"maker/small-model"}');
const COMPLETION = {
  id: "chatcmpl-42",
  model: "maker/small-model",
  choices: [{ message: { role: "assistant", content: "four" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 },
};
const CHUNKS = [
  'data: {"id":"c1","model":"m","choices":[{"delta":{"content":"fo"}}]}\n\n',
  'data: {"id":"c1","model":"m","choices":[{"delta":{"content":"ur"},"finish_reason":"stop"}]}\n\n',
  'data: {"id":"c1","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":3}}\n\n',
  "data: [DONE]\n\n",
];

const streamed =
  (chunks: readonly string[], headers: Readonly<Record<string, string>> = {}): Answer =>
  async (_asked, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream", ...headers });
    for (const chunk of chunks) {
      response.write(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  };

const hang: Answer = () => undefined;
const breakOff: Answer = (_asked, response) => {
  response.writeHead(200, { "Content-Length": "1000" });
  response.write("{", () => response.destroy());
};

describe("asking a provider", () => {
  let fake: HttpFake;

  before(async () => {
    fake = await httpFake();
  });

  beforeEach(() => {
    fake.asked.length = 0;
  });

  after(async () => {
    await fake.close();
  });

  const ask = async (answer: Answer, deps: Partial<ChatDeps> = {}, params: Partial<ChatParams> = {}) => {
    fake.answer = answer;
    const session = deps.session ?? fakeSession();
    return chat({ ...deps, session }, { service: service({ url: fake.url }), requestBytes, ...params });
  };

  describe("chat", () => {
    it("posts the very bytes with a token, and keeps the very bytes received", async () => {
      const body = JSON.stringify(COMPLETION, undefined, 3);
      const times = [1000, 2500];
      const result = await ask(
        (_asked, response) => {
          response.writeHead(200, { "ZG-Res-Key": "key-1" });
          response.end(body);
        },
        { clock: () => times.shift() ?? 0 },
      );
      expect(fake.asked).to.have.length(1);
      const [asked] = fake.asked;
      expect(asked).to.deep.include({ method: "POST", path: "/v1/proxy/chat/completions" });
      expect(asked?.body.equals(requestBytes)).to.equal(true);
      expect(asked?.headers).to.deep.include({
        authorization: "Bearer app-sk-token1",
        "accept-encoding": "identity",
        "content-type": "application/json",
      });
      expect(Buffer.from(result.responseBytes).toString()).to.equal(body);
      expect(result).to.deep.include({
        provider,
        user,
        content: "four",
        finishReason: "stop",
        status: 200,
        requestBytes,
        startedAt: 1000,
        finishedAt: 2500,
      });
      expect(result.chatId).to.deep.equal({ id: "key-1", source: "header" });
      expect(result.usage).to.deep.equal({ promptTokens: 10, completionTokens: 3 });
      expect(result.fee).to.deep.equal({ inputFee: 1000n, outputFee: 600n, fee: 1600n });
    });

    for (const suffix of ["", "/", "/v1/proxy", "/v1/proxy/"]) {
      it(`finds the route below a URL registered with "${suffix}"`, async () => {
        await ask(json(200, COMPLETION), {}, { service: service({ url: fake.url + suffix }) });
        expect(fake.asked[0]?.path).to.equal("/v1/proxy/chat/completions");
      });
    }

    it("takes the chat id from the body when no header names it", async () => {
      const result = await ask(json(200, COMPLETION));
      expect(result.chatId).to.deep.equal({ id: "chatcmpl-42", source: "body" });
    });

    it("has no chat id when nobody names one", async () => {
      const result = await ask(json(200, { choices: [{ message: { content: "one two three" } }] }));
      expect(result).not.to.have.property("chatId");
      expect(result).not.to.have.property("usage");
      expect(result.fee).to.deep.equal({ inputFee: 0n, outputFee: 600n, fee: 600n });
    });

    it("hands a stream on piece by piece, and keeps its bytes", async () => {
      const deltas: string[] = [];
      const result = await ask(
        streamed(CHUNKS, { "ZG-Res-Key": "key-2" }),
        {},
        { stream: true, onDelta: (text) => deltas.push(text) },
      );
      expect(deltas.join("")).to.equal("four");
      expect(result).to.deep.include({ content: "four", finishReason: "stop", model: "m" });
      expect(result.usage).to.deep.equal({ promptTokens: 10, completionTokens: 3 });
      expect(Buffer.from(result.responseBytes).toString()).to.equal(CHUNKS.join(""));
    });

    it("does not take a stream without its end for an answer", async () => {
      await caught(ResponseCutError, async () => ask(streamed(CHUNKS.slice(0, 3)), {}, { stream: true }));
    });

    it("says what a stream reports as an error", async () => {
      const failing = [CHUNKS[0] ?? "", 'data: {"error":{"message":"upstream died"}}\n\n', "data: [DONE]\n\n"];
      const error = await caught(ResponseMalformedError, async () => ask(streamed(failing), {}, { stream: true }));
      expect(error.message).to.contain("upstream died");
    });

    it("names a connection that breaks inside the answer", async () => {
      await caught(ResponseCutError, async () => ask(breakOff));
    });

    it("refuses bodies that are no completion", async () => {
      for (const body of ["", "<html>", "null", "[]", "{}", '{"choices":{}}']) {
        await caught(ResponseMalformedError, async () =>
          ask((_asked, response) => {
            response.end(body);
          }),
        );
      }
    });

    it("stops reading at the limit", async () => {
      const endless: Answer = (_asked, response) => {
        const more = () => {
          while (!response.destroyed && response.write("x".repeat(10_000)));
        };
        response.on("drain", more);
        more();
      };
      const error = await caught(ResponseTooLargeError, async () => ask(endless, { maxResponseBytes: 100_000 }));
      expect(error.details).to.deep.include({ limit: 100_000 });
    });

    it("never follows a redirect: the token stays here", async () => {
      for (const status of [301, 302, 307, 308]) {
        const elsewhere = await httpFake(json(200, COMPLETION));
        try {
          const moved = json(status, {}, { Location: `${elsewhere.url}/x` });
          const error = await caught(RedirectRefusedError, async () => ask(moved));
          expect(error.details).to.deep.include({ location: `${elsewhere.url}/x` });
          expect(elsewhere.asked).to.have.length(0);
        } finally {
          await elsewhere.close();
        }
      }
    });

    it("gives up when time is over, before an answer and inside one", async () => {
      const error = await caught(ProviderTimeoutError, async () => ask(hang, { timeoutMs: 50 }));
      expect(error.details).to.deep.include({ timeoutMs: 50 });
      const slow: Answer = (_asked, response) => {
        response.write("{");
      };
      await caught(ProviderTimeoutError, async () => ask(slow, { timeoutMs: 50 }));
    });

    it("stops when the caller aborts, before, during and inside the answer", async () => {
      await caught(AbortedError, async () => ask(hang, { signal: AbortSignal.abort() }));
      expect(fake.asked).to.have.length(0);
      for (const start of [hang, streamed(CHUNKS.slice(0, 1))]) {
        const controller = new AbortController();
        const aborting: Answer = async (_asked, response) => {
          response.on("error", () => undefined);
          if (start !== hang) response.write(CHUNKS[0] ?? "");
          await new Promise((resolve) => setTimeout(resolve, 5));
          controller.abort();
        };
        await caught(AbortedError, async () => ask(aborting, { signal: controller.signal }, { stream: true }));
      }
    });

    it("says that nobody answers", async () => {
      const gone = await httpFake();
      await gone.close();
      const error = await caught(ProviderDownError, async () => ask(hang, {}, { service: service({ url: gone.url }) }));
      expect(error.message).to.contain("ECONNREFUSED");
    });

    it("asks no live provider from an embedded network", async () => {
      const session = fakeSession();
      await caught(ProviderCannotSeeError, async () =>
        ask(hang, { session }, { service: service({ url: "https://provider.example" }) }),
      );
      await caught(ServiceUrlError, async () => ask(hang, { session }, { service: service({ url: "ftp://x" }) }));
      expect(session.made()).to.equal(0);
    });

    const REFUSED_TOKENS: readonly (readonly [status: number, error: unknown])[] = [
      [400, "validate session: session token expired"],
      [401, "Provider proxy: handle proxied service, validate session: session token has been revoked"],
      [400, { type: "x", message: "invalid session token (future generation)" }],
      [403, "no"],
      [401, "no"],
    ];
    for (const [status, error] of REFUSED_TOKENS) {
      it(`renews the token once after ${status} ${JSON.stringify(error)}`, async () => {
        const session = fakeSession();
        const result = await ask(inTurn(json(status, { error }), json(200, COMPLETION)), { session });
        expect(result.content).to.equal("four");
        expect(fake.asked.map(({ headers }) => headers.authorization)).to.deep.equal([
          "Bearer app-sk-token1",
          "Bearer app-sk-token2",
        ]);
      });
    }

    it("gives up after the second refusal of a token, and quotes the provider", async () => {
      const session = fakeSession();
      const refused = json(400, { error: "validate session: session token expired" });
      const error = await caught(AuthenticationRefusedError, async () => ask(refused, { session }));
      expect(error.details).to.deep.include({ provider, status: 400 });
      expect(fake.asked).to.have.length(2);
      expect(error.message).not.to.contain("app-sk-token");
      await session.header(provider);
      expect(session.made()).to.equal(3);
    });

    const REFUSALS: readonly (readonly [status: number, error: unknown, kind: new (...args: never[]) => ZgError])[] = [
      [400, "validate request: get account from contract, account not exist: x", NoSubAccountError],
      [400, "validate request: user not acknowledge the provider, please use x", NotAcknowledgedError],
      [400, "validate request: service not acknowledge the tee signer", NotEndorsedError],
      [402, "pay", ProviderFundsRefusedError],
      [400, "prepare HTTP request: enforce configured model: model not supported: x", ModelRefusedError],
      [429, { type: "rate_limit_error", message: "Rate limit exceeded. Slow down." }, RateLimitedError],
      [503, "Server is currently processing too many requests.", RateLimitedError],
      [502, "Bad Gateway", ProviderDownError],
      [504, "Gateway Timeout", ProviderDownError],
      [500, "Internal Server Error", ProviderDownError],
      [400, "unsupported endpoint: endpoint not supported", ProviderRefusedError],
      [418, "teapot", ProviderRefusedError],
    ];
    for (const [status, error, kind] of REFUSALS) {
      it(`reads ${status} ${JSON.stringify(error)} as ${kind.name}, and asks once`, async () => {
        await caught(kind, async () => ask(json(status, { error })));
        expect(fake.asked).to.have.length(1);
      });
    }

    it("reads the numbers of a refusal for want of funds, and names the transfer", async () => {
      const text =
        "validate request: insufficient balance: your locked balance is 1.000000 0G, but the required minimum is 1.250000 0G (breakdown: x)";
      const error = await caught(ProviderFundsRefusedError, async () => ask(json(400, { error: text })));
      expect(error.details).to.deep.include({ locked: ZG, required: (125n * ZG) / 100n, missing: ZG / 4n });
      expect(error.remedy).to.contain(`npx hardhat ledger transfer ${provider} 0.25`);
    });
  });

  describe("fetchSignature", () => {
    const pauses: number[] = [];
    const sleep = async (ms: number) => {
      pauses.push(ms);
      return Promise.resolve();
    };
    const document = {
      text: "a:b",
      signature: "0x1",
      signing_address: user,
      signing_algo: "ecdsa",
      provider_type: "x",
    };
    const miss = json(400, { error: "prepare HTTP request: Chat id not found or expired, chat_id_not_found" });
    const get = async (answer: Answer, id = "key-1", source: "header" | "body" = "header") => {
      fake.answer = answer;
      return fetchSignature({ sleep }, service({ url: `${fake.url}/` }), { id, source });
    };

    beforeEach(() => {
      pauses.length = 0;
    });

    it("asks without a token, with the model as a parameter", async () => {
      expect(await get(json(200, document))).to.deep.equal({ text: "a:b", signature: "0x1", signingAddress: user });
      expect(fake.asked[0]?.path).to.equal("/v1/proxy/signature/key-1?model=maker%2Fsmall-model");
      expect(fake.asked[0]?.headers).not.to.have.property("authorization");
    });

    for (const first of [json(404, {}), miss, json(502, {})]) {
      it("asks again, up to twice, when the signature is not there yet", async () => {
        expect((await get(inTurn(first, first, json(200, document)))).text).to.equal("a:b");
        expect(pauses).to.deep.equal([200, 400]);
      });
    }

    it("says that there is none after three misses", async () => {
      const error = await caught(SignatureMissingError, async () => get(miss));
      expect(error.details).to.deep.include({ provider, chatId: "key-1", status: 400 });
      expect(fake.asked).to.have.length(3);
    });

    it("does not ask again after another refusal", async () => {
      await caught(SignatureMissingError, async () => get(json(403, { error: "no" })));
      expect(fake.asked).to.have.length(1);
    });

    it("tells a failing server from a missing signature", async () => {
      await caught(ProviderDownError, async () => get(json(500, {})));
      const gone = await httpFake();
      await gone.close();
      await caught(ProviderDownError, async () =>
        fetchSignature({ sleep }, service({ url: gone.url }), { id: "key-1", source: "header" }),
      );
    });

    it("tries a body's id without its prefix, but never a header's", async () => {
      const answer: Answer = (asked, response) =>
        asked.path.includes("/signature/42?") ? json(200, document)(asked, response) : json(404, {})(asked, response);
      expect((await get(answer, "chatcmpl-42", "body")).text).to.equal("a:b");
      await caught(SignatureMissingError, async () => get(answer, "chatcmpl-42", "header"));
    });

    it("puts nothing but a chat id into the URL", async () => {
      for (const id of ["../../admin", "a/b", "a?b", "", "x".repeat(65), "a b"]) {
        await caught(ChatIdMissingError, async () => get(json(200, document), id));
      }
      expect(fake.asked).to.have.length(0);
    });

    it("names a document that is none", async () => {
      for (const body of [{}, { text: "a:b" }, { text: 1, signature: "0x" }, { text: "", signature: "0x" }, null, []]) {
        await caught(SignatureDocumentError, async () => get(json(200, body)));
      }
      await caught(SignatureDocumentError, async () =>
        get((_asked, response) => {
          response.end("<html>");
        }),
      );
    });

    it("stops between attempts when the caller aborts", async () => {
      const controller = new AbortController();
      fake.answer = miss;
      const work = fetchSignature(
        {
          signal: controller.signal,
          sleep: async () => {
            controller.abort();
            return Promise.resolve();
          },
        },
        service({ url: fake.url }),
        { id: "key-1", source: "header" },
      );
      await caught(AbortedError, async () => work);
      expect(fake.asked).to.have.length(1);
    });
  });

  describe("fetchUnsettledFee", () => {
    it("reads exact neuron, with a token", async () => {
      fake.answer = json(200, { userAddress: user, unsettledFee: "123456789012345678901" });
      const fee = await fetchUnsettledFee({ session: fakeSession() }, service({ url: fake.url }));
      expect(fee).to.equal(123_456_789_012_345_678_901n);
      expect(fake.asked[0]).to.deep.include({ method: "GET", path: `/v1/user/${user}/unsettledfee` });
      expect(fake.asked[0]?.headers.authorization).to.equal("Bearer app-sk-token1");
    });

    it("takes no number, sign or fraction for an amount", async () => {
      for (const unsettledFee of [5, "-1", "1.5", "0x1", ""]) {
        fake.answer = json(200, { unsettledFee });
        await caught(ResponseMalformedError, async () =>
          fetchUnsettledFee({ session: fakeSession() }, service({ url: fake.url })),
        );
      }
    });
  });
});

describe("buildChatRequest", () => {
  const random = (size: number) => new Uint8Array(size).fill(0xab);
  const messages = [{ role: "user", content: "a < b & ü" }];

  it("writes canonical bytes with 128 random bits", () => {
    const text = Buffer.from(buildChatRequest({ model: "m", messages, random })).toString();
    expect(text).to.equal(
      `{"messages":[{"content":"a \\u003c b \\u0026 ü","role":"user"}],"model":"m","user":"${"ab".repeat(16)}"}`,
    );
  });

  it("asks for usage in a stream, and passes the limits on", () => {
    const built = buildChatRequest({ model: "m", messages, random, stream: true, maxTokens: 5, temperature: 0.2 });
    expect(JSON.parse(Buffer.from(built).toString())).to.deep.equal({
      model: "m",
      messages,
      user: "ab".repeat(16),
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 5,
      temperature: 0.2,
    });
  });
});

describe("estimateFee", () => {
  it("is never below what is billed", () => {
    const estimate = estimateFee(service(), requestBytes, 3);
    expect(estimate).to.equal(BigInt(requestBytes.length) * 100n + 600n);
  });
});
