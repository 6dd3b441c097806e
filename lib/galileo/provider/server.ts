/** The HTTP face of a provider: which path leads where, and how refusals look. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { ZgError } from "../../errors.ts";
import { checksum } from "../../hex.ts";
import { CHAT_ID_HEADER, MAX_REQUEST_BYTES } from "../../protocol/constants.ts";
import { imageExtension } from "../../protocol/images.ts";
import { serveBilled, type BilledCall } from "./billed.ts";
import { send } from "./delivery.ts";
import { modelList } from "./description.ts";
import type { ProviderParts } from "./parts.ts";
import { answersKind, type BilledKind } from "./paths.ts";
import { localQuote } from "./quote.ts";
import { Refusal, statusText } from "./refusal.ts";
import type { RequestNote } from "./request-log.ts";
import { proxyRoute } from "./route.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;
const RATE_HEADERS = ["requests", "tokens", "images"] as const;
const NO_REPORT =
  "LLM attestation report is not available for this provider. This service forwards to an upstream API without local TEE attestation.";

function noSchemas(): never {
  throw new Error("routes of a local provider have no schemas");
}

/** Builds the app, which something else listens for. Imports fastify only now: nothing else has to pay for it. */
export async function providerServer(parts: ProviderParts): Promise<FastifyInstance> {
  const { fastify } = await import("fastify");
  const app = fastify({
    bodyLimit: MAX_REQUEST_BYTES,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 2000 },
    // No route has a schema; without this, fastify loads two schema compilers, which doubles the time to start.
    schemaController: { compilersFactory: { buildValidator: () => noSchemas, buildSerializer: () => noSchemas } },
  });
  const notes = new WeakMap<FastifyRequest, RequestNote>();
  const noteOf = (request: FastifyRequest): RequestNote => notes.get(request) ?? { update: () => undefined };

  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

  app.addHook("onRequest", async (request, reply) => {
    const { method, url } = request.raw;
    const note = parts.requests.note({ method: method ?? "", path: pathOf(url) });
    notes.set(request, note);
    reply.raw.once("close", () => note.update({ status: reply.raw.statusCode }));
    allowOrigin(request, reply);
    if (method === "OPTIONS") return reply.code(204).send();
    // Before the body is read: a full server takes none.
    if (isBilled(url)) reply.raw.once("close", parts.inFlight.enter());
    return undefined;
  });

  app.setErrorHandler((error: unknown, request, reply) => {
    const refusal = asRefusal(error);
    noteOf(request).update({ status: refusal.status });
    return reply.code(refusal.status).headers(refusal.headers).send(refusal.body);
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: "not found" }));

  app.get("/v1/models", async () =>
    modelList({
      service: parts.service,
      provider: parts.address,
      prices: (await parts.cache.service()) ?? parts.service,
      forwards: parts.forwards,
      rateLimits: parts.rateLimits,
      created: Math.floor(parts.clock() / 1000),
    }),
  );

  app.get("/v1/quote", async (_request, reply) =>
    reply.type("text/plain; charset=utf-8").send(localQuote(checksum(parts.tee().address))),
  );

  app.get<{ Params: { user: string } }>("/v1/user/:user/unsettledfee", async (request) => {
    const session = await parts.gate.check(request.headers.authorization, "Provider: validate session: ");
    noteOf(request).update({ user: session.address });
    if (request.params.user.toLowerCase() !== session.address.toLowerCase()) {
      throw new Refusal(403, "you can only query your own unsettled fee");
    }
    return { userAddress: session.spelling, unsettledFee: parts.bills.unsettled(session.address).toString() };
  });

  app.route({
    method: [...METHODS],
    url: "/v1/proxy/*",
    handler: async (request, reply) => {
      const route = proxyRoute(request.raw.url ?? "");
      switch (route.kind) {
        case "signature":
          return signature(parts, route.chatId);
        case "attestation":
          throw new Refusal(501, NO_REPORT);
        case "unsupported":
          throw new Refusal(400, "unsupported endpoint: endpoint not supported");
        case "image":
          return image(parts, request.method, route, reply);
        case "billed": {
          const call = callOf(request, route.billed, noteOf(request));
          const delivery = await serveBilled(parts, call);
          call.note.update({ status: delivery.status });
          // From here on it is written by hand, with the headers that are already set.
          const headers = { ...textHeaders(reply), ...delivery.headers };
          reply.hijack();
          await send(reply.raw, { ...delivery, headers }, parts.closing);
          return undefined;
        }
      }
    },
  });

  for (const [path, kind] of [
    ["/v1/async/images/generations", "image"],
    ["/v1/async/images/edits", "edit"],
  ] as const) {
    app.post(path, async (request, reply) => {
      // A route of its own for each type: a provider has the one of its service.
      if (!answersKind(parts.service.serviceType, kind)) throw new Refusal(404, "not found");
      return reply.code(202).send(await parts.jobs.submit(parts, callOf(request, kind, noteOf(request))));
    });
  }

  app.get<{ Params: { jobId: string } }>("/v1/async/jobs/:jobId", async (request, reply) => {
    const { body, headers } = await parts.jobs.look(parts, request.params.jobId, request.headers.authorization);
    return reply.headers(headers).send(body);
  });
  return app;
}

function callOf(request: FastifyRequest, kind: BilledKind, note: RequestNote): BilledCall {
  return { kind, headers: request.headers, body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0), note };
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
};

function image(
  parts: ProviderParts,
  method: string,
  { chatId, index }: { readonly chatId: string; readonly index: string },
  reply: FastifyReply,
): unknown {
  if (method !== "GET" && method !== "HEAD") throw new Refusal(405, statusText(405));
  if (!/^\d{1,4}$/.test(index)) throw new Refusal(400, "invalid image index");
  const found = parts.images.find(chatId, Number(index));
  if (found === undefined) throw new Refusal(404, "image not found or expired");
  return reply
    .type(MEDIA_TYPES[imageExtension(found)] ?? "application/octet-stream")
    .header("cache-control", "private, max-age=60, immutable")
    .send(Buffer.from(found));
}

function signature(parts: ProviderParts, chatId: string): unknown {
  const found = parts.signatures.find(chatId);
  if (found === undefined) throw new Refusal(404, "Chat id not found or expired, chat_id_not_found");
  return found;
}

function pathOf(url: string | undefined): string {
  return (url ?? "").split("?", 1)[0] ?? "";
}

/** Whether a request counts against the limit of the whole server. */
function isBilled(url: string | undefined): boolean {
  if (url?.startsWith("/v1/proxy") !== true) return false;
  const { kind } = proxyRoute(url);
  return kind === "billed" || kind === "unsupported";
}

function allowOrigin(request: FastifyRequest, reply: FastifyReply): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  void reply.headers({
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-allow-methods": METHODS.join(", "),
    "access-control-allow-headers": request.headers["access-control-request-headers"] ?? "authorization, content-type",
    "access-control-expose-headers": [
      `Provider, content-encoding, ${CHAT_ID_HEADER}`,
      ...RATE_HEADERS.flatMap((counter) =>
        ["limit", "remaining", "reset"].map((part) => `x-ratelimit-${part}-${counter}`),
      ),
    ].join(", "),
    vary: "Origin",
  });
}

function textHeaders(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
}

/** Statuses from 500 on tell nothing but HTTP's own text, as live providers do. */
function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof ZgError)
    return new Refusal(400, `validate request: get account from contract: ${error.message}`);
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode === 413) return new Refusal(413, "Request body size exceeds the maximum allowed size of 32MB");
  if (statusCode !== undefined && statusCode < 500) return new Refusal(statusCode, message ?? statusText(statusCode));
  return new Refusal(500, statusText(500));
}
