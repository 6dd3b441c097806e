/**
 * A provider's server that signs nothing and answers at once, in a process of its own: what a gateway in front of it adds
 * is then the gateway's. Run by Node itself; prints its port.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const MODEL = process.argv[2] ?? "";
const USAGE = { prompt_tokens: 12, completion_tokens: 9, total_tokens: 21 };
const SHARED = { id: "chatcmpl-1", created: 1, model: MODEL };
const TEXT = "Hello there, what can I do for you today?";

const COMPLETION = Buffer.from(
  JSON.stringify({
    ...SHARED,
    object: "chat.completion",
    choices: [{ index: 0, message: { role: "assistant", content: TEXT }, finish_reason: "stop" }],
    usage: USAGE,
  }),
);
const EVENTS = [
  ...TEXT.split(" ").map((content) => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })),
  { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
  { choices: [], usage: USAGE },
].map((part) => `data: ${JSON.stringify({ ...SHARED, object: "chat.completion.chunk", ...part })}\n\n`);
EVENTS.push("data: [DONE]\n\n");

/** What it says is not settled, in neuron; `/owed/<neuron>` changes it. */
let owed = "0";

function json(response: ServerResponse, body: Buffer | object): void {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  response.writeHead(200, { "content-type": "application/json", "content-length": bytes.length });
  response.end(bytes);
}

function chat(response: ServerResponse, request: string): void {
  if (!request.includes('"stream":true')) {
    json(response, COMPLETION);
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of EVENTS) response.write(event);
  response.end();
}

function answer(request: IncomingMessage, response: ServerResponse, body: string): void {
  const path = (request.url ?? "").split("?", 1)[0] ?? "";
  if (path.endsWith("/chat/completions")) chat(response, body);
  else if (path.endsWith("/unsettledfee")) json(response, { unsettledFee: owed });
  else if (path.startsWith("/owed/")) {
    owed = path.slice("/owed/".length);
    json(response, {});
  } else if (path.endsWith("/models")) json(response, { object: "list", data: [{ id: MODEL, object: "model" }] });
  else {
    response.writeHead(404, { "content-type": "application/json" });
    response.end('{"error":"not found"}');
  }
}

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => (body += chunk));
  request.on("end", () => answer(request, response, body));
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
