import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";
import hre from "hardhat";

import { createBroker } from "../../../lib/broker/broker.ts";
import { UsageError } from "../../../lib/errors.ts";
import { serveGalileo } from "../../../lib/galileo/serve.ts";
import { parseAmount } from "../../../lib/units.ts";
import { PortTakenError } from "../../../lib/listen.ts";

const MODEL = "a-model-of-my-own";

/** An OpenAI-compatible server, as small as one can be. */
async function openAiServer(): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      response.setHeader("content-type", "application/json");
      if (request.url?.endsWith("/models") === true) return response.end(JSON.stringify({ data: [{ id: MODEL }] }));
      const message = { role: "assistant", content: "four, says the upstream" };
      const usage = { prompt_tokens: 5, completion_tokens: 4, total_tokens: 9 };
      const choices = [{ index: 0, message, finish_reason: "stop" }];
      return response.end(
        JSON.stringify({ id: "chatcmpl-1", object: "chat.completion", model: MODEL, choices, usage }),
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** The first of three ports in a row that nobody listens on just now. */
async function threeFreePorts(): Promise<number> {
  for (let first = 20_000 + Math.floor(Math.random() * 10_000); ; first += 3) {
    const servers = [first, first + 1, first + 2].map((port) => createServer().listen(port, "127.0.0.1"));
    const opened = await Promise.allSettled(servers.map(async (server) => once(server, "listening")));
    for (const server of servers) server.close();
    if (opened.every(({ status }) => status === "fulfilled")) return first;
  }
}

describe("serveGalileo", () => {
  it("lets an OpenAI-compatible server answer, under that server's model name", async () => {
    const { url, server } = await openAiServer();
    const served = await serveGalileo(hre, { port: 0, upstream: url });
    try {
      expect(served.providers.map(({ model }) => model)).to.deep.equal([MODEL, MODEL, MODEL]);
      const { signer } = await served.galileo.fundedUser();
      const { ledger, inference } = createBroker(signer, { network: "localhost" });
      const provider = served.galileo.provider(0).address;
      await ledger.depositFund(parseAmount("2"));
      await ledger.transferFund(provider, parseAmount("1.5"));
      const answer = await inference.chat(provider, { messages: [{ role: "user", content: "What is 2+2?" }] });
      expect(answer.content).to.equal("four, says the upstream");
    } finally {
      await served.close();
      server.closeAllConnections();
      server.close();
    }
  });

  it("refuses an upstream that does not answer, before anything is started", async () => {
    const error: unknown = await serveGalileo(hre, { port: 0, upstream: "http://127.0.0.1:1" }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(UsageError);
  });

  it("says so when the chain's port is taken", async () => {
    const taken = await serveGalileo(hre, { port: 0 });
    try {
      const ports = { port: Number(new URL(taken.url).port), providerPort: 0 };
      const error: unknown = await serveGalileo(hre, ports).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(PortTakenError);
    } finally {
      await taken.close();
    }
  });

  it("puts the providers on consecutive ports when told where to begin", async () => {
    const free = await threeFreePorts();
    const served = await serveGalileo(hre, { port: 0, providerPort: free });
    try {
      expect(served.providers.map(({ url }) => Number(new URL(url).port))).to.deep.equal([free, free + 1, free + 2]);
    } finally {
      await served.close();
    }
  });
});
