import { expect } from "chai";

import { requestUrl, serviceFee, serviceFeeAtMost, assertServes } from "../../../lib/compute/ask.ts";
import {
  ImageAddressError,
  ProviderDownError,
  ReceiptMalformedError,
  ServiceTypeError,
} from "../../../lib/compute/errors.ts";
import { fetchImages } from "../../../lib/compute/image-downloads.ts";
import { parseUnproved, unprovedAnswer } from "../../../lib/compute/receipt.ts";
import { answerReader, readAnswer } from "../../../lib/compute/service-answer.ts";
import {
  buildChatRequest,
  editRequest,
  embeddingRequest,
  imageRequest,
  serviceRequest,
  transcriptionRequest,
} from "../../../lib/compute/service-request.ts";
import { hashesOf, signedResponse, verifyHashes, verifyInference } from "../../../lib/compute/verify.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { REQUEST_KINDS, type RequestKind } from "../../../lib/protocol/services.ts";
import { sha256Hex, signedText } from "../../../lib/protocol/signed-text.ts";
import { GENESIS } from "./support/fake-chain.ts";
import { caught } from "./support/caught.ts";
import { bytes, provider, service, sign, teeWallet, user } from "./support/fixtures.ts";
import { httpFake, json } from "./support/http-fake.ts";

const random = (size: number) => new Uint8Array(size).fill(0xab);
const NONCE = "ab".repeat(16);
const text = (body: Uint8Array) => Buffer.from(body).toString();
const PNG = new Uint8Array([0x89, 0x50, 0x4e, 0x47]);
const upload = { fileName: "a.png", contentType: "image/png", bytes: PNG };
const model = "m";

describe("requests", () => {
  it("of images and embeddings are canonical JSON with 128 random bits", () => {
    const image = imageRequest({ model, prompt: "a<b", n: 2, size: "8x8", random });
    expect(text(image.body)).to.equal(
      `{"model":"m","n":2,"prompt":"a\\u003cb","response_format":"b64_json","size":"8x8","user":"${NONCE}"}`,
    );
    expect(image).to.deep.include({ kind: "image", path: "/images/generations", contentType: "application/json" });
    expect(image.facts).to.deep.include({ model, images: 2, stream: false, format: "b64_json" });
    const vectors = embeddingRequest({ model, input: ["x"], dimensions: 4, random });
    expect(text(vectors.body)).to.equal(
      `{"dimensions":4,"encoding_format":"float","input":["x"],"model":"m","user":"${NONCE}"}`,
    );
  });

  it("of an image that is bound name their account instead", () => {
    const { body } = imageRequest({ model, prompt: "x", boundTo: user, random });
    expect(text(body)).to.contain(`"user":"${user.toLowerCase()}"`);
  });

  it("with files are forms whose boundary holds 128 random bits", () => {
    const edit = editRequest({ model, prompt: "p", image: upload, mask: upload, n: 3, random });
    expect(edit.contentType).to.equal(`multipart/form-data; boundary=0g-${NONCE}`);
    expect(edit.facts.files.map(({ name }) => name)).to.deep.equal(["image", "mask"]);
    expect(edit.facts).to.include({ model, images: 3, stream: false, format: "b64_json" });
    const speech = transcriptionRequest({ model, audio: upload, stream: true, language: "en", random });
    expect(speech.facts).to.include({ stream: true, format: "json", images: 0 });
    expect(text(speech.body)).to.contain('name="language"\r\n\r\nen\r\n');
  });

  it("are described from bytes of any maker, wherever those state what they want", () => {
    const chat = serviceRequest("chat", bytes('{"model":"x","stream":true,"max_completion_tokens":9,"max_tokens":5}'));
    expect(chat.facts).to.include({ model: "x", stream: true, maxTokens: 9, images: 0 });
    for (const odd of ["", "{", "[]", "--", "null", '{"model":7,"stream":"yes"}']) {
      const { facts } = serviceRequest("image", bytes(odd));
      expect(facts, odd).to.include({ stream: false, images: 1 });
      expect(facts.model).to.equal(undefined);
    }
  });

  it("go below the service's address, however that was registered", () => {
    for (const url of ["http://h", "http://h/", "http://h/v1/proxy"]) {
      expect(requestUrl({ url }, { path: "/embeddings" })).to.equal("http://h/v1/proxy/embeddings");
    }
  });

  it("go to a service of their kind only", async () => {
    for (const kind of Object.keys(REQUEST_KINDS) as RequestKind[]) {
      const { serviceType } = REQUEST_KINDS[kind];
      assertServes(service({ serviceType }), kind);
      const other = kind === "chat" ? "image" : "chat";
      const error = await caught(ServiceTypeError, () => {
        assertServes(service({ serviceType }), other);
      });
      expect(error.details).to.include({ serves: kind, kind: other });
    }
    const error = await caught(ServiceTypeError, () => {
      assertServes(service({ serviceType: "video-generation" }), "chat");
    });
    expect(error.details).not.to.have.property("serves");
  });
});

describe("what a request costs at most", () => {
  const wav = Buffer.alloc(44 + 32_000);
  wav.write("RIFF", 0, "latin1");
  wav.write("WAVEfmt ", 8, "latin1");
  wav.writeUInt32LE(16, 16);
  wav.writeUInt32LE(16_000, 28);
  wav.write("data", 36, "latin1");
  wav.writeUInt32LE(32_000, 40);

  it("is never below what its answer costs", () => {
    const listed = service();
    const image = imageRequest({ model, prompt: "x", n: 3, random });
    expect(serviceFeeAtMost(listed, image)).to.equal(600n);
    const speech = transcriptionRequest({ model, audio: { ...upload, bytes: wav }, random });
    expect(serviceFeeAtMost(listed, speech)).to.equal(200n);
    const vectors = embeddingRequest({ model, input: "many words", random });
    const { measure } = readAnswer(vectors, bytes('{"data":[]}')).answer;
    expect(serviceFeeAtMost(listed, vectors) >= serviceFee(listed, "embedding", measure).fee).to.equal(true);
    const chat = serviceRequest("chat", buildChatRequest({ model, messages: [], maxTokens: 7, random }));
    expect(serviceFeeAtMost(listed, chat)).to.equal(BigInt(chat.body.length) * 100n + 7n * 200n);
  });
});

describe("answers", () => {
  const read = (kind: RequestKind, body: string, request = "{}") =>
    readAnswer(serviceRequest(kind, bytes(request)), bytes(body));

  const broken: [RequestKind, string, string][] = [
    ["chat", "oops", "its body is not JSON"],
    ["chat", "{}", "its body has no choices"],
    ["image", "{}", "its body has no images"],
    ["edit", '{"data":[]}', "its body has no images"],
    ["image", '{"data":[{"b64_json":"?"}]}', "its body has no images"],
    ["embedding", '{"data":[{"embedding":"x"}]}', "its body has no embeddings"],
    ["transcription", '{"words":[]}', "its body has no text"],
    ["transcription", "plain", "its body has no text"],
  ];
  for (const [kind, body, why] of broken) {
    it(`of a ${kind} that is ${JSON.stringify(body)}: ${why}, and it is charged all the same`, () => {
      const { problem, answer } = read(kind, body);
      expect(problem).to.deep.equal({ kind: "malformed", why });
      expect(answer.measure).to.be.an("object");
    });
  }

  it("that come as a stream are read piece by piece, and cut ones told", () => {
    const request = serviceRequest("chat", bytes('{"stream":true}'));
    const reader = answerReader(request);
    expect(reader.push(bytes('data: {"choices":[{"delta":{"content":"four"}}]}\n\n'))).to.equal("four");
    expect(reader.end()).to.deep.include({ problem: { kind: "cut", why: "its last line never came" } });
    const whole = readAnswer(request, bytes('data: {"choices":[{"delta":{"content":"four"}}]}\n\ndata: [DONE]\n\n'));
    expect(whole.problem).to.equal(undefined);
    expect(whole.answer).to.deep.include({ content: "four", measure: { unit: "words", words: 1 } });
  });
});

describe("verifyHashes", () => {
  it("comes to the same as verifyInference, from hashes taken on the way", async () => {
    const [request, response] = [bytes("{}"), bytes('{"choices":[]}')];
    const signature = await sign(request, response);
    const exchange = { service: service(), requestBytes: request, responseBytes: response };
    const hashes = hashesOf(exchange);
    expect(hashes).to.deep.equal({ request: sha256Hex(request), response: sha256Hex(response) });
    expect(verifyHashes({ service: service(), hashes, signature })).to.deep.equal(
      verifyInference({ ...exchange, signature }),
    );
    const wrong = verifyHashes({ service: service(), hashes: { ...hashes, response: hashes.request }, signature });
    expect(wrong).to.include({ status: "rejected", failed: "response" });
  });

  it("takes images by their own hashes, and the body where it holds none", async () => {
    const images = service({ serviceType: "text-to-image" });
    const request = bytes("{}");
    const body = bytes(JSON.stringify({ data: [{ b64_json: Buffer.from(PNG).toString("base64") }] }));
    const over = async (...hashes: string[]) => {
      const signed = signedText(sha256Hex(request), hashes.join(","));
      return { text: signed, signature: await teeWallet.signMessage(signed) };
    };
    const verify = async (responseBytes: Uint8Array, hashes: string[], fetched?: readonly Uint8Array[]) => {
      const signature = await over(...hashes);
      const given = { service: images, requestBytes: request, responseBytes, signature };
      return verifyInference(fetched === undefined ? given : { ...given, images: fetched });
    };
    const one = sha256Hex(PNG);
    expect(await verify(body, [one])).to.include({ status: "verified", mintable: true });
    expect(await verify(body, [one, one])).to.include({ failed: "response" });
    expect(await verify(body, [sha256Hex(body)])).to.include({ status: "verified" });
    const named = bytes('{"data":[{"url":"http://x"},{"url":"http://y"}]}');
    expect(await verify(named, [one, one])).to.include({ failed: "response" });
    expect(await verify(named, [one, one], [PNG, PNG])).to.include({ status: "verified", mintable: false });
    expect(await verify(named, [one, one], [PNG])).to.include({ failed: "response" });
  });
});

describe("signedResponse", () => {
  const body = bytes(JSON.stringify({ data: [{ b64_json: Buffer.from(PNG).toString("base64") }] }));
  const hash = "0".repeat(64);

  it("is the image that the text names, else the body, and nothing of several images", () => {
    expect(signedResponse({ responseBytes: body, text: signedText(hash, sha256Hex(PNG)) })).to.deep.equal(PNG);
    expect(signedResponse({ responseBytes: body, text: signedText(hash, sha256Hex(body)) })).to.equal(body);
    expect(signedResponse({ responseBytes: body, text: `${hash}:${hash},${hash}` })).to.equal(undefined);
  });
});

describe("fetchImages", () => {
  const listed = { provider, url: "https://broker.example/base" };

  for (const address of [
    "https://elsewhere.example/base/v1/proxy/images/k/0",
    "http://broker.example/base/v1/proxy/images/k/0",
    "https://broker.example/v1/proxy/images/k/0",
    "https://broker.example/base/v1/proxy/images/../../quote",
    "https://broker.example:444/base/v1/proxy/images/k/0",
    "https://user@broker.example/base/v1/proxy/images/k/0",
    "/v1/proxy/images/k/0",
    "javascript:0",
  ]) {
    it(`does not go to ${address}`, async () => {
      const nowhere: typeof fetch = async () => Promise.reject(new Error("asked"));
      await caught(ImageAddressError, async () => fetchImages({ fetch: nowhere }, listed, [{ url: address }]));
    });
  }

  it("sends no token, and says what the provider answers instead of an image", async () => {
    const fake = await httpFake(json(404, { error: "image not found or expired" }));
    try {
      const url = `${fake.url}/v1/proxy/images/k/0`;
      const error = await caught(ProviderDownError, async () =>
        fetchImages({}, { provider, url: fake.url }, [{ url }]),
      );
      expect(error.message).to.contain("image not found or expired");
      expect(fake.asked[0]?.headers).not.to.have.property("authorization");
      expect(await fetchImages({}, listed, [{ bytes: PNG }])).to.deep.equal([PNG]);
    } finally {
      await fake.close();
    }
  });
});

describe("an answer kept unproved", () => {
  it("is a receipt without its proof, and read back as it was", async () => {
    const listed = service({ serviceType: "text-to-image" });
    const result = {
      ...{ kind: "image", provider, user, model, content: "", status: 200 },
      ...{ requestBytes: bytes("{}"), responseBytes: bytes("{}"), startedAt: 0, finishedAt: 1 },
      measure: { unit: "images", images: 2 },
      fee: serviceFee(listed, "image", { unit: "images", images: 2 }),
    } as const;
    const network = networkNamed("default");
    const kept = unprovedAnswer({ network, genesisHash: GENESIS, service: listed, result, images: [PNG] });
    expect(parseUnproved(JSON.stringify(kept))).to.deep.equal(kept);
    expect(kept).to.deep.include({ version: 2, images: [Buffer.from(PNG).toString("base64")] });
    await caught(ReceiptMalformedError, () => parseUnproved(JSON.stringify({ ...kept, signature: {} })));
    await caught(ReceiptMalformedError, () => parseUnproved(JSON.stringify({ ...kept, kind: "0g-inference-receipt" })));
  });
});
