/** The HTTP face of a storage node or an indexer. */

import type { FastifyInstance } from "fastify";

import { pause } from "../../pause.ts";
import { answerBody, CODES, failed, refuseForeignPages, succeeded, type Answer, type Call } from "../json-rpc.ts";
import { byteBudget } from "./byte-budget.ts";
import type { Outage } from "./misbehaviour.ts";
import { RpcRefusal } from "./refusal.ts";

export type Method = (params: readonly unknown[]) => Promise<unknown>;

/** Bytes of one request: 28 segments are 10 MiB in base64, the most the official SDK can send. */
const MAX_BODY = 32 * 2 ** 20;
/** Bytes of all requests that are being read or answered. More wait, unread: clients send a whole file at once. */
const MAX_BODIES = 16 * 2 ** 20;

export interface StorageAppParts {
  readonly methods: Readonly<Record<string, Method>>;
  /** Asked for every request, and once more before its answer. */
  readonly temper: {
    next(...kinds: readonly Outage["kind"][]): Outage | undefined;
    peek(): { readonly kind: string } | undefined;
  };
  readonly closing: AbortSignal;
  /** Told of every method that was asked for. */
  readonly note: (method: string) => void;
}

function noSchemas(): never {
  throw new Error("routes of local storage have no schemas");
}

/** Builds the app, which something else listens for. Imports fastify only now: nothing else has to pay for it. */
export async function storageApp({ methods, temper, closing, note }: StorageAppParts): Promise<FastifyInstance> {
  const { fastify } = await import("fastify");
  const app = fastify({
    bodyLimit: MAX_BODY,
    forceCloseConnections: true,
    schemaController: { compilersFactory: { buildValidator: () => noSchemas, buildSerializer: () => noSchemas } },
  });
  const budget = byteBudget(MAX_BODIES);
  refuseForeignPages(app);
  // fastify's own parser searches every string for keys that no object of ours is merged with.
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => {
    try {
      done(null, JSON.parse(body.toString("utf8")));
    } catch (error) {
      done(Object.assign(error as Error, { statusCode: 400 }));
    }
  });
  app.addHook("onRequest", async (request, reply) => {
    const { "content-length": length, "transfer-encoding": encoding } = request.headers;
    const unknown = encoding === undefined ? 0 : MAX_BODY;
    const release = await budget.take(Math.min(Number(length ?? unknown), MAX_BODY));
    if (reply.raw.destroyed) release();
    else reply.raw.once("close", release);
  });
  app.setErrorHandler(async (error: { statusCode?: number; message: string }, _request, reply) => {
    await reply.status(error.statusCode ?? 500).send(failed(null, CODES.parse, error.message));
  });
  app.post("/", async (request, reply) => {
    const outage = temper.next("dead", "hang", "slow");
    if (outage?.kind === "hang") return reply.hijack();
    if (outage?.kind === "slow") await pause(outage.ms, closing, "A slow answer");
    const answer = await answerBody(request.body, async (call) => {
      note(call.method);
      return outage?.kind === "dead" ? failed(call.id, CODES.internal, "dead") : perform(methods, call);
    });
    if (outage?.kind === "dead" || temper.peek()?.kind === "dead") {
      reply.hijack();
      reply.raw.destroy();
      return undefined;
    }
    return answer === undefined ? reply.status(204).send() : reply.send(answer);
  });
  return app;
}

async function perform(methods: StorageAppParts["methods"], { id, method, params }: Call): Promise<Answer> {
  const perform = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (perform === undefined) return failed(id, CODES.methodNotFound, "Method not found");
  try {
    return succeeded(id, await perform(params));
  } catch (error) {
    if (error instanceof RpcRefusal) return failed(id, error.code, error.message, error.data);
    return failed(id, CODES.internal, "Internal error", error instanceof Error ? error.message : String(error));
  }
}
