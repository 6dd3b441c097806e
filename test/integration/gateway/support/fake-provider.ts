/** A server in a provider's place that does what a test tells it, registered on the embedded network. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { readService, type Service } from "../../../../lib/compute/providers.ts";
import type { TestGalileo } from "../../compute/support/galileo.ts";

export interface FakeProvider {
  readonly service: Service;
  /** What chats it was asked for, oldest first. */
  readonly asked: readonly string[];
  /** Connections that were closed before their answer was whole. */
  readonly left: number;
  close(): Promise<void>;
}

/** Answers a paid request; everything else is answered for it: no unsettled fees, an empty list of models. */
export type Behaviour = (response: ServerResponse, body: string, request: IncomingMessage) => void;

export async function fakeProvider(world: TestGalileo, model: string, behave: Behaviour): Promise<FakeProvider> {
  const asked: string[] = [];
  let left = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = request.url ?? "";
      const json = (body: object) => response.end(JSON.stringify(body));
      if (path.includes("/unsettledfee")) json({ unsettledFee: "0" });
      else if (path.endsWith("/v1/models")) json({ data: [] });
      else if (request.method === "POST") {
        response.once("close", () => (left += response.writableFinished ? 0 : 1));
        const body = Buffer.concat(chunks).toString("latin1");
        asked.push(body);
        response.setHeader("content-type", "application/json");
        behave(response, body, request);
      } else response.writeHead(404).end('{"error":"Chat id not found or expired, chat_id_not_found"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const address = await world.galileo.registerService({ url, model });
  return {
    service: await readService(world.read, address),
    asked,
    get left() {
      return left;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A completion as a model writes it. */
export function completion(content: string, usage: object = { prompt_tokens: 1, completion_tokens: 1 }): string {
  const choices = [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }];
  return JSON.stringify({ id: "chatcmpl-fake", object: "chat.completion", created: 1, model: "m", choices, usage });
}

/** One event of a stream. */
export function event(content: string): string {
  return `data: ${JSON.stringify({ id: "chatcmpl-fake", choices: [{ index: 0, delta: { content } }] })}\n\n`;
}
