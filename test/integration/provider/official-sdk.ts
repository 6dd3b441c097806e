import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { createZGComputeNetworkBroker } from "@0gfoundation/0g-compute-ts-sdk";
import { expect } from "chai";
import { JsonRpcProvider, Wallet } from "ethers";
import hre from "hardhat";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { readChatCompletion, readChatStream } from "../../../lib/protocol/chat.ts";

type Broker = Awaited<ReturnType<typeof createZGComputeNetworkBroker>>;
/** The SDK's declarations name the CommonJS build of the same ethers. */
type SdkSigner = Parameters<typeof createZGComputeNetworkBroker>[0];

/** A gas price spares the second the SDK waits before every transaction otherwise. Wei. */
const GAS_PRICE = 3_000_000_000;

/**
 * Runs SDK code without its announcements on the console, and without the timer of five minutes that it leaves behind
 * after every transaction, which would keep the test process waiting for it.
 */
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

describe("local provider and the official SDK, unmodified", () => {
  let served: ServedGalileo;
  let rpc: JsonRpcProvider;
  let broker: Broker;
  let provider: ServedGalileo["galileo"]["providers"][number];
  before(async () => {
    served = await serveGalileo(hre, { port: 0 });
    provider = served.galileo.provider(0);
    // Without this ethers hands the SDK stale nonces on a chain that mines at once.
    rpc = new JsonRpcProvider(served.url, undefined, { cacheTimeout: -1 });
    const wallet = new Wallet(developmentAccount(0).privateKey, rpc);
    broker = await contained(async () =>
      createZGComputeNetworkBroker(wallet as unknown as SdkSigner, undefined, undefined, undefined, GAS_PRICE),
    );
  });
  after(async () => {
    rpc.destroy();
    await served.close();
  });

  const chat = async (body: object) => {
    const { endpoint, model } = await broker.inference.getServiceMetadata(provider.address);
    const headers = await contained(async () => broker.inference.getRequestHeaders(provider.address));
    return fetch(`${endpoint}/chat/completions`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "What is 2+2?" }], ...body }),
    });
  };

  it("lists the endorsed providers", async () => {
    const services = await broker.inference.listService();
    expect(services.map((service) => service.provider)).to.deep.equal(
      served.galileo.providers.slice(0, 2).map(({ address }) => address),
    );
  });

  it("deposits, transfers and acknowledges", async () => {
    await contained(async () => {
      await broker.ledger.depositFund(5);
      await broker.ledger.transferFund(provider.address, "inference", 2n * 10n ** 18n);
      await broker.inference.acknowledgeProviderSigner(provider.address);
    });
    expect(await broker.inference.acknowledged(provider.address)).to.equal(true);
  });

  it("has an answer accepted: headers, chat, processResponse", async () => {
    const response = await chat({});
    expect(response.status).to.equal(200);
    expect(readChatCompletion(await response.json()).content).to.equal("4");
    const key = response.headers.get("ZG-Res-Key") ?? "";
    expect(await broker.inference.processResponse(provider.address, key)).to.equal(true);
  });

  it("has a streamed answer accepted", async () => {
    const response = await chat({ stream: true });
    const reader = readChatStream();
    reader.push(new Uint8Array(await response.arrayBuffer()));
    expect(reader.answer()).to.include({ content: "4" });
    const usage = JSON.stringify({ input_tokens: 1, output_tokens: 1 });
    const key = response.headers.get("ZG-Res-Key") ?? "";
    expect(await broker.inference.processResponse(provider.address, key, usage)).to.equal(true);
  });

  it("has a foreign signature refused", async () => {
    provider.misbehave({ kind: "foreign-signature", requests: 1 });
    const response = await chat({});
    await response.text();
    const key = response.headers.get("ZG-Res-Key") ?? "";
    expect(await broker.inference.processResponse(provider.address, key)).to.equal(false);
  });

  it("makes API keys that work until they are revoked", async () => {
    const { endpoint } = await broker.inference.getServiceMetadata(provider.address);
    const { rawToken, tokenId } = await broker.inference.requestProcessor.createApiKey(provider.address, {});
    const ask = async () =>
      fetch(`${endpoint}/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${rawToken}` },
        body: JSON.stringify({ messages: [{ role: "user", content: "1+1" }] }),
      });
    expect((await ask()).status).to.equal(200);
    await contained(async () => broker.inference.revokeApiKey(provider.address, tokenId, GAS_PRICE));
    const refused = await ask();
    expect(await refused.json()).to.deep.equal({ error: "validate session: session token has been revoked" });
  });

  it("passes both of its checks of the report, which claims no hardware", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "galileo-report-"));
    try {
      const result = await contained(async () => broker.inference.verifyService(provider.address, folder));
      expect(result?.signerVerification?.allMatch).to.equal(true);
      expect(result?.composeVerification?.passed).to.equal(true);
      expect(await readdir(folder)).to.deep.equal(["attestation_report.json"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("pays in the end", async () => {
    const owed = provider.unsettledFee(developmentAccount(0).address);
    expect(owed > 0n).to.equal(true);
    const before = await broker.inference.getAccount(provider.address);
    const [outcome] = await provider.settle();
    expect(outcome).to.include({ status: "success", totalFee: owed });
    const after = await broker.inference.getAccount(provider.address);
    expect(before.balance - after.balance).to.equal(owed);
  });
});
