/** Jobs over gRPC, as service `zerog.compute.v1.ZeroGCompute`, with gRPC's own health service beside it. */

import type {
  Metadata,
  Server,
  ServerInterceptingCall,
  ServerInterceptingCallInterface,
  ServerUnaryCall,
  ServerWritableStream,
  status as Status,
  UntypedHandleCall,
} from "@grpc/grpc-js";

import { EXIT, ZgError } from "../errors.ts";
import { asListenError } from "../listen.ts";
import { bearerOf, doorAt, refusedAtDoor, urlHost, type Door } from "../server-guards.ts";
import { JobDoorError, JobKeyError, JobUnknownError, JobUnsupportedError } from "./errors.ts";
import type { JobStatus } from "./job.ts";
import type { Jobs } from "./jobs.ts";
import type { ServerKey } from "./server-key.ts";
import { parseTask } from "./task.ts";
import {
  CODE_TRAILER,
  EXIT_TRAILER,
  ID_METADATA,
  loadProtocol,
  REMEDY_TRAILER,
  resultMessage,
  STATE_TRAILER,
  WIRE_STATUS,
  type CancelResponse,
  type HealthResponse,
  type IdRequest,
  type ResultResponse,
  type StatusResponse,
  type SubmitRequest,
  type SubmitResponse,
} from "./wire.ts";

type Grpc = Awaited<ReturnType<typeof loadProtocol>>["grpc"];

export interface JobServerOptions {
  readonly jobs: Jobs;
  readonly key: Pick<ServerKey, "opens">;
  readonly host: string;
  readonly port: number;
  /** Names it is reached by beside its address, where it does not listen on loopback. */
  readonly hosts?: readonly string[];
  /** Largest message accepted, in bytes. */
  readonly maxMessage: number;
  /** How long calls under way may take when it stops. Milliseconds. */
  readonly drainMs: number;
  readonly version: string;
  /** Told of bugs; gets no key and no task. */
  readonly log: (line: string) => void;
}

export interface ServedJobs {
  /** `127.0.0.1:50051` */
  readonly address: string;
  readonly port: number;
  /** Takes no more calls, lets those under way finish, but not for ever. */
  readonly close: () => Promise<void>;
}

const SERVICE = "zerog.compute.v1.ZeroGCompute";
/** Whether it lives, anybody may ask: it tells nothing and costs nothing. */
const OPEN_CALLS: ReadonlySet<string> = new Set([
  `/${SERVICE}/Health`,
  "/grpc.health.v1.Health/Check",
  "/grpc.health.v1.Health/Watch",
]);

/**
 * Serves jobs until it is closed.
 * @throws {PortTakenError} {@link UsageError} when it cannot listen at `host` and `port`.
 */
export async function serveJobs(options: JobServerOptions): Promise<ServedJobs> {
  const { host, port: wanted, hosts, maxMessage, drainMs } = options;
  const { grpc, compute, health } = await loadProtocol();
  const door = doorAt(host, hosts);
  const server = new grpc.Server({
    "grpc.max_receive_message_length": maxMessage,
    interceptors: [(method, call) => guarded(grpc, options, door, method.path, call)],
  });
  const watching = new Set<ServerWritableStream<unknown, unknown>>();
  server.addService(compute.service, computeCalls(grpc, options));
  server.addService(health.service, healthCalls(grpc, watching));
  const port = await bind(grpc, server, host, wanted);
  const close = async (): Promise<void> => {
    for (const call of watching) {
      call.write({ status: "NOT_SERVING" });
      call.end();
    }
    await stop(server, drainMs);
  };
  return { address: `${urlHost(host)}:${port}`, port, close };
}

async function bind(grpc: Grpc, server: Server, host: string, port: number): Promise<number> {
  const address = `${urlHost(host)}:${port}`;
  try {
    return await new Promise((resolve, reject) => {
      server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
  } catch (error) {
    server.forceShutdown();
    throw asListenError(withCode(error), { host, port, what: "job server" });
  }
}

/** grpc-js says in words what Node says in a code. */
function withCode(error: unknown): unknown {
  const code =
    error instanceof Error ? /\b(EADDRINUSE|EACCES|EADDRNOTAVAIL|ENOTFOUND)\b/.exec(error.message)?.[1] : undefined;
  return code === undefined ? error : Object.assign(new Error((error as Error).message, { cause: error }), { code });
}

async function stop(server: Server, drainMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
    }, drainMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The guards, before any message is read. */
function guarded(
  grpc: Grpc,
  { key }: JobServerOptions,
  door: Door,
  path: string,
  call: ServerInterceptingCallInterface,
): ServerInterceptingCall {
  return new grpc.ServerInterceptingCall(call, {
    start: (next) => {
      next({
        onReceiveMetadata: (metadata, pass) => {
          const refusal = refusedCall(metadata, call.getHost(), door, path, key);
          if (refusal === undefined) pass(metadata);
          else call.sendStatus(statusOfError(grpc, refusal));
        },
      });
    },
  });
}

function refusedCall(
  metadata: Metadata,
  host: string,
  door: Door,
  path: string,
  key: JobServerOptions["key"],
): ZgError | undefined {
  const origin = textOf(metadata, "origin");
  const refusal = refusedAtDoor({ host, ...(origin === undefined ? {} : { origin }) }, door);
  if (refusal !== undefined) return new JobDoorError(refusal);
  if (OPEN_CALLS.has(path)) return undefined;
  const given = bearerOf(textOf(metadata, "authorization"));
  return given !== undefined && key.opens(given) ? undefined : new JobKeyError(given !== undefined);
}

function textOf(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name);
  return typeof value === "string" ? value : undefined;
}

/** gRPC's status for each of our errors; code and remedy go with it. */
function statusOfError(grpc: Grpc, error: ZgError) {
  const metadata = new grpc.Metadata();
  metadata.set(CODE_TRAILER, error.code);
  metadata.set(EXIT_TRAILER, String(error.exit));
  metadata.set(REMEDY_TRAILER, asHeader(error.remedy));
  return { code: statusCode(grpc, error), details: error.message, metadata };
}

/** Trailers hold printable ASCII only. */
function asHeader(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?");
}

function statusCode({ status }: Grpc, error: ZgError): Status {
  if (error instanceof JobKeyError) return status.UNAUTHENTICATED;
  if (error instanceof JobDoorError) return status.PERMISSION_DENIED;
  if (error instanceof JobUnknownError) return status.NOT_FOUND;
  if (error instanceof JobUnsupportedError) return status.UNIMPLEMENTED;
  switch (error.exit) {
    case EXIT.usage:
      return status.INVALID_ARGUMENT;
    case EXIT.precondition:
    case EXIT.trust:
      return status.FAILED_PRECONDITION;
    case EXIT.network:
      return status.UNAVAILABLE;
    case EXIT.unexpected:
      return status.INTERNAL;
  }
}

interface Answer<T> {
  readonly message: T;
  /** The exact status, for the trailer. */
  readonly status?: JobStatus;
}

function computeCalls(grpc: Grpc, { jobs, version, log }: JobServerOptions): Record<string, UntypedHandleCall> {
  const unary =
    <Request, Response>(handle: (request: Request, metadata: Metadata) => Promise<Answer<Response>>) =>
    (
      call: ServerUnaryCall<Request, Response>,
      done: (error: object | null, response?: Response, trailer?: Metadata) => void,
    ): void => {
      handle(call.request, call.metadata).then(
        ({ message, status }) => {
          const trailer = new grpc.Metadata();
          if (status !== undefined) trailer.set(STATE_TRAILER, status);
          done(null, message, trailer);
        },
        (error: unknown) => {
          if (error instanceof ZgError) {
            done(statusOfError(grpc, error));
            return;
          }
          log(`job server: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
          done({ code: grpc.status.INTERNAL, details: "the job server failed; its log says how" });
        },
      );
    };
  return {
    SubmitJob: unary<SubmitRequest, SubmitResponse>(async (request, metadata) => {
      const { status, submitted_at, ...job } = await jobs.submit(parseTask(request), textOf(metadata, ID_METADATA));
      return { message: { ...job, status: WIRE_STATUS[status], submitted_at: String(submitted_at) }, status };
    }),
    GetStatus: unary<IdRequest, StatusResponse>(async ({ job_id }) => {
      const { status, updated_at, ...job } = await jobs.status(job_id);
      return { message: { ...job, status: WIRE_STATUS[status], updated_at: String(updated_at) }, status };
    }),
    GetResult: unary<IdRequest, ResultResponse>(async ({ job_id }) => {
      const result = await jobs.result(job_id);
      return { message: resultMessage(result), status: result.status };
    }),
    CancelJob: unary<IdRequest, CancelResponse>(async ({ job_id }) => ({ message: await jobs.cancel(job_id) })),
    Health: unary<object, HealthResponse>(async () => Promise.resolve({ message: { status: "ok", version } })),
  };
}

interface HealthRequest {
  readonly service: string;
}

/** Of the whole server (no name), and of each of its services. */
function isServed({ service }: HealthRequest): boolean {
  return service === "" || service === SERVICE;
}

function healthCalls(
  grpc: Grpc,
  watching: Set<ServerWritableStream<unknown, unknown>>,
): Record<string, UntypedHandleCall> {
  return {
    Check: (
      call: ServerUnaryCall<HealthRequest, unknown>,
      done: (error: object | null, response?: object) => void,
    ): void => {
      if (isServed(call.request)) done(null, { status: "SERVING" });
      else done({ code: grpc.status.NOT_FOUND, details: "this server has no such service" });
    },
    Watch: (call: ServerWritableStream<HealthRequest, unknown>): void => {
      watching.add(call);
      call.on("cancelled", () => watching.delete(call as ServerWritableStream<unknown, unknown>));
      call.write({ status: isServed(call.request) ? "SERVING" : "SERVICE_UNKNOWN" });
    },
  };
}
