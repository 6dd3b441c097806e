import { readFile } from "node:fs/promises";

import { expect } from "chai";
import OpenAI, { toFile } from "openai";

import { deposit, transfer } from "../../../lib/compute/ledger.ts";
import { listServices, type Service } from "../../../lib/compute/providers.ts";
import { bootGalileo, ZG, type TestGalileo, type TestUser } from "../compute/support/galileo.ts";
import { startGateway, type TestGateway } from "./support/gateway.ts";

/** A second of silence as a WAV file. */
function silence(): Buffer {
  const rate = 8_000;
  const header = Buffer.alloc(44);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(36 + rate, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(rate, 40);
  return Buffer.concat([header, Buffer.alloc(rate, 128)]);
}

describe("gateway: every kind of service", () => {
  let world: TestGalileo;
  let user: TestUser;
  let gateway: TestGateway;
  let openai: OpenAI;
  const models = new Map<string, string>();

  const KINDS = ["text-to-image", "image-editing", "speech-to-text", "embedding"] as const;
  before(async () => {
    world = await bootGalileo();
    user = await world.user();
    await deposit(user.ctx, 20n * ZG);
    for (const serviceType of KINDS) {
      const priced = serviceType === "speech-to-text" || serviceType === "embedding";
      const model = `test/${serviceType}`;
      const prices = { inputPrice: priced ? 1_000n : 0n, outputPrice: priced ? 0n : 5_000n };
      const { address } = await world.galileo.registerProvider({ service: { serviceType, model, ...prices } });
      await transfer(user.ctx, { provider: address, amount: 2n * ZG });
      models.set(serviceType, model);
    }
    const services: readonly Service[] = await listServices(world.read);
    gateway = await startGateway(
      user,
      services.filter(({ model }) => [...models.values()].includes(model)),
    );
    openai = gateway.client();
  });
  after(async () => {
    await gateway.close();
    await world.close();
  });

  const model = (serviceType: (typeof KINDS)[number]) => models.get(serviceType) ?? "";
  /** The verdict of the last answer, once there is one. */
  const verdict = async () => {
    for (;;) {
      const lines = await gateway.spending();
      const asked = lines.findLast(({ event }) => event === "asked");
      const checked = lines.find(({ event, id }) => event === "checked" && id === asked?.["id"]);
      if (checked !== undefined) return checked;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const fee = async () => (await gateway.spending()).findLast(({ event }) => event === "answered");

  it("makes images, charges for as many as were asked for, and checks each", async () => {
    const made = await openai.images.generate({
      model: model("text-to-image"),
      prompt: "a house",
      n: 2,
      size: "512x512",
    });
    expect(made.data).to.have.length(2);
    expect(made.data?.[0]?.b64_json).to.be.a("string");
    expect(await verdict()).to.include({ verdict: "verified" });
    expect(await fee()).to.include({ fee: "10000", outcome: "answered" });
  });

  it("checks images that an answer only names", async () => {
    const format = { response_format: "url" } as const;
    const made = await openai.images.generate({ model: model("text-to-image"), prompt: "a house", ...format });
    expect(made.data?.[0]?.url).to.match(/^http/);
    expect(await verdict()).to.include({ verdict: "verified" });
  });

  it("edits an image", async () => {
    const { data } = await openai.images.generate({ model: model("text-to-image"), prompt: "a house" });
    const image = await toFile(Buffer.from(data?.[0]?.b64_json ?? "", "base64"), "house.png", { type: "image/png" });
    const edited = await openai.images.edit({ model: model("image-editing"), image, prompt: "a red door" });
    expect(edited.data?.[0]?.b64_json).to.be.a("string");
    expect(await verdict()).to.include({ verdict: "verified" });
  });

  it("transcribes audio, plain and streamed", async () => {
    const audio = async () => toFile(silence(), "silence.wav", { type: "audio/wav" });
    const said = await openai.audio.transcriptions.create({ model: model("speech-to-text"), file: await audio() });
    expect(said.text).to.be.a("string");
    expect(await verdict()).to.include({ verdict: "verified" });
    expect(await fee()).to.include({ fee: "1000" });

    const form = new FormData();
    form.set("model", model("speech-to-text"));
    form.set("stream", "true");
    form.set("file", new Blob([new Uint8Array(silence())], { type: "audio/wav" }), "silence.wav");
    const headers = { authorization: `Bearer ${gateway.key}` };
    const response = await fetch(`${gateway.url}/v1/audio/transcriptions`, { method: "POST", headers, body: form });
    expect(await response.text()).to.include("transcript.text.done");
    expect(await verdict()).to.include({ verdict: "verified" });
  });

  it("finds the model of a form wherever it stands, and fills it in where there is one only", async () => {
    const form = new FormData();
    form.set("file", new Blob([new Uint8Array(silence())], { type: "audio/wav" }), "silence.wav");
    const headers = { authorization: `Bearer ${gateway.key}` };
    const response = await fetch(`${gateway.url}/v1/audio/transcriptions`, { method: "POST", headers, body: form });
    expect(response.status).to.equal(200);
    expect(await verdict()).to.include({ verdict: "verified" });
  });

  it("embeds text", async () => {
    const { data } = await openai.embeddings.create({ model: model("embedding"), input: ["one", "two"] });
    expect(data).to.have.length(2);
    expect(await verdict()).to.include({ verdict: "verified" });
  });

  it("lists the model of each, with the path it is served at", async () => {
    const list = (await (await gateway.get("/v1/models")).json()) as { data: { id: string; endpoint: string }[] };
    expect(list.data.map(({ id, endpoint }) => [id, endpoint])).to.have.deep.members([
      ["test/text-to-image", "/v1/images/generations"],
      ["test/image-editing", "/v1/images/edits"],
      ["test/speech-to-text", "/v1/audio/transcriptions"],
      ["test/embedding", "/v1/embeddings"],
    ]);
    expect(await openai.models.retrieve("test/embedding")).to.include({ id: "test/embedding", object: "model" });
  });

  it("does not serve a model at another kind's path", async () => {
    const error = await openai.embeddings
      .create({ model: model("text-to-image"), input: "x" })
      .catch((e: unknown) => e);
    expect(error).to.be.instanceOf(OpenAI.NotFoundError);
    expect(error).to.have.property("code", "model_not_found");
  });

  it("keeps neither prompts nor keys in its log", async () => {
    const text = await readFile(`${gateway.folder}/spending.jsonl`, "utf8");
    expect(text).to.not.match(/a house|red door|sk-zg|app-sk|Bearer/);
  });
});
