/** The jobs of a job server elsewhere, over gRPC. */

import type { ClientUnaryCall, Metadata, ServiceError, status } from "@grpc/grpc-js";

import type { RandomSource } from "../compute/service-request.ts";
import type { ZgError } from "../errors.ts";
import { isLoopback } from "../loopback.ts";
import { JobKeyError, JobServerError, JobServerRefusedError, JobServerUrlError } from "./errors.ts";
import type { JobStatus } from "./job.ts";
import { assertJobId, newJobId } from "./id.ts";
import type { CancelledJob, JobResult, Jobs, JobStatusView, SubmittedJob } from "./jobs.ts";
import type { JobTask } from "./task.ts";
import {
  CODE_TRAILER,
  exitIn,
  EXIT_TRAILER,
  ID_METADATA,
  loadProtocol,
  REMEDY_TRAILER,
  resultOf,
  STATE_TRAILER,
  statusIn,
  type CancelResponse,
  type HealthResponse,
  type ResultResponse,
  type StatusResponse,
  type SubmitResponse,
} from "./wire.ts";

export interface RemoteOptions {
  /** `host:port`, or a URL: `http:` and `grpc:` for plain, `https:` and `grpcs:` for TLS. */
  readonly url: string;
  /** A secret. */
  readonly key: string | undefined;
  /** Longest time for one call. Milliseconds. */
  readonly timeoutMs: number;
  /** Must be cryptographically secure. */
  readonly random: RandomSource;
}

/** Where a job server is reached. */
interface Target {
  readonly address: string;
  readonly tls: boolean;
}

const DEFAULT_PORT = 50051;
/** Answers hold images. Bytes. */
const MAX_MESSAGE = 64 * 1024 * 1024;
const SCHEMES: Readonly<Record<string, boolean>> = { "http:": false, "grpc:": false, "https:": true, "grpcs:": true };

/**
 * Reads the address of a job server.
 * @throws {JobServerUrlError} when it is none, or would send the key over a network unencrypted.
 */
export function jobServerTarget(text: string): Target {
  const full = /^[a-z]+:\/\//i.test(text) ? text : `grpc://${text}`;
  const scheme = full.slice(0, full.indexOf(":") + 1).toLowerCase();
  const tls = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (tls === undefined) throw new JobServerUrlError("it is neither http, https, grpc nor grpcs");
  // Of other schemes, `URL` does not check the host.
  const asHttp = full.replace(/^[a-z]+:/i, "http:");
  if (!URL.canParse(asHttp)) throw new JobServerUrlError("it is no host:port");
  const url = new URL(asHttp);
  if (url.username !== "" || url.password !== "" || url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw new JobServerUrlError("it has more than a host and a port");
  }
  if (!tls && !isLoopback(url.hostname)) {
    throw new JobServerUrlError("without TLS a key goes to this machine only, where nobody listens in");
  }
  const port = /:(\d+)\/?$/.exec(full)?.[1] ?? (tls ? "443" : String(DEFAULT_PORT));
  return { address: `${url.hostname}:${port}`, tls };
}

/** One answer, with the exact status beside the adapter's word. */
interface Answered<T> {
  readonly message: T;
  readonly status: JobStatus | undefined;
}

/** The calls of the service, as grpc-js makes them of its definition. */
type Call = (
  request: object,
  metadata: Metadata,
  options: { readonly deadline: number },
  done: (error: ServiceError | null, response?: unknown) => void,
) => ClientUnaryCall;

export class RemoteJobs implements Jobs {
  readonly #options: RemoteOptions;
  readonly #client: Readonly<Record<string, unknown>> & { close(): void };
  readonly #newMetadata: () => Metadata;
  readonly #unauthenticated: status;

  private constructor(
    options: RemoteOptions,
    { grpc, compute }: Awaited<ReturnType<typeof loadProtocol>>,
    { address, tls }: Target,
  ) {
    this.#options = options;
    const credentials = tls ? grpc.credentials.createSsl() : grpc.credentials.createInsecure();
    this.#client = new compute(address, credentials, {
      "grpc.max_receive_message_length": MAX_MESSAGE,
    });
    this.#newMetadata = () => new grpc.Metadata();
    this.#unauthenticated = grpc.status.UNAUTHENTICATED;
  }

  /** Connects when it is first asked. @throws {JobServerUrlError} */
  static async open(options: RemoteOptions): Promise<RemoteJobs> {
    const target = jobServerTarget(options.url);
    return new RemoteJobs(options, await loadProtocol(), target);
  }

  close(): void {
    this.#client.close();
  }

  /** Names the job itself, so that a submission whose answer was lost is repeated, not doubled. */
  async submit(task: JobTask, id: string = newJobId(this.#options.random)): Promise<SubmittedJob> {
    assertJobId(id);
    const request = { ...task, model: task.model ?? "", docker_image: "", resources: {} };
    let answer: Answered<SubmitResponse>;
    try {
      answer = await this.#call("SubmitJob", request, id);
    } catch (error) {
      if (!(error instanceof JobServerError)) throw error;
      const problem = `gave no answer, so whether the job is stored is not known; --id ${id} submits the same one`;
      throw new JobServerError({ url: this.#options.url, problem }, error);
    }
    const { message, status } = answer;
    const { job_id, submitted_at } = message;
    return { job_id, status: status ?? statusIn(message.status), submitted_at: Number(submitted_at) };
  }

  async status(id: string): Promise<JobStatusView> {
    const { message, status } = await this.#call<StatusResponse>("GetStatus", { job_id: id });
    return { ...message, status: status ?? statusIn(message.status), updated_at: Number(message.updated_at) };
  }

  async result(id: string): Promise<JobResult> {
    const { message } = await this.#call<ResultResponse>("GetResult", { job_id: id });
    return resultOf(message);
  }

  async cancel(id: string): Promise<CancelledJob> {
    return (await this.#call<CancelResponse>("CancelJob", { job_id: id })).message;
  }

  async health(): Promise<HealthResponse> {
    return (await this.#call<HealthResponse>("Health", {})).message;
  }

  async #call<T>(name: string, request: object, id?: string): Promise<Answered<T>> {
    const { key, timeoutMs } = this.#options;
    const metadata = this.#newMetadata();
    if (key !== undefined) metadata.set("authorization", `Bearer ${key}`);
    if (id !== undefined) metadata.set(ID_METADATA, id);
    let trailer: Metadata | undefined;
    const message = await new Promise<T>((resolve, reject) => {
      const call = (this.#client[name] as Call).bind(this.#client);
      const under = call(request, metadata, { deadline: Date.now() + timeoutMs }, (error, response) => {
        if (error === null)
          setImmediate(() => resolve(response as T)); // the status comes with the same event
        else reject(this.#failed(error));
      });
      under.on("status", (status) => {
        trailer = status.metadata;
      });
    });
    const [state] = trailer?.get(STATE_TRAILER) ?? [];
    return { message, status: typeof state === "string" ? statusIn(state) : undefined };
  }

  /** What the server said, as our error where it is one of ours. Never carries the key. */
  #failed(error: ServiceError): ZgError {
    const { url, key } = this.#options;
    const trailer = (name: string): string | undefined => {
      const [value] = error.metadata.get(name);
      return typeof value === "string" ? value : undefined;
    };
    const code = trailer(CODE_TRAILER);
    if (error.code === this.#unauthenticated) return new JobKeyError(key !== undefined);
    if (code?.startsWith("ZG_") !== true) {
      return new JobServerError({ url, problem: `does not answer as it should: ${error.details}` }, error);
    }
    const remedy = trailer(REMEDY_TRAILER) ?? "";
    return new JobServerRefusedError(url, {
      code,
      exit: exitIn(trailer(EXIT_TRAILER)),
      message: error.details,
      remedy,
    });
  }
}
