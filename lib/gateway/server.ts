/** The HTTP face of a gateway: which path leads where, who may come in, and how errors look. */

import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";

import type { FastifyError, FastifyInstance, FastifyRequest } from "fastify";

import { ZgError } from "../errors.ts";
import { asListenError } from "../listen.ts";
import type { RequestKind } from "../protocol/services.ts";
import { REQUEST_KINDS } from "../protocol/services.ts";
import { bearerOf, doorAt, JSON_TYPE, MULTIPART_TYPE, refusedAtDoor, urlHost, type Door } from "../server-guards.ts";
import type { GatewayClient } from "./client-directory.ts";
import { OWNER } from "./clients.ts";
import { openAiError } from "./error-shape.ts";
import {
  GatewayBusyError,
  GatewayDoorError,
  GatewayFailedError,
  GatewayKeyError,
  GatewayModelError,
  GatewayPathError,
  GatewayRequestError,
  GatewayTooLargeError,
} from "./errors.ts";
import { Exchange } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";
import { listModels, modelEntry } from "./models.ts";
import { isForm, readRequest } from "./request.ts";
import { ReplySink } from "./sink.ts";

/** Time in which a request must have arrived. Milliseconds. */
const REQUEST_TIMEOUT_MS = 300_000;
const IDLE_CHECK_MS = 25;
const KINDS = Object.keys(REQUEST_KINDS) as RequestKind[];
const HEALTH = "/health";

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks, once the key is known. */
    client: GatewayClient | null;
  }
  interface FastifyContextConfig {
    /** The media type of its body; absent where there is none. */
    accepts?: string;
    /** Anybody may ask: it tells nothing and costs nothing. */
    open?: boolean;
  }
}

function noSchemas(): never {
  throw new Error("routes of the gateway have no schemas");
}

/** Builds the app, which something else listens for. Imports fastify only now: nothing else has to pay for it. */
export async function gatewayApp(gateway: Gateway, door: Door): Promise<FastifyInstance> {
  const { fastify } = await import("fastify");
  const { parts, load } = gateway;
  const { limits, metrics } = parts;
  const app = fastify({
    bodyLimit: limits.maxBody,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: "idle",
    return503OnClosing: true,
    exposeHeadRoutes: false,
    // Without this, fastify loads two schema compilers that no route needs.
    schemaController: { compilersFactory: { buildValidator: () => noSchemas, buildSerializer: () => noSchemas } },
  });
  let count = 0;
  const run = randomUUID().slice(0, 8);

  app.removeAllContentTypeParsers();
  // Counted while it comes in: what is too large is refused before it is here.
  app.addContentTypeParser([JSON_TYPE, MULTIPART_TYPE], { parseAs: "buffer" }, (_request, body, done) => {
    done(null, body);
  });
  app.decorateRequest("client", null);

  app.addHook("onRequest", (request, _reply, done) => {
    try {
      letIn(gateway, door, request);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
  app.setErrorHandler(async (error: unknown, request, reply) => {
    if (reply.sent) return reply;
    const { status, body } = openAiError(asZgError(error, request, limits.maxBody, parts.say));
    return reply
      .code(status)
      .headers({ "zg-error-code": body.error.zg_code, ...retryAfter(status) })
      .send(body);
  });
  app.setNotFoundHandler((request) => {
    throw new GatewayPathError({ method: request.method, path: pathOf(request) });
  });

  app.get(HEALTH, { config: { open: true } }, async () => ({ status: "ok" }));
  app.get("/metrics", async (request, reply) => {
    assertOwner(request);
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  app.get("/v1/models", async () => listModels(parts.fleet));
  // A model's name may hold slashes.
  app.get<{ Params: { "*": string } }>("/v1/models/*", async (request) => {
    const model = request.params["*"];
    const found = modelEntry(parts.fleet, model);
    if (found === undefined) throw new GatewayModelError({ model, known: [] });
    return found;
  });
  app.get<{ Params: { id: string } }>("/v1/verifications/:id", async (request) => {
    const state = parts.proofs.find(request.params.id, clientOf(request).name);
    if (state === undefined) throw new GatewayPathError({ method: "GET", path: pathOf(request) });
    return { id: request.params.id, ...state };
  });

  for (const kind of KINDS) {
    const { path } = REQUEST_KINDS[kind];
    app.post(
      `/v1${path}`,
      { config: { accepts: isForm(kind) ? MULTIPART_TYPE : JSON_TYPE } },
      async (request, reply) => {
        const started = performance.now();
        const given = readRequest(kind, bodyOf(request), request.headers["content-type"] ?? "");
        const sink = new ReplySink(reply);
        count += 1;
        load.requests += 1;
        metrics.entered();
        try {
          const call = { id: `${run}-${count.toString(36)}`, request: given, client: clientOf(request), sink };
          await new Exchange(parts, call).run();
        } catch (error) {
          if (!sink.begun) throw error;
          asZgError(error, request, limits.maxBody, parts.say); // told; the client can only be cut off
          sink.end(true);
        } finally {
          load.requests -= 1;
          metrics.left(path, reply.raw.statusCode, performance.now() - started);
        }
        return reply;
      },
    );
  }
  return app;
}

/** The guards, before any body is read. @throws {ZgError} for whoever stays outside. */
function letIn(gateway: Gateway, door: Door, request: FastifyRequest): void {
  const { accepts, open } = request.routeOptions.config;
  const refusal = refusedAtDoor(request.headers, door, accepts);
  if (refusal !== undefined) throw new GatewayDoorError(refusal);
  if (open === true) return;
  const key = bearerOf(request.headers.authorization);
  const client = key === undefined ? undefined : gateway.clients.find(key);
  if (client === undefined) throw new GatewayKeyError(key !== undefined);
  request.client = client;
  const { inFlight } = gateway.parts.limits;
  if (accepts !== undefined && gateway.load.requests >= inFlight) {
    throw new GatewayBusyError({ why: `${inFlight} requests are under way` });
  }
}

function clientOf(request: FastifyRequest): GatewayClient {
  if (request.client === null) throw new Error("a request came in without a client");
  return request.client;
}

/** What is spent altogether is the owner's to know. */
function assertOwner(request: FastifyRequest): void {
  if (clientOf(request).name !== OWNER) throw new GatewayKeyError(true);
}

function bodyOf(request: FastifyRequest): Uint8Array {
  return Buffer.isBuffer(request.body) ? request.body : new Uint8Array();
}

function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] ?? "";
}

function retryAfter(status: number): Record<string, string> {
  return status === 503 ? { "retry-after": "1" } : {};
}

/** What fastify refuses by itself, in our classes; a bug of ours tells the client nothing about itself. */
function asZgError(error: unknown, request: FastifyRequest, limit: number, say: (line: string) => void): ZgError {
  if (error instanceof ZgError) return error;
  const { statusCode, message } = error as Partial<FastifyError>;
  if (statusCode === 413) return new GatewayTooLargeError(limit);
  if (statusCode === 415) return new GatewayDoorError("content-type");
  if (statusCode === 503) return new GatewayBusyError({ why: "it is stopping" });
  if (statusCode !== undefined && statusCode < 500) return new GatewayRequestError(message ?? "it cannot be read");
  say(`failed at ${pathOf(request)}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return new GatewayFailedError(error);
}

export interface ServedGateway {
  /** What OpenAI's clients want as base URL, without the `/v1`. */
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, lets those under way finish, but not for ever; then ends. */
  readonly close: () => Promise<void>;
}

/**
 * Serves a gateway until it is closed; closes it, too, when it cannot listen.
 * @param options.hosts names it is reached by beside its address, where it does not listen on loopback.
 * @throws {PortTakenError} {@link UsageError} when it cannot listen at `host` and `port`.
 */
export async function serveGateway(
  gateway: Gateway,
  options: { readonly host: string; readonly port: number; readonly hosts?: readonly string[] },
): Promise<ServedGateway> {
  const { host, port: wanted, hosts } = options;
  const app = await gatewayApp(gateway, doorAt(host, hosts));
  try {
    await app.listen({ host, port: wanted });
  } catch (error) {
    await app.close();
    await gateway.close();
    throw asListenError(error, { host, port: wanted, what: "gateway" });
  }
  const { port } = app.server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    const timer = setTimeout(() => app.server.closeAllConnections(), gateway.parts.limits.drainMs);
    // A connection whose request has just ended is kept for a next one, which will not come.
    const idle = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_MS);
    try {
      await app.close();
    } finally {
      clearTimeout(timer);
      clearInterval(idle);
      await gateway.close();
    }
  };
  return { url: `http://${urlHost(host)}:${port}`, port, close };
}
