/** JSON-RPC 2.0 over HTTP POST, as every server of the embedded network speaks it. */

import type { FastifyInstance } from "fastify";

import { isLoopbackHost } from "../loopback.ts";

export type Id = string | number | null;
export type Answer =
  | { jsonrpc: "2.0"; id: Id; result: unknown }
  | { jsonrpc: "2.0"; id: Id; error: { code: number; message: string; data?: unknown } };

export interface Call {
  readonly id: Id | undefined;
  readonly method: string;
  readonly params: readonly unknown[];
}

export const CODES = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  refused: -32000,
} as const;

const MAX_BATCH = 1_000;

/** Answers one request or a batch, in order. Undefined for a notification, or a batch of nothing else: no answer. */
export async function answerBody(
  body: unknown,
  perform: (call: Call) => Promise<Answer>,
): Promise<Answer | Answer[] | undefined> {
  if (!Array.isArray(body)) return answerOne(body, perform);
  if (body.length === 0 || body.length > MAX_BATCH) {
    return failed(null, CODES.invalidRequest, `a batch holds 1 to ${MAX_BATCH} requests, this one ${body.length}`);
  }
  const answers: Answer[] = [];
  // In order, so that a batch of transactions is one sequence.
  for (const request of body as unknown[]) {
    const answer = await answerOne(request, perform);
    if (answer !== undefined) answers.push(answer);
  }
  return answers.length === 0 ? undefined : answers;
}

async function answerOne(request: unknown, perform: (call: Call) => Promise<Answer>): Promise<Answer | undefined> {
  const call = parseCall(request);
  if (call === undefined) return failed(null, CODES.invalidRequest, "not a JSON-RPC 2.0 request");
  const answer = await perform(call);
  return call.id === undefined ? undefined : answer;
}

function parseCall(request: unknown): Call | undefined {
  if (typeof request !== "object" || request === null) return undefined;
  const { id, method, params = [] } = request as Record<string, unknown>;
  const idOk = id === undefined || id === null || typeof id === "string" || typeof id === "number";
  if (!idOk || typeof method !== "string" || !Array.isArray(params)) return undefined;
  return { id, method, params };
}

export function succeeded(id: Id | undefined, result: unknown): Answer {
  return { jsonrpc: "2.0", id: id ?? null, result };
}

export function failed(id: Id | undefined, code: number, message: string, data?: unknown): Answer {
  return { jsonrpc: "2.0", id: id ?? null, error: { code, message, ...(data === undefined ? {} : { data }) } };
}

/**
 * No page of another origin may drive a server of this machine: there are no CORS headers, only `application/json` is
 * read (a page cannot send that without asking first), and a host name that merely resolves to 127.0.0.1 is refused.
 */
export function refuseForeignPages(app: FastifyInstance): void {
  app.removeContentTypeParser("text/plain");
  app.addHook("onRequest", async (request, reply) => {
    if (isLoopbackHost(request.headers.host)) return;
    await reply.status(403).send(failed(null, CODES.refused, "only 127.0.0.1 and localhost are served"));
  });
}
