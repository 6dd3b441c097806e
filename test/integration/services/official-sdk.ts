import { createRequire } from "node:module";
import path from "node:path";

import { createZGComputeNetworkBroker } from "@0gfoundation/0g-compute-ts-sdk";
import { expect } from "chai";
import { JsonRpcProvider, Wallet } from "ethers";
import hre from "hardhat";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { serviceFee } from "../../../lib/compute/ask.ts";
import { readService, type Service } from "../../../lib/compute/providers.ts";
import { readAnswer } from "../../../lib/compute/service-answer.ts";
import type { ServiceRequest } from "../../../lib/compute/service-request.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import type { LocalProvider, ServiceOffer } from "../../../lib/galileo/provider/local-provider.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { REQUESTS } from "./support/market.ts";

type Broker = Awaited<ReturnType<typeof createZGComputeNetworkBroker>>;
type SdkSigner = Parameters<typeof createZGComputeNetworkBroker>[0];

/** A gas price spares the second the SDK waits before every transaction otherwise. Wei. */
const GAS_PRICE = 3_000_000_000;

interface Extractor {
  getInputCount(content: string): Promise<number>;
  getOutputCount(content: string): Promise<number>;
}
type ExtractorClass = new (service: object) => Extractor;

/** One of the SDK's own counters, which it does not export. */
function counterOf(file: string, name: string): Extractor {
  const require = createRequire(import.meta.url);
  const entry = require.resolve("@0gfoundation/0g-compute-ts-sdk");
  const exported = require(path.join(path.dirname(entry), "inference/extractor", file)) as Record<
    string,
    ExtractorClass
  >;
  const Counter = exported[name];
  if (Counter === undefined) throw new Error(`the SDK has no ${name}`);
  return new Counter({});
}

/** Runs SDK code without its announcements, and without the timers it leaves behind. */
async function contained<T>(work: () => Promise<T>): Promise<T> {
  const { log, warn } = console;
  const { setTimeout: startTimer } = globalThis;
  const startLoose = (...args: Parameters<typeof startTimer>) => startTimer(...args).unref();
  console.log = console.warn = () => undefined;
  globalThis.setTimeout = Object.assign(startLoose, startTimer);
  try {
    return await work();
  } finally {
    Object.assign(console, { log, warn });
    globalThis.setTimeout = startTimer;
  }
}

describe("services but chat, and the official SDK", () => {
  let served: ServedGalileo;
  let rpc: JsonRpcProvider;
  let broker: Broker;
  const shops = new Map<ServiceOffer["serviceType"], { provider: LocalProvider; service: Service }>();

  before(async () => {
    served = await serveGalileo(hre, { port: 0, allServices: true });
    rpc = new JsonRpcProvider(served.url, undefined, { cacheTimeout: -1 });
    const wallet = new Wallet(developmentAccount(0).privateKey, rpc);
    broker = await contained(async () => {
      const made = await createZGComputeNetworkBroker(
        wallet as unknown as SdkSigner,
        undefined,
        undefined,
        undefined,
        GAS_PRICE,
      );
      await made.ledger.depositFund(9);
      return made;
    });
    const read = { network: networkNamed("localhost"), provider: rpc };
    for (const provider of served.galileo.providers.slice(3)) {
      const service = await readService(read, provider.address);
      shops.set(service.serviceType as ServiceOffer["serviceType"], { provider, service });
      await contained(async () => broker.ledger.transferFund(provider.address, "inference", 2n * 10n ** 18n));
    }
  });
  after(async () => {
    rpc.destroy();
    await served.close();
  });

  const shop = (type: ServiceOffer["serviceType"]) => {
    const found = shops.get(type);
    if (found === undefined) throw new Error(`nobody sells ${type}`);
    return found;
  };

  /** Sends one of our requests with the SDK's headers to the SDK's endpoint, and lets it process the response. */
  const exchange = async (type: ServiceOffer["serviceType"], request: (model: string) => ServiceRequest) => {
    const { provider, service } = shop(type);
    const { endpoint, model } = await broker.inference.getServiceMetadata(provider.address);
    const headers = await contained(async () => broker.inference.getRequestHeaders(provider.address));
    const sent = request(model);
    const response = await fetch(endpoint + sent.path, {
      method: "POST",
      headers: { "Content-Type": sent.contentType, ...headers },
      body: Buffer.from(sent.body),
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const { answer } = readAnswer(sent, bytes);
    const process = async (content?: string) =>
      contained(async () =>
        broker.inference.processResponse(provider.address, response.headers.get("ZG-Res-Key") ?? "", content),
      );
    return { status: response.status, bytes, sent, answer, service, process };
  };

  it("has images, edits and transcriptions accepted as valid", async () => {
    const drawn = await exchange("text-to-image", (model) => REQUESTS.image(model));
    expect(drawn.status).to.equal(200);
    expect(await drawn.process()).to.equal(true);
    const [image] = drawn.answer.images ?? [];
    const bytes = image !== undefined && "bytes" in image ? image.bytes : new Uint8Array();
    const edited = await exchange("image-editing", (model) => REQUESTS.edit(model, bytes));
    expect(await edited.process()).to.equal(true);
    const heard = await exchange("speech-to-text", (model) => REQUESTS.transcription(model));
    expect(await heard.process(JSON.stringify({ type: "duration", seconds: 1.5 }))).to.equal(true);
  });

  it("counts seconds as we do, halves up and at least one", async () => {
    const { service } = shop("speech-to-text");
    const counter = counterOf("speech-to-text.js", "SpeechToText");
    for (const seconds of [0, 0.1, 0.5, 1.49, 1.5, 2.5, 59.999, 3_600]) {
      const usage = JSON.stringify({ type: "duration", seconds });
      const theirs = BigInt(await counter.getInputCount(usage)) * service.inputPrice;
      const ours = serviceFee(service, "transcription", { unit: "seconds", seconds });
      expect(ours.fee, `${seconds} s`).to.equal(theirs);
      expect(await counter.getOutputCount(usage)).to.equal(0);
    }
  });

  it("counts tokens of transcriptions and of plain chats as we do", async () => {
    const { service } = shop("speech-to-text");
    const usage = { type: "tokens", input_tokens: 7, output_tokens: 3, prompt_tokens: 7, completion_tokens: 3 };
    const measure = { unit: "tokens", promptTokens: 7, completionTokens: 3 } as const;
    for (const [counter, kind] of [
      [counterOf("speech-to-text.js", "SpeechToText"), "transcription"],
      [counterOf("chatbot.js", "ChatBot"), "chat"],
    ] as const) {
      const [input, output] = [
        await counter.getInputCount(JSON.stringify(usage)),
        await counter.getOutputCount(JSON.stringify(usage)),
      ];
      const { fee } = serviceFee(service, kind, measure);
      expect(fee).to.equal(BigInt(input) * service.inputPrice + BigInt(output) * service.outputPrice);
    }
  });

  it("counts images as we do, and takes the wrong price for them: what is billed is the other one", async () => {
    const { provider, service } = shop("text-to-image");
    const counter = counterOf("textToImage.js", "TextToImage");
    const content = JSON.stringify({ n: 3 });
    expect(await counter.getInputCount(content)).to.equal(3);
    expect(await counter.getOutputCount(content)).to.equal(0);
    const user = developmentAccount(0).address;
    const before = provider.unsettledFee(user);
    const drawn = await exchange("text-to-image", (model) => REQUESTS.image(model, { n: 3 }));
    expect(provider.unsettledFee(user) - before).to.equal(serviceFee(service, "image", drawn.answer.measure).fee);
    expect(service.inputPrice).to.equal(0n); // by which the SDK would have it for nothing
  });

  it("cannot process the answer of an embedding service, which we verify", async () => {
    const { status, process, answer } = await exchange("embedding", (model) => REQUESTS.embedding(model));
    expect(status).to.equal(200);
    expect(answer.embeddings).to.have.length(2);
    const failed = await process().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failed).to.be.instanceOf(Error).with.property("message").that.includes("Unknown service type");
  });
});
