/** The HTTP face of an attestor: which path leads where, who may come in, and how refusals look. */

import type { AddressInfo } from "node:net";

import type { FastifyInstance, FastifyReply } from "fastify";

import { EXIT, ZgError, type ExitCode } from "../../errors.ts";
import { asListenError } from "../../listen.ts";
import { isLoopback, isLoopbackHost } from "../../loopback.ts";
import type { Hex } from "../../hex.ts";
import { AttestorBusyError, AttestorLimitError, AttestorRequestError } from "./errors.ts";
import { ATTESTOR_PATHS } from "./paths.ts";
import {
  ATTESTOR_PROTOCOL,
  ATTESTOR_VERSION,
  DEVELOPMENT_KIND,
  maxBodyBytes,
  parseRequest,
  type AttestorDescription,
} from "./protocol.ts";
import { reencrypt, type AttestorContext } from "./reencrypt.ts";

export interface AttestorServerOptions {
  readonly attestor: AttestorContext;
  /** Requests taken at a time; the next one is told to come again. Default 4. */
  readonly inFlight?: number;
  /** Refuse requests that name another host than this machine: for servers that listen on loopback. Default true. */
  readonly loopbackOnly?: boolean;
}

const DEFAULT_IN_FLIGHT = 4;
/** Time in which a request must have arrived. Milliseconds. */
const REQUEST_TIMEOUT_MS = 120_000;

/** What an attestor says of itself. */
export function describe({ chainId, key, limits }: AttestorContext): AttestorDescription {
  const { address, publicKey } = key;
  return { kind: DEVELOPMENT_KIND, version: ATTESTOR_VERSION, chainId, address, publicKey, limits };
}

/**
 * Builds the app, which something else listens for. Imports fastify only now: nothing else has to pay for it.
 *
 * No key opens it: what it does is allowed by signatures in the request, and it spends nothing. A page in a browser gets
 * no further than the door: no CORS headers, no request with an Origin, only `application/json`, and on loopback no host
 * name that merely resolves to it.
 */
export async function attestorApp(options: AttestorServerOptions): Promise<FastifyInstance> {
  const { attestor, inFlight = DEFAULT_IN_FLIGHT, loopbackOnly = true } = options;
  const { fastify } = await import("fastify");
  const bodyLimit = maxBodyBytes(attestor.limits);
  const app = fastify({
    bodyLimit,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
  });
  let working = 0;

  app.removeContentTypeParser("text/plain");
  app.addHook("onRequest", async (request, reply) => {
    const { host, origin } = request.headers;
    if (loopbackOnly && !isLoopbackHost(host)) {
      return refuse(reply, 403, "ZG_ATTESTOR_REQUEST", "only 127.0.0.1 and localhost are served", "");
    }
    if (origin !== undefined) {
      return refuse(reply, 403, "ZG_ATTESTOR_REQUEST", "no request of a browser's page is served", "");
    }
    return undefined;
  });
  // Before the body is read: a full attestor takes none.
  const enter = async (_request: unknown, reply: FastifyReply) => {
    if (working >= inFlight) throw new AttestorBusyError({ inFlight: working });
    working++;
    reply.raw.once("close", () => working--);
  };

  app.setErrorHandler(async (error: unknown, _request, reply) => {
    const { statusCode, message } = error as { statusCode?: number; message?: string };
    if (error instanceof ZgError) return refuseWith(reply, STATUS[error.exit], error);
    if (statusCode === 413) {
      const limit = new AttestorLimitError({ what: "bytes of body or more", given: bodyLimit, limit: bodyLimit });
      return refuseWith(reply, 413, limit);
    }
    if (statusCode !== undefined && statusCode < 500) {
      return refuseWith(reply, statusCode, new AttestorRequestError(message ?? "it cannot be read"));
    }
    attestor.log?.(`failed: ${error instanceof Error ? error.name : "unknown"}`);
    return refuse(reply, 500, "ZG_UNEXPECTED", "the attestor failed", "Tell who runs it.");
  });
  app.setNotFoundHandler(async (_request, reply) =>
    refuse(reply, 404, "ZG_ATTESTOR_REQUEST", "there is nothing at this path", "docs/attestor.md lists the paths."),
  );

  app.get(ATTESTOR_PATHS.describe, async (_request, reply) =>
    reply.header("cache-control", "no-store").send({ protocol: ATTESTOR_PROTOCOL, ...describe(attestor) }),
  );

  app.post(ATTESTOR_PATHS.reencrypt, { onRequest: enter }, async (request, reply) => {
    const answer = await reencrypt(attestor, parseRequest(request.body));
    return reply.header("cache-control", "no-store").send(answer);
  });

  app.get<{ Params: { root: string } }>(ATTESTOR_PATHS.object(":root"), async (request, reply) => {
    const { root } = request.params;
    const bytes = await attestor.objects.get(root as Hex);
    if (bytes === undefined) return refuse(reply, 404, "ZG_ATTESTOR_CIPHERTEXT", `${root} is not kept here`, "");
    // Its name is its content: it never changes.
    return reply
      .headers({ "cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff" })
      .type("application/octet-stream")
      .send(Buffer.from(bytes));
  });
  return app;
}

export interface ServedAttestor {
  readonly url: string;
  readonly port: number;
  /** Stops listening, and drops what is open. */
  readonly close: () => Promise<void>;
}

/**
 * Serves an attestor until it is closed.
 * @throws {PortTakenError} {@link UsageError} when it cannot listen at `host` and `port`.
 */
export async function serveAttestor(
  options: Omit<AttestorServerOptions, "loopbackOnly"> & { readonly host: string; readonly port: number },
): Promise<ServedAttestor> {
  const { host } = options;
  const written = host.includes(":") ? `[${host}]` : host;
  const app = await attestorApp({ ...options, loopbackOnly: isLoopback(written) });
  try {
    await app.listen({ host, port: options.port });
  } catch (error) {
    await app.close();
    throw asListenError(error, { host, port: options.port, what: "attestor" });
  }
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://${written}:${port}`, port, close: async () => app.close() };
}

const STATUS: Readonly<Record<Exclude<ExitCode, 0>, number>> = {
  [EXIT.unexpected]: 500,
  [EXIT.usage]: 400,
  [EXIT.precondition]: 409,
  [EXIT.network]: 503,
  [EXIT.trust]: 403,
};

async function refuseWith(reply: FastifyReply, status: number, { code, message, remedy }: ZgError) {
  return refuse(reply, status, code, message, remedy);
}

async function refuse(reply: FastifyReply, status: number, code: string, message: string, remedy: string) {
  return reply.code(status).header("cache-control", "no-store").send({ error: { code, message, remedy } });
}
