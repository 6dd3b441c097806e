/** The HTTP face of an attestor: which path leads where, who may come in, and how refusals look. */

import type { AddressInfo } from "node:net";

import type { FastifyInstance, FastifyReply } from "fastify";

import { EXIT, ZgError, type ExitCode } from "../../errors.ts";
import { asListenError } from "../../listen.ts";
import { parseAddress, type Address, type Hex } from "../../hex.ts";
import { doorAt, refusedAtDoor, urlHost, type Door, type DoorRefusal } from "../../server-guards.ts";
import { AttestorBusyError, AttestorLimitError, AttestorObjectError, AttestorRequestError } from "./errors.ts";
import { ATTESTOR_PATHS } from "./paths.ts";
import {
  ATTESTOR_PROTOCOL,
  ATTESTOR_VERSION,
  DEVELOPMENT_KIND,
  maxBodyBytes,
  parseRequest,
  serializeReencryption,
  type AttestorDescription,
} from "./protocol.ts";
import { reencrypt, type AttestorContext } from "./reencrypt.ts";

export interface AttestorServerOptions {
  readonly attestor: AttestorContext;
  /** Requests taken at a time; the next one is told to come again. Default 4. */
  readonly inFlight?: number;
  /** Who may come in. Default: only requests that name this machine, as for servers that listen on loopback. */
  readonly door?: Door;
}

const DEFAULT_IN_FLIGHT = 4;
const CLOSED: Readonly<Record<DoorRefusal, string>> = {
  host: "only 127.0.0.1 and localhost are served",
  origin: "no request of a browser's page is served",
  "content-type": "only application/json is served",
};
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
  const { attestor, inFlight = DEFAULT_IN_FLIGHT, door = { loopbackOnly: true } } = options;
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
    const refusal = refusedAtDoor(request.headers, door);
    return refusal === undefined ? undefined : refuse(reply, 403, "ZG_ATTESTOR_REQUEST", CLOSED[refusal], "");
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
    return reply.header("cache-control", "no-store").type("application/json").send(serializeReencryption(answer));
  });

  app.get<ObjectRequest>(ATTESTOR_PATHS.object(":root"), async (request, reply) => {
    const { root } = request.params;
    const token = parseToken(request.query);
    const bytes = await attestor.objects.get(root as Hex);
    if (bytes === undefined) return refuse(reply, 404, "ZG_ATTESTOR_CIPHERTEXT", `${root} is not kept here`, "");
    await requireListed(attestor, token, root as Hex);
    return reply
      .headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" })
      .type("application/octet-stream")
      .send(Buffer.from(bytes));
  });
  return app;
}

interface ObjectRequest {
  Params: { root: string };
  Querystring: Readonly<Record<string, string | string[] | undefined>>;
}

/** @throws {AttestorRequestError} {@link UsageError} when the query names no token. */
function parseToken({ contract, token }: ObjectRequest["Querystring"]): { inft: Address; tokenId: bigint } {
  if (typeof contract !== "string" || typeof token !== "string" || !/^\d{1,78}$/.test(token)) {
    throw new AttestorRequestError("a ciphertext is asked for with ?contract=0x…&token=<its id>");
  }
  return { inft: parseAddress(contract, "token contract"), tokenId: BigInt(token) };
}

/**
 * A new ciphertext is anybody's as soon as the token holds it, and nobody's before: the keys of a staged transfer are on
 * chain, and its buyer has not paid yet.
 * @throws {AttestorObjectError} while the chain does not list it for that token.
 */
async function requireListed(
  { chain, contracts }: AttestorContext,
  { inft, tokenId }: { inft: Address; tokenId: bigint },
  dataHash: Hex,
): Promise<void> {
  const served = contracts === undefined || contracts.includes(inft);
  const token = served ? await chain.tokenOf(inft, tokenId) : undefined;
  if (token?.dataHashes.includes(dataHash) !== true) throw new AttestorObjectError({ dataHash, inft, tokenId });
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
  options: Omit<AttestorServerOptions, "door"> & { readonly host: string; readonly port: number },
): Promise<ServedAttestor> {
  const { host } = options;
  // A name opens nothing here: whoever asks needs two signatures.
  const app = await attestorApp({ ...options, door: doorAt(host, "any") });
  try {
    await app.listen({ host, port: options.port });
  } catch (error) {
    await app.close();
    throw asListenError(error, { host, port: options.port, what: "attestor" });
  }
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://${urlHost(host)}:${port}`, port, close: async () => app.close() };
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
