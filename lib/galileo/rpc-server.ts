/**
 * JSON-RPC over HTTP for a simulated chain that lives in this process. Hardhat's own server cannot take a connection
 * that is already open, nor report that a port is taken.
 */

import type { AddressInfo } from "node:net";

import { Transaction } from "ethers";
import type { FastifyInstance } from "fastify";

import { revertDataOf } from "../chain/revert.ts";
import { isHex, type Address, type Hex } from "../hex.ts";
import { asListenError } from "../listen.ts";
import { isLoopbackHost } from "../loopback.ts";
import type { Eip1193 } from "./rpc.ts";

export interface RpcServerOptions {
  readonly rpc: Eip1193;
  /** 0 takes a free one. */
  readonly port: number;
  /** Whether a transaction signed by this account may be taken. */
  readonly mayBroadcast: (sender: Address) => boolean;
  /** Answers that are not the chain's, by method. */
  readonly own?: Readonly<Record<string, () => unknown>>;
}

export interface RpcServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Of JSON-RPC 2.0, and `reverted` of geth, which clients know. */
const CODES = { parse: -32700, invalidRequest: -32600, internal: -32603, refused: -32000, reverted: 3 } as const;
const MAX_BODY = 32 * 1024 * 1024;
const MAX_BATCH = 1_000;

type Id = string | number | null;
type Answer =
  | { jsonrpc: "2.0"; id: Id; result: unknown }
  | { jsonrpc: "2.0"; id: Id; error: { code: number; message: string; data?: unknown } };

interface Call {
  readonly id: Id | undefined;
  readonly method: string;
  readonly params: unknown[];
}

/**
 * Serves `rpc` on 127.0.0.1.
 * @throws {PortTakenError} when another process listens on the port.
 */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { fastify } = await import("fastify");
  const app = fastify({ bodyLimit: MAX_BODY, forceCloseConnections: true });
  refuseForeignPages(app);
  app.setErrorHandler(async (error: { statusCode?: number; message: string }, _request, reply) => {
    await reply.status(error.statusCode ?? 500).send(failed(null, CODES.parse, error.message));
  });
  app.post("/", async (request, reply) => {
    const answer = await answerBody(options, request.body);
    // A notification, or a batch of nothing else, has no answer.
    if (answer === undefined) await reply.status(204).send();
    else await reply.send(answer);
  });
  try {
    await app.listen({ port: options.port, host: "127.0.0.1" });
  } catch (error) {
    await app.close();
    throw asListenError(error, { port: options.port, what: "chain" });
  }
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, close: async () => app.close() };
}

/**
 * No page of another origin may drive the chain: there are no CORS headers, only `application/json` is read (a page
 * cannot send that without asking first), and a host name that merely resolves to 127.0.0.1 is refused.
 */
function refuseForeignPages(app: FastifyInstance): void {
  app.removeContentTypeParser("text/plain");
  app.addHook("onRequest", async (request, reply) => {
    if (isLoopbackHost(request.headers.host)) return;
    await reply.status(403).send(failed(null, CODES.refused, "only 127.0.0.1 and localhost are served"));
  });
}

async function answerBody(options: RpcServerOptions, body: unknown): Promise<Answer | Answer[] | undefined> {
  if (!Array.isArray(body)) return answerOne(options, body);
  if (body.length === 0 || body.length > MAX_BATCH) {
    return failed(null, CODES.invalidRequest, `a batch holds 1 to ${MAX_BATCH} requests, this one ${body.length}`);
  }
  const answers: Answer[] = [];
  // In order, so that a batch of transactions is one sequence.
  for (const request of body as unknown[]) {
    const answer = await answerOne(options, request);
    if (answer !== undefined) answers.push(answer);
  }
  return answers.length === 0 ? undefined : answers;
}

async function answerOne(options: RpcServerOptions, request: unknown): Promise<Answer | undefined> {
  const call = parseCall(request);
  if (call === undefined) return failed(null, CODES.invalidRequest, "not a JSON-RPC 2.0 request");
  const answer = await perform(options, call);
  return call.id === undefined ? undefined : answer;
}

function parseCall(request: unknown): Call | undefined {
  if (typeof request !== "object" || request === null) return undefined;
  const { id, method, params = [] } = request as Record<string, unknown>;
  const idOk = id === undefined || id === null || typeof id === "string" || typeof id === "number";
  if (!idOk || typeof method !== "string" || !Array.isArray(params)) return undefined;
  return { id, method, params };
}

async function perform({ rpc, mayBroadcast, own = {} }: RpcServerOptions, call: Call): Promise<Answer> {
  const { method, params } = call;
  const id = call.id ?? null;
  const answer = Object.hasOwn(own, method) ? own[method] : undefined;
  if (answer !== undefined) return { jsonrpc: "2.0", id, result: answer() };
  const sender = method === "eth_sendRawTransaction" ? senderOf(params[0]) : undefined;
  if (sender !== undefined && !mayBroadcast(sender)) return failed(id, CODES.refused, refusal(sender));
  try {
    return { jsonrpc: "2.0", id, result: await rpc.request({ method, params }) };
  } catch (error) {
    // A live node takes a transaction that will fail and answers with its hash; so does this one.
    const hash = method.startsWith("eth_send") ? minedHashOf(error) : undefined;
    return hash === undefined ? failure(id, error) : { jsonrpc: "2.0", id, result: hash };
  }
}

/** Undefined when it cannot be read; then the chain itself says why. */
function senderOf(raw: unknown): Address | undefined {
  if (!isHex(raw)) return undefined;
  try {
    return (Transaction.from(raw).from as Address | null) ?? undefined;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function refusal(sender: Address): string {
  return (
    `a transaction signed by ${sender} was refused: this chain shares its id with the public Galileo, where the same ` +
    "signature is valid; only the 20 published development accounts may sign here"
  );
}

/** The hash under which a transaction was mined although it failed. */
function minedHashOf(error: unknown): Hex | undefined {
  const { transactionHash, data } = error as { transactionHash?: unknown; data?: { transactionHash?: unknown } };
  const hash = transactionHash ?? data?.transactionHash;
  return isHex(hash) ? hash : undefined;
}

function failure(id: Id, error: unknown): Answer {
  const { message, code } = error as { message: string; code?: unknown };
  const reverted = revertDataOf(error);
  // geth's form, from which every client takes revert data.
  if (reverted !== undefined) return failed(id, CODES.reverted, message, reverted);
  return failed(id, typeof code === "number" ? code : CODES.internal, message);
}

function failed(id: Id, code: number, message: string, data?: unknown): Answer {
  return { jsonrpc: "2.0", id, error: { code, message, ...(data === undefined ? {} : { data }) } };
}
