import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import hre from "hardhat";

import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import type { LocalProvider } from "../../../lib/galileo/provider/local-provider.ts";
import { pngSize } from "../../../lib/galileo/provider/responders/png.ts";
import { sha256Hex } from "../../../lib/protocol/signed-text.ts";
import { runTask, type Machine } from "../../support/in-process.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { tone } from "./support/tone.ts";

const MODELS = {
  image: "not-an-image-model",
  edit: "not-an-image-editor",
  transcribe: "not-a-speech-model",
  embed: "not-an-embedding-model",
} as const;

const CHAT = "not-a-language-model";

interface ImageAnswer {
  readonly file: string;
  readonly images: readonly { readonly file: string; readonly sha256: string }[];
  readonly verification: { readonly status: string; readonly mintable: boolean };
}

describe("inference image, edit, transcribe, embed and finish", function () {
  this.timeout(60_000);

  let served: ServedGalileo;
  let home: TemporaryFolder;
  let machine: Machine;
  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0, allServices: true }), temporaryFolder()]);
    machine = { url: served.url, home: home.path };
    await succeed("ledger", "deposit", "7");
    for (const model of [...Object.values(MODELS), CHAT]) await succeed("ledger", "transfer", model, "1.1");
    await writeFile(at("talk.wav"), tone(2.5));
  });
  after(async () => {
    await served.close();
    await home.remove();
  });

  const at = (name: string) => path.join(home.path, name);
  const run = async (...words: string[]) => runTask(machine, "inference", words[0] ?? "", ...words.slice(1));

  async function succeed<T = Record<string, unknown>>(group: string, verb: string, ...words: string[]): Promise<T> {
    const { code, answer } = await runTask(machine, group, verb, ...words);
    expect(code, JSON.stringify(answer)).to.equal(0);
    if (!answer.ok) throw new Error(JSON.stringify(answer));
    return answer.data as T;
  }

  async function refuse(code: string, exit: number, ...words: string[]): Promise<string> {
    const ended = await run(...words);
    expect(ended.answer).to.have.nested.property("error.code", code);
    expect(ended.code).to.equal(exit);
    return (ended.answer as { error: { message: string } }).error.message;
  }

  function provider(model: string): LocalProvider {
    const found = served.providers.find(({ model: listed }) => listed.endsWith(model));
    const own = served.galileo.providers.find(({ address }) => address === found?.address);
    if (own === undefined) throw new Error(`nobody serves ${model}`);
    return own;
  }

  it("draws, writes a file for each image and a receipt that checks, all for the owner alone", async () => {
    const words = ["--prompt", "A lighthouse", "--n", "2", "--size", "32x16", "--out", at("light.png")];
    const drawn = await succeed<ImageAnswer>("inference", "image", ...words);
    expect(drawn.images.map(({ file }) => file)).to.deep.equal([at("light-1.png"), at("light-2.png")]);
    for (const { file, sha256 } of drawn.images) {
      const bytes = await readFile(file);
      expect(pngSize(bytes)).to.deep.equal({ width: 32, height: 16 });
      expect(sha256Hex(bytes)).to.equal(sha256);
      expect((await stat(file)).mode & 0o777).to.equal(0o600);
    }
    expect(drawn.verification).to.include({ status: "verified", mintable: false });
    expect(drawn).not.to.have.property("receipt");
    expect(await succeed("inference", "verify", drawn.file)).to.include({ status: "verified" });
  });

  it("keeps images where nobody said otherwise, and mints one, not two", async () => {
    const one = await succeed<ImageAnswer>("inference", "image", "--prompt", "A cat", "--format", "url", "--async");
    expect(path.dirname(one.images[0]?.file ?? "")).to.equal(at(".0g/localhost/outputs"));
    expect(one.verification.mintable).to.equal(true);
    await succeed("inft", "deploy");
    const { tokenId } = await succeed<{ tokenId: string }>("inft", "mint", one.file);
    const opened = await succeed<{ data: { files: { name: string; base64?: string }[] }[] }>(
      "inft",
      "decrypt",
      tokenId,
    );
    const image = opened.data[0]?.files.find(({ name }) => name === "response.png");
    expect(sha256Hex(Buffer.from(image?.base64 ?? "", "base64"))).to.equal(one.images[0]?.sha256);
    const two = await succeed<ImageAnswer>("inference", "image", "--prompt", "Cats", "--n", "2");
    const ended = await runTask(machine, "inft", "mint", two.file);
    expect(ended.answer).to.have.nested.property("error.code", "ZG_RESULT_NOT_MINTABLE");
    expect(ended.code).to.equal(5);
  });

  it("edits a file", async () => {
    await succeed("inference", "image", "--prompt", "A lighthouse", "--size", "24x24", "--out", at("day.png"));
    const words = [at("day.png"), "--prompt", "Make it night", "--out", at("night.png"), "--receipt", at("night.json")];
    const edited = await succeed<ImageAnswer>("inference", "edit", ...words);
    expect(edited.file).to.equal(at("night.json"));
    expect(pngSize(await readFile(at("night.png")))).to.deep.equal({ width: 24, height: 24 });
    expect(await succeed("inference", "verify", at("night.json"))).to.include({ status: "verified" });
  });

  it("transcribes a file, as text on stdout and as subtitles into a file, streamed or not", async () => {
    const plain = await succeed<{ content: string; fee: string }>("inference", "transcribe", at("talk.wav"));
    expect(plain.content).to.contain("2.5 seconds of sound");
    expect(plain.fee).to.equal("300000000000000");
    await succeed("inference", "transcribe", at("talk.wav"), "--format", "srt", "--out", at("talk.srt"));
    expect(await readFile(at("talk.srt"), "utf8")).to.match(/^1\n00:00:00,000 --> 00:00:02,500\n/);
    const streamed = await succeed<{ content: string; file: string }>(
      "inference",
      "transcribe",
      at("talk.wav"),
      "--stream",
    );
    expect(streamed.content).to.equal(plain.content);
    expect(await succeed("inference", "verify", streamed.file)).to.include({ status: "verified" });
  });

  it("embeds texts from the command and from a file", async () => {
    await writeFile(at("texts.json"), JSON.stringify(["third"]));
    const words = ["first", "second", "--file", at("texts.json"), "--dimensions", "16", "--out", at("vectors.json")];
    const { embeddings } = await succeed<{ embeddings: number[][] }>("inference", "embed", ...words);
    expect(embeddings.map((vector) => vector.length)).to.deep.equal([16, 16, 16]);
    expect(JSON.parse(await readFile(at("vectors.json"), "utf8"))).to.deep.equal(embeddings);
  });

  it("stops after the plan when told to", async () => {
    const asked = () =>
      provider(MODELS.image)
        .requests()
        .filter(({ method }) => method === "POST").length;
    const before = asked();
    const planned = await succeed("inference", "image", "--prompt", "x", "--n", "3", "--dry-run");
    expect(planned).to.include({ dryRun: true });
    expect(planned["plan"]).to.include({ total: "12000000000000000" });
    await refuse("ZG_MAX_SPEND", 3, "image", "--prompt", "x", "--n", "3", "--max-spend", "0.001");
    expect(asked()).to.equal(before);
  });

  describe("bad input", () => {
    const cases: [string, number, string, (at: (name: string) => string) => string[]][] = [
      ["a missing file", 2, "ZG_USAGE", (file) => ["transcribe", file("nothing.wav")]],
      ["a folder", 2, "ZG_USAGE", (file) => ["edit", file("."), "--prompt", "x"]],
      ["no file", 2, "ZG_USAGE", () => ["transcribe"]],
      ["no prompt", 2, "ZG_USAGE", () => ["image"]],
      ["an unknown size", 2, "ZG_USAGE", () => ["image", "--prompt", "x", "--size", "large"]],
      ["an unknown format of images", 2, "ZG_USAGE", () => ["image", "--prompt", "x", "--format", "png"]],
      ["an unknown format of text", 2, "ZG_USAGE", (file) => ["transcribe", file("talk.wav"), "--format", "pdf"]],
      [
        "subtitles as a stream",
        2,
        "ZG_USAGE",
        (file) => ["transcribe", file("talk.wav"), "--format", "srt", "--stream"],
      ],
      ["no images", 2, "ZG_USAGE", () => ["image", "--prompt", "x", "--n", "0"]],
      ["no texts", 2, "ZG_USAGE", () => ["embed"]],
      ["a list of numbers", 2, "ZG_USAGE", (file) => ["embed", "--file", file("numbers.json")]],
      [
        "a file above --max-size",
        2,
        "ZG_UPLOAD_TOO_LARGE",
        (file) => ["transcribe", file("talk.wav"), "--max-size", "1kB"],
      ],
      ["a model that chats", 2, "ZG_SERVICE_TYPE", () => ["image", "--prompt", "x", "--provider", "provider-0"]],
      [
        "an image model asked to chat",
        2,
        "ZG_SERVICE_TYPE",
        () => ["chat", "--prompt", "x", "--provider", MODELS.image],
      ],
      ["a size that no model draws", 3, "ZG_PROVIDER_REFUSED", () => ["image", "--prompt", "x", "--size", "9999x9999"]],
      [
        "a place that cannot be written to",
        2,
        "ZG_NOT_WRITABLE",
        (file) => ["image", "--prompt", "x", "--out", file("talk.wav/x.png")],
      ],
    ];
    before(async () => {
      await writeFile(at("numbers.json"), "[1,2]");
    });
    for (const [name, exit, code, words] of cases) {
      it(`names ${name} (${code})`, async () => {
        await refuse(code, exit, ...words(at));
      });
    }

    it("names an empty file", async () => {
      await writeFile(at("empty.wav"), "");
      expect(await refuse("ZG_USAGE", 2, "transcribe", at("empty.wav"))).to.contain("it is empty");
    });
  });

  describe("a provider that lies or fails", () => {
    afterEach(() => {
      for (const model of Object.values(MODELS)) provider(model).misbehave(undefined);
    });

    it("is refused with exit code 5, and what came is shown all the same", async () => {
      provider(MODELS.image).misbehave({ kind: "altered-body" });
      await refuse("ZG_SIG_UNBOUND", 5, "image", "--prompt", "x");
      provider(MODELS.transcribe).misbehave({ kind: "foreign-signature" });
      await refuse("ZG_SIG_SIGNER", 5, "transcribe", at("talk.wav"));
      provider(MODELS.image).misbehave({ kind: "foreign-image-url" });
      await refuse("ZG_IMAGE_ADDRESS", 5, "image", "--prompt", "x", "--format", "url");
    });

    it("that hangs or breaks off is given up", async () => {
      provider(MODELS.transcribe).misbehave({ kind: "hang" });
      await refuse("ZG_PROVIDER_TIMEOUT", 4, "transcribe", at("talk.wav"), "--timeout", "1");
      provider(MODELS.transcribe).misbehave({ kind: "cut-stream" });
      await refuse("ZG_RESPONSE_CUT", 4, "transcribe", at("talk.wav"));
    });

    it("that withheld its signature can be held to it later: chat, images and text", async () => {
      const folder = at(".0g/localhost/answers");
      const kept = async () => (await readdir(folder)).filter((name) => name.endsWith(".json"));
      const before = await kept().catch(() => []);
      const asked: [string, string, string[]][] = [
        [MODELS.image, "image", ["--prompt", "Later", "--format", "url", "--n", "2"]],
        [MODELS.transcribe, "transcribe", [at("talk.wav")]],
        [CHAT, "chat", ["--prompt", "What is 2+2?"]],
      ];
      for (const [model, verb, words] of asked) {
        // Three look-ups fail when it is asked, the next one succeeds.
        provider(model).misbehave({ kind: "late-signature", misses: 3 });
        await refuse("ZG_SIGNATURE_MISSING", 5, verb, ...words);
        provider(model).misbehave(undefined);
      }
      const { answers } = await succeed<{ answers: { file: string; chatId: string; model: string }[] }>(
        "inference",
        "finish",
      );
      expect(answers.map(({ model }) => model)).to.include.members(asked.map(([model]) => `local/${model}`));
      for (const { chatId, model } of answers.slice(before.length)) {
        const finished = await succeed<ImageAnswer>("inference", "finish", chatId);
        expect(finished.verification.status).to.equal("verified");
        if (model.endsWith(MODELS.image)) expect(finished.images).to.have.length(2);
        expect(await succeed("inference", "verify", finished.file)).to.include({ status: "verified" });
      }
      expect(await kept()).to.deep.equal(before);
      await refuse("ZG_USAGE", 2, "finish", "no-such-answer");
      await refuse("ZG_RECEIPT_MALFORMED", 2, "finish", at("numbers.json"));
    });
  });

  it("lists every kind of service with its unit, and filters by price of it", async () => {
    const { services } = await succeed<{ services: { model: string; units: object }[] }>(
      "provider",
      "list",
      "--max-price",
      "0.01",
    );
    expect(services.map(({ model, units }) => [model.replace("local/", ""), units])).to.deep.equal([
      [MODELS.image, { output: "image" }],
      [MODELS.edit, { output: "image" }],
      [MODELS.transcribe, { input: "second" }],
      [MODELS.embed, { input: "token" }],
    ]);
  });
});
