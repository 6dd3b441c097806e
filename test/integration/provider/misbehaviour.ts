import { expect } from "chai";

import type { Misbehaviour } from "../../../lib/galileo/provider/local-provider.ts";
import { canonicalJson } from "../../../lib/protocol/canonical-json.ts";
import { chatIdFrom, readChatCompletion, readChatStream, signatureIds } from "../../../lib/protocol/chat.ts";
import { parseSignedText, recoverTextSigner, sha256Hex, signedText } from "../../../lib/protocol/signed-text.ts";
import { errorOf, question, startBench, type Bench } from "./support/provider.ts";

describe("local provider: misbehaviour", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await startBench();
  });
  afterEach(() => bench.provider.close());

  const REQUEST = canonicalJson(question("2+2"));
  const STREAM = canonicalJson(question("2+2", { stream: true, stream_options: { include_usage: true } }));

  const send = async (body = REQUEST) =>
    fetch(`${bench.provider.url}/v1/proxy/chat/completions`, { method: "POST", headers: await bench.headers(), body });

  /** Asks once and checks what came, as a verifying client does. */
  const verify = async (how: Misbehaviour | undefined, body = REQUEST) => {
    bench.provider.misbehave(how);
    const response = await send(body);
    const delivered = await response.text();
    const key = response.headers.get("ZG-Res-Key") ?? "";
    const { text, signature } = (await (await bench.signature(key)).json()) as { text: string; signature: string };
    const parsed = parseSignedText(text);
    if (parsed.form !== "two-field") throw new Error(`the signed text is ${text}`);
    return {
      signer: recoverTextSigner(text, signature) === bench.provider.teeSigner,
      request: parsed.requestHash === sha256Hex(body),
      response: parsed.responseHash === sha256Hex(delivered),
      delivered,
    };
  };
  const honest = { signer: true, request: true, response: true };

  it("is off until asked for, and off again when told so", async () => {
    expect(await verify(undefined)).to.include(honest);
    expect(await verify({ kind: "foreign-signature" })).to.include({ signer: false });
    expect(await verify(undefined)).to.include(honest);
  });

  it("lasts as many requests as it is given", async () => {
    bench.provider.misbehave({ kind: "status", status: 500, requests: 2 });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await send()).status);
    expect(statuses).to.deep.equal([500, 500, 200]);
  });

  const lies: [Misbehaviour, Partial<typeof honest>][] = [
    [{ kind: "wrong-signature" }, { ...honest, signer: false }],
    [{ kind: "foreign-signature" }, { ...honest, signer: false }],
    [{ kind: "wrong-request-hash" }, { ...honest, request: false }],
    [{ kind: "altered-body" }, { ...honest, response: false }],
    [{ kind: "replayed-text" }, { signer: true, request: false, response: false }],
  ];
  for (const [how, result] of lies) {
    it(`${how.kind}: breaks exactly the check it is for, plain and streamed`, async () => {
      expect(await verify(how)).to.include(result);
      expect(await verify(how, STREAM)).to.include(result);
    });
  }

  it("altered-body: is still an answer, plain and streamed", async () => {
    const plain = await verify({ kind: "altered-body" });
    expect(readChatCompletion(JSON.parse(plain.delivered)).content).to.equal("~4");
    const streamed = await verify({ kind: "altered-body" }, STREAM);
    const reader = readChatStream();
    reader.push(new TextEncoder().encode(streamed.delivered));
    expect(reader.answer().content).to.equal("~4");
  });

  it("replayed-text: hands out the text of an answer it gave before", async () => {
    bench.provider.misbehave(undefined);
    const earlier = canonicalJson(question("earlier"));
    const delivered = await (await send(earlier)).text();
    bench.provider.misbehave({ kind: "replayed-text" });
    const response = await send();
    await response.text();
    const { text } = (await (await bench.signature(response.headers.get("ZG-Res-Key") ?? "")).json()) as {
      text: string;
    };
    expect(text).to.equal(signedText(sha256Hex(earlier), sha256Hex(delivered)));
  });

  it("missing-key: leaves the id in the body, which still leads to the signature", async () => {
    bench.provider.misbehave({ kind: "missing-key" });
    const response = await send();
    expect(response.headers.has("ZG-Res-Key")).to.equal(false);
    const chatId = chatIdFrom(response.headers, readChatCompletion(await response.json()));
    if (chatId.status !== "found") throw new Error(chatId.status);
    const [dressed = "", bare = ""] = signatureIds(chatId);
    expect((await bench.signature(dressed)).status).to.equal(404);
    expect((await bench.signature(bare)).status).to.equal(200);
  });

  it("missing-key, also in the body: leaves no way to the signature", async () => {
    bench.provider.misbehave({ kind: "missing-key", alsoInBody: true });
    const response = await send();
    const { id = "" } = readChatCompletion(await response.json());
    for (const candidate of signatureIds({ id, source: "body" })) {
      expect((await bench.signature(candidate)).status).to.equal(404);
    }
  });

  it("hostile-key: is an id that no client may put into a URL", async () => {
    bench.provider.misbehave({ kind: "hostile-key" });
    const response = await send();
    expect(chatIdFrom(response.headers, readChatCompletion(await response.json())).status).to.equal("invalid");
  });

  it("no-signature and late-signature: the signature is never there, or not at first", async () => {
    const statuses = async (how: Misbehaviour, times: number) => {
      bench.provider.misbehave(how);
      const response = await send();
      await response.text();
      const found = [];
      for (let i = 0; i < times; i++) {
        found.push((await bench.signature(response.headers.get("ZG-Res-Key") ?? "")).status);
      }
      return found;
    };
    expect(await statuses({ kind: "no-signature" }, 2)).to.deep.equal([404, 404]);
    expect(await statuses({ kind: "late-signature", misses: 2 }, 4)).to.deep.equal([404, 404, 200, 200]);
  });

  it("status: refuses with the status and text asked for, free of charge", async () => {
    bench.provider.misbehave({ kind: "status", status: 502 });
    let response = await send();
    expect([response.status, await errorOf(response)]).to.deep.equal([502, "Bad Gateway"]);
    bench.provider.misbehave({ kind: "status", status: 400, error: "validate session: session token expired" });
    response = await send();
    expect([response.status, await errorOf(response)]).to.deep.equal([400, "validate session: session token expired"]);
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(0n);
  });

  it("hang: never answers, and lets go of a client that leaves", async () => {
    bench.provider.misbehave({ kind: "hang" });
    const leaving = new AbortController();
    const asked = fetch(`${bench.provider.url}/v1/proxy/chat/completions`, {
      method: "POST",
      headers: await bench.headers(),
      body: REQUEST,
      signal: leaving.signal,
    });
    while (bench.provider.requests().at(-1)?.misbehaviour !== "hang") await new Promise((next) => setImmediate(next));
    leaving.abort();
    await asked.then(
      () => expect.fail("an answer came"),
      (error: unknown) => expect(error).to.include({ name: "AbortError" }),
    );
    bench.provider.misbehave(undefined);
    expect((await send()).status).to.equal(200);
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(400n);
  });

  for (const [name, body] of [
    ["plain", REQUEST],
    ["streamed", STREAM],
  ] as const) {
    it(`cut-stream: breaks the connection in the middle of a ${name} body, and bills all of it`, async () => {
      bench.provider.misbehave({ kind: "cut-stream", afterBytes: 10 });
      const response = await send(body);
      expect(response.status).to.equal(200);
      await response.text().then(
        (text) => expect.fail(`all of it came: ${text}`),
        (error: unknown) => expect(error).to.be.instanceOf(TypeError),
      );
      while (bench.provider.requests().at(-1)?.fee === undefined) await new Promise((next) => setImmediate(next));
      expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(400n);
    });
  }

  it("slow: takes its time and is honest otherwise", async () => {
    expect(await verify({ kind: "slow", ms: 1 }, STREAM)).to.include(honest);
  });

  it("inflated-usage: reports and bills too much, under a genuine signature", async () => {
    const lie = await verify({ kind: "inflated-usage", times: 10 });
    expect(lie).to.include(honest);
    expect(readChatCompletion(JSON.parse(lie.delivered)).usage).to.deep.equal({
      promptTokens: 10,
      completionTokens: 10,
    });
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(4000n);
  });

  it("over-billing: reports honestly and bills too much", async () => {
    const lie = await verify({ kind: "over-billing", times: 7 });
    expect(readChatCompletion(JSON.parse(lie.delivered)).usage).to.deep.equal({ promptTokens: 1, completionTokens: 1 });
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(2800n);
  });
});
