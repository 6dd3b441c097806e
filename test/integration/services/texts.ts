import { expect } from "chai";

import { createBroker } from "../../../lib/broker/broker.ts";
import type { BrokerAskParams } from "../../../lib/broker/inference.ts";
import {
  ProviderRefusedError,
  ProviderTimeoutError,
  RequestTooLargeError,
  ResponseCutError,
} from "../../../lib/compute/errors.ts";
import { AbortedError } from "../../../lib/errors.ts";
import { embeddingRequest } from "../../../lib/compute/service-request.ts";
import { fetchUnsettledFee } from "../../../lib/compute/unsettled-fee.ts";
import type { Misbehaviour } from "../../../lib/galileo/provider/local-provider.ts";
import { TRANSCRIPTION_FORMATS } from "../../../lib/protocol/transcription.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { openMarket, REQUESTS, type Market, type Shop } from "./support/market.ts";

describe("transcriptions and embeddings", () => {
  let market: Market;
  let speech: Shop;
  let vectors: Shop;
  before(async () => {
    market = await openMarket();
    speech = await market.open("speech-to-text");
    vectors = await market.open("embedding", {
      tiers: [
        { maxInputTokens: 3, input: { numerator: 1n, denominator: 1n }, output: { numerator: 1n, denominator: 1n } },
        { maxInputTokens: 0, input: { numerator: 3n, denominator: 2n }, output: { numerator: 1n, denominator: 1n } },
      ],
    });
  });
  afterEach(() => {
    speech.provider.misbehave(undefined);
    vectors.provider.misbehave(undefined);
  });
  after(() => market.close());

  it("are asked for and verified through the broker as well", async () => {
    const { ctx } = vectors.user;
    const broker = createBroker(ctx.signer, { network: "default", provider: ctx.provider });
    const { address } = vectors.provider;
    const request: BrokerAskParams["request"] = (common) => embeddingRequest({ ...common, input: "hello" });
    const { requestBytes, responseBytes, chatId, embeddings } = await broker.inference.ask(address, { request });
    expect(embeddings).to.have.length(1);
    if (chatId === undefined) throw new Error("no chat id");
    const verification = await broker.inference.processResponse(address, { requestBytes, responseBytes, chatId });
    expect(verification.status).to.equal("verified");
  });

  const owed = async (shop: Shop) => fetchUnsettledFee({ session: shop.user.session }, shop.service);

  describe("a transcription", () => {
    for (const format of TRANSCRIPTION_FORMATS) {
      it(`comes as ${format}, proves itself, and costs what the provider bills`, async () => {
        const before = await owed(speech);
        const result = await speech.ask(REQUESTS.transcription(speech.service.model, { format }));
        expect(result.content).to.contain("I was given 1.5 seconds of sound, 24 % loud at most");
        expect((await owed(speech)) - before).to.equal(result.fee.fee);
        // Plain text tells no length: brokers charge its words then, by the output price.
        const expected = format === "text" ? "words" : "seconds";
        expect(result.measure.unit).to.equal(expected);
        if (expected === "seconds") expect(result.fee.fee).to.equal(speech.service.inputPrice * 2n);
        expect(await speech.prove(result)).to.include({ status: "verified", mintable: true });
      });
    }

    it("comes as a stream, piece by piece", async () => {
      const pieces: string[] = [];
      const request = REQUESTS.transcription(speech.service.model, { stream: true });
      const result = await speech.ask(request, {}, (text) => pieces.push(text));
      expect(pieces.join("")).to.equal(result.content);
      expect(result.measure).to.deep.equal({ unit: "seconds", seconds: 1.5 });
      expect(await speech.prove(result)).to.include({ status: "verified", mintable: true });
    });

    it("that is cut, stays out or is given up is told apart", async () => {
      const stream = REQUESTS.transcription(speech.service.model, { stream: true });
      speech.provider.misbehave({ kind: "cut-stream", afterBytes: 100 });
      await caught(ResponseCutError, async () => speech.ask(stream));
      speech.provider.misbehave({ kind: "hang" });
      await caught(ProviderTimeoutError, async () => speech.ask(stream, { timeoutMs: 300 }));
      const abort = new AbortController();
      setTimeout(() => {
        abort.abort();
      }, 100);
      await caught(AbortedError, async () => speech.ask(stream, { signal: abort.signal }));
    });

    it("is refused without sound", async () => {
      const audio = { fileName: "a.wav", contentType: "audio/wav", bytes: new Uint8Array() };
      const request = REQUESTS.transcription(speech.service.model, { audio });
      const error = await caught(ProviderRefusedError, async () => speech.ask(request));
      expect(error.message).to.contain("file is missing or empty");
    });

    it("of more than providers read is not even sent", async () => {
      const audio = { fileName: "a.wav", contentType: "audio/wav", bytes: new Uint8Array(33 * 1024 * 1024) };
      const asked = speech.provider.requests().length;
      await caught(RequestTooLargeError, async () =>
        speech.ask(REQUESTS.transcription(speech.service.model, { audio })),
      );
      expect(speech.provider.requests()).to.have.length(asked);
    });

    it("whose seconds are inflated is refused by name: the lie is signed, and to be seen against the audio", async () => {
      speech.provider.misbehave({ kind: "inflated-usage", times: 4 });
      const result = await speech.ask(REQUESTS.transcription(speech.service.model));
      expect(result.measure).to.deep.equal({ unit: "seconds", seconds: 6 });
      expect((await speech.prove(result)).status).to.equal("rejected");
    });
  });

  describe("an embedding", () => {
    it("has one vector a text, those of like texts closer, and costs what the provider bills", async () => {
      const input = ["the cat sat", "a cat sits", "quarterly revenue"];
      const before = await owed(vectors);
      const result = await vectors.ask(REQUESTS.embedding(vectors.service.model, { input, dimensions: 128 }));
      const [cat = [], cats = [], money = []] = result.embeddings ?? [];
      const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
      expect(cat).to.have.length(128);
      expect(Math.abs(dot(cat, cat) - 1) < 1e-9).to.equal(true);
      expect(dot(cat, cats) > dot(cat, money)).to.equal(true);
      expect((await owed(vectors)) - before).to.equal(result.fee.fee);
      expect(await vectors.prove(result)).to.include({ status: "verified", mintable: true });
    });

    it("costs its input alone, by the tier that it fits into", async () => {
      const price = vectors.service.inputPrice;
      const small = await vectors.ask(REQUESTS.embedding(vectors.service.model, { input: "abcd" }));
      expect(small.measure).to.deep.equal({ unit: "tokens", promptTokens: 1, completionTokens: 0 });
      expect(small.fee).to.deep.equal({ inputFee: price, outputFee: 0n, fee: price });
      const large = await vectors.ask(REQUESTS.embedding(vectors.service.model, { input: "abcd efgh ijkl mnop" }));
      expect(large.fee.fee).to.equal(((price * 3n) / 2n) * 4n);
    });

    it("is the same in numbers and in base64, but for what 32 bits lose", async () => {
      const ofFormat = async (format: string) =>
        (await vectors.ask(REQUESTS.embedding(vectors.service.model, { format }))).embeddings ?? [];
      const [float, base64] = [await ofFormat("float"), await ofFormat("base64")];
      expect(base64.map((vector) => vector.length)).to.deep.equal(float.map((vector) => vector.length));
      const differences = (float[0] ?? []).map((value, i) => Math.abs(value - (base64[0]?.[i] ?? Infinity)));
      expect(Math.max(...differences) < 1e-6).to.equal(true);
    });
  });

  const lies: [Misbehaviour["kind"], string][] = [
    ["altered-body", "response"],
    ["wrong-response-hash", "response"],
    ["wrong-request-hash", "request"],
    ["wrong-signature", "signer"],
  ];
  for (const [kind, failed] of lies) {
    it(`catches ${kind} by the check of the ${failed}`, async () => {
      for (const [shop, request] of [
        [speech, REQUESTS.transcription(speech.service.model)],
        [speech, REQUESTS.transcription(speech.service.model, { stream: true })],
        [vectors, REQUESTS.embedding(vectors.service.model)],
      ] as const) {
        shop.provider.misbehave({ kind } as Misbehaviour);
        expect(await shop.prove(await shop.ask(request))).to.include({ failed, status: "rejected" });
      }
    });
  }
});
