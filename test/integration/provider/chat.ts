import { expect } from "chai";

import { canonicalJson } from "../../../lib/protocol/canonical-json.ts";
import { readChatCompletion, readChatStream } from "../../../lib/protocol/chat.ts";
import { recoverTextSigner, sha256Hex, signedText } from "../../../lib/protocol/signed-text.ts";
import { errorOf, MODEL, question, startBench, type Bench } from "./support/provider.ts";

interface SignatureBody {
  text: string;
  signature: string;
  signing_address: string;
  signing_algo: string;
}

describe("local provider: chat", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await startBench();
  });
  afterEach(() => bench.provider.close());

  const post = async (body: string, path = "/v1/proxy/chat/completions") =>
    fetch(bench.provider.url + path, { method: "POST", headers: await bench.headers(), body });
  const proof = async (chatId: string) => (await (await bench.signature(chatId)).json()) as SignatureBody;
  const keyOf = (response: Response) => response.headers.get("ZG-Res-Key") ?? "";

  it("answers a sum and says under which key its signature is found", async () => {
    const response = await bench.chat();
    expect(response.status).to.equal(200);
    expect(response.headers.get("provider")).to.equal(bench.provider.address);
    expect(keyOf(response)).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const answer = readChatCompletion(await response.json());
    expect(answer).to.deep.equal({
      id: `chatcmpl-${keyOf(response)}`,
      model: MODEL,
      content: "4",
      finishReason: "stop",
      usage: { promptTokens: 3, completionTokens: 1 },
    });
  });

  it("signs the hashes of the bytes sent and the bytes delivered", async () => {
    const body = canonicalJson(question("What is 2+2?", { user: "00ff", temperature: 0.5 }));
    const response = await post(body);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const { text, signature, signing_address, signing_algo } = await proof(keyOf(response));
    expect(text).to.equal(signedText(sha256Hex(body), sha256Hex(bytes)));
    expect(recoverTextSigner(text, signature)).to.equal(bench.provider.teeSigner);
    expect([signing_address, signing_algo]).to.deep.equal([bench.provider.teeSigner, "ecdsa"]);
  });

  it("streams with usage and [DONE], and signs all of it", async () => {
    const body = canonicalJson(question("2+2", { stream: true, stream_options: { include_usage: true } }));
    const response = await post(body);
    expect(response.headers.get("content-type")).to.contain("text/event-stream");
    const bytes = new Uint8Array(await response.arrayBuffer());
    const reader = readChatStream();
    reader.push(bytes);
    expect(reader.done()).to.equal(true);
    expect(reader.answer().content).to.equal("4");
    expect(reader.answer().usage).to.deep.equal({ promptTokens: 1, completionTokens: 1 });
    expect(new TextDecoder().decode(bytes).endsWith("data: [DONE]\n\n")).to.equal(true);
    expect((await proof(keyOf(response))).text).to.equal(signedText(sha256Hex(body), sha256Hex(bytes)));
  });

  it("has the signature ready before the last bytes of a stream arrive", async () => {
    const response = await bench.chat(question("tell me a story", { stream: true }));
    const reader = response.body?.getReader();
    if (reader === undefined) throw new Error("no body");
    let text = "";
    while (!text.includes("[DONE]")) {
      const { value, done } = await reader.read();
      if (done) throw new Error("the stream ended without [DONE]");
      text += new TextDecoder().decode(value);
    }
    expect((await bench.signature(keyOf(response))).status).to.equal(200);
    await reader.cancel();
  });

  it("asks for usage when a stream does not, and then signs the rewritten request", async () => {
    const body = question("2+2", { stream: true, z: "<&>" });
    const response = await post(JSON.stringify(body));
    const delivered = await response.text();
    expect(delivered).to.contain('"usage":{"prompt_tokens":1');
    const rewritten = canonicalJson({ ...body, stream_options: { include_usage: true } });
    expect(rewritten).to.contain(String.raw`\u003c\u0026\u003e`);
    expect((await proof(keyOf(response))).text).to.equal(signedText(sha256Hex(rewritten), sha256Hex(delivered)));
  });

  it("leaves a request alone that says it wants no usage", async () => {
    const body = JSON.stringify(question("2+2", { stream: true, stream_options: { include_usage: false } }));
    const response = await post(body);
    const delivered = await response.text();
    expect(delivered).to.not.contain('"usage"');
    expect((await proof(keyOf(response))).text).to.equal(signedText(sha256Hex(body), sha256Hex(delivered)));
    expect(bench.provider.unsettledFee(bench.userAddress), "billed by words").to.equal(300n);
  });

  it("fills in a missing model, rewriting the request", async () => {
    const body = { messages: [{ role: "user", content: "2+2" }], z: 1, a: 1 };
    const response = await post(JSON.stringify(body));
    const delivered = await response.text();
    const rewritten = canonicalJson({ ...body, model: MODEL });
    expect((await proof(keyOf(response))).text).to.equal(signedText(sha256Hex(rewritten), sha256Hex(delivered)));
  });

  it("hashes a body it need not touch byte for byte, whatever its spelling", async () => {
    const body = `{ "model" : "${MODEL}",\n "messages": [ {"role":"user","content":"2+2"} ] }`;
    const response = await post(body);
    const delivered = await response.text();
    expect((await proof(keyOf(response))).text).to.equal(signedText(sha256Hex(body), sha256Hex(delivered)));
  });

  it("bills usage at the chain's prices, exactly", async () => {
    bench.chain.service = { inputPrice: 10n ** 15n + 1n, outputPrice: 10n ** 16n + 3n, teeSignerAcknowledged: true };
    await (await bench.chat()).text();
    const expected = 3n * (10n ** 15n + 1n) + 10n ** 16n + 3n;
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(expected);
    expect(bench.provider.requests().at(-1)?.fee).to.equal(expected);
  });

  it("gives the same answer to the same question, and says what it is", async () => {
    const contents: string[] = [];
    for (let i = 0; i < 2; i++) {
      const response = await bench.chat(question("Who are you?"));
      contents.push(readChatCompletion(await response.json()).content);
    }
    expect(contents[0]).to.contain("not a language model");
    expect(contents[1]).to.equal(contents[0]);
  });

  it("stops at max_tokens and says so", async () => {
    const response = await bench.chat(question("Who are you?", { max_tokens: 2 }));
    const answer = readChatCompletion(await response.json());
    expect(answer.finishReason).to.equal("length");
    expect(answer.usage?.completionTokens).to.equal(2);
    expect(answer.content).to.equal("I am");
  });

  it("answers a request without messages as an upstream would, free of charge", async () => {
    const response = await bench.chat({ model: MODEL, messages: [] });
    expect(response.status).to.equal(400);
    expect(await response.json()).to.deep.equal({
      error: { message: "messages must be a non-empty array", type: "invalid_request_error" },
    });
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(0n);
  });

  describe("paths", () => {
    it("may repeat /v1, end in a slash and carry a query", async () => {
      for (const path of ["/v1/chat/completions", "/chat/completions/", "/chat/completions?x=1"]) {
        const response = await post(canonicalJson(question("2+2")), `/v1/proxy${path}`);
        expect(response.status, path).to.equal(200);
        await response.text();
      }
    });

    it("that lead nowhere are not supported, before anybody is asked who they are", async () => {
      for (const path of ["", "/completions", "/v1/v1/chat/completions", "/chat", "/models"]) {
        const response = await fetch(`${bench.provider.url}/v1/proxy${path}${path === "" ? "/" : ""}`, {
          method: "POST",
        });
        expect(response.status, path).to.equal(400);
        expect(await errorOf(response)).to.equal("unsupported endpoint: endpoint not supported");
      }
    });
  });

  describe("signatures", () => {
    it("are found in any case and with an unescaped model", async () => {
      const response = await bench.chat();
      await response.text();
      const url = `${bench.provider.url}/v1/proxy/signature/${keyOf(response).toUpperCase()}?model=org/a b`;
      expect((await fetch(url, { headers: { "content-type": "application/json" } })).status).to.equal(200);
    });

    it("are not found under an unknown id", async () => {
      for (const id of ["00000000-0000-4000-8000-000000000000", "", "a/b"]) {
        const response = await bench.signature(id);
        expect(response.status, id).to.equal(404);
        expect(await errorOf(response)).to.equal("Chat id not found or expired, chat_id_not_found");
      }
    });

    it("are forgotten after their time", async () => {
      const response = await bench.chat();
      await response.text();
      bench.advance(20 * 60_000 - 1);
      expect((await bench.signature(keyOf(response))).status).to.equal(200);
      bench.advance(1);
      expect((await bench.signature(keyOf(response))).status).to.equal(404);
    });

    it("come from the new key after a rotation", async () => {
      const before = bench.provider.teeSigner;
      const rotated = bench.provider.rotateTeeSigner();
      expect(rotated).to.not.equal(before);
      expect(bench.provider.teeSigner).to.equal(rotated);
      expect(bench.provider.serviceParams().teeSignerAddress).to.equal(rotated);
      const response = await bench.chat();
      await response.text();
      const { text, signature } = await proof(keyOf(response));
      expect(recoverTextSigner(text, signature)).to.equal(rotated);
    });
  });

  it("logs what it served, and no secret", async () => {
    const body = canonicalJson(question("2+2"));
    const response = await post(body);
    const delivered = await response.text();
    await bench.signature(keyOf(response));
    const [chat, signature] = bench.provider.requests();
    expect(chat).to.include({
      method: "POST",
      path: "/v1/proxy/chat/completions",
      status: 200,
      user: bench.userAddress,
      streamed: false,
      chatId: keyOf(response),
      requestHash: sha256Hex(body),
      responseHash: sha256Hex(delivered),
      fee: 400n,
    });
    expect(signature?.path).to.equal(`/v1/proxy/signature/${keyOf(response)}`);
    const text = JSON.stringify(bench.provider.requests(), (_, value: unknown) =>
      typeof value === "bigint" ? value.toString() : value,
    );
    expect(text).to.not.contain("app-sk");
    expect(text).to.not.contain("2+2");
  });
});
