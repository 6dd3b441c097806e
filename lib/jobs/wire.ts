/** The messages of `zerog.compute.v1.ZeroGCompute`, and how jobs look in them. */

import { fileURLToPath } from "node:url";

import type * as Grpc from "@grpc/grpc-js";

import { EXIT } from "../errors.ts";
import type { JobStatus } from "./job.ts";
import type { JobResult } from "./jobs.ts";
import type { ComputeProof } from "./proof.ts";

/** Where the exact state stands beside the four words that the adapter knows. */
export const STATE_TRAILER = "zg-job-state";
/** Where an error's code, exit code and remedy stand beside gRPC's status. */
export const CODE_TRAILER = "zg-error-code";
export const EXIT_TRAILER = "zg-exit";
export const REMEDY_TRAILER = "zg-remedy";
/** The caller's own id of a job, so that a submission whose answer was lost can be repeated. */
export const ID_METADATA = "idempotency-key";

export interface SubmitRequest {
  readonly task_type: string;
  readonly model: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly verification: string;
  readonly docker_image: string;
  readonly resources: Readonly<Record<string, string>>;
}
export interface IdRequest {
  readonly job_id: string;
}
/** 64-bit numbers are texts. */
export interface SubmitResponse extends IdRequest {
  readonly status: string;
  readonly submitted_at: string;
}
export interface StatusResponse extends IdRequest {
  readonly status: string;
  readonly progress: number;
  readonly message: string;
  readonly updated_at: string;
}
export interface ResultResponse extends IdRequest {
  readonly status: string;
  readonly output: string;
  readonly attestation: {
    readonly tee_report: string;
    readonly quote: string;
    readonly evidence: Readonly<Record<string, string>>;
  } | null;
  readonly metadata: {
    readonly docker_digest: string;
    readonly enclave_pubkey: string;
    readonly execution_hash: string;
    readonly signed_result: string;
    readonly extra: Readonly<Record<string, string>>;
  } | null;
  readonly completed_at: string;
}
export interface CancelResponse extends IdRequest {
  readonly cancelled: boolean;
  readonly message: string;
}
export interface HealthResponse {
  readonly status: string;
  readonly version: string;
}

/**
 * The words of the adapter (compute/zerog/schemas.py). It waits until a job is `completed` or `failed`, so whatever has
 * ended without a result is `failed` there.
 */
export const WIRE_STATUS: Readonly<Record<JobStatus, string>> = {
  pending: "pending",
  running: "running",
  completed: "completed",
  failed: "failed",
  cancelled: "failed",
  outcome_unknown: "failed",
};

/** Reads our own text of the protocol. Imports the loader only now: nothing else has to pay for it. */
export async function loadProtocol(): Promise<{
  readonly grpc: typeof Grpc;
  readonly compute: Grpc.ServiceClientConstructor;
  readonly health: Grpc.ServiceClientConstructor;
}> {
  const [grpc, loader] = await Promise.all([import("@grpc/grpc-js"), import("@grpc/proto-loader")]);
  // It prints on stderr what it also throws; a library here does not print.
  grpc.setLogVerbosity(grpc.logVerbosity.NONE);
  const files = ["zerog_compute", "grpc_health"].map((name) =>
    fileURLToPath(new URL(`proto/${name}.proto`, import.meta.url)),
  );
  const definition = await loader.load(files, { keepCase: true, longs: String, enums: String, defaults: true });
  const loaded = grpc.loadPackageDefinition(definition);
  return {
    grpc,
    compute: memberOf(loaded, "zerog", "compute", "v1", "ZeroGCompute"),
    health: memberOf(loaded, "grpc", "health", "v1", "Health"),
  };
}

function memberOf(loaded: Grpc.GrpcObject, ...names: string[]): Grpc.ServiceClientConstructor {
  let member: unknown = loaded;
  for (const name of names) member = (member as Readonly<Record<string, unknown>>)[name];
  return member as Grpc.ServiceClientConstructor;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A result as a message. What is null there is empty here; `extra` says why, and holds all else. */
export function resultMessage(result: JobResult): ResultResponse {
  const { job_id, status, output, proof, completed_at, failure, spent } = result;
  const { absent, ...metadata } = proof.metadata;
  const reasons = Object.entries((absent ?? {}) as Record<string, string>);
  const extra: Record<string, string> = {
    ...Object.fromEntries(
      Object.entries(metadata).flatMap(([name, value]) => (value === null ? [] : [[name, asText(value)]])),
    ),
    state: status,
    spent: spent.amount,
    spent_assumed: String(spent.assumed),
    ...(proof.method === null ? {} : { method: proof.method }),
    ...(proof.timestamp === null ? {} : { timestamp: String(proof.timestamp) }),
    ...Object.fromEntries(reasons.map(([name, why]) => [`absent.${name}`, why])),
    ...(failure === null
      ? {}
      : Object.fromEntries(Object.entries(failure).map(([name, value]) => [`error.${name}`, String(value)]))),
  };
  return {
    job_id,
    status: WIRE_STATUS[status],
    output: output === null ? "" : JSON.stringify(output),
    attestation: attestationMessage(proof.attestation),
    metadata: {
      docker_digest: proof.docker_digest ?? "",
      enclave_pubkey: proof.enclave_pubkey ?? "",
      execution_hash: proof.execution_hash ?? "",
      signed_result: proof.signature ?? "",
      extra,
    },
    completed_at: String(completed_at ?? 0),
  };
}

function attestationMessage(attestation: ComputeProof["attestation"]): ResultResponse["attestation"] {
  if (attestation === null) return null;
  const { tee_report, quote, ...evidence } = attestation;
  return {
    tee_report: asText(tee_report),
    quote: asText(quote),
    evidence: Object.fromEntries(Object.entries(evidence).map(([name, value]) => [name, asText(value)])),
  };
}

/** A message as a result: what {@link resultMessage} made of it, read back; of another server, as far as it goes. */
export function resultOf(message: ResultResponse): JobResult {
  const { job_id, attestation, metadata, completed_at } = message;
  const extra = { ...(metadata?.extra ?? {}) };
  const take = (name: string): string | undefined => {
    const { [name]: value } = extra;
    Reflect.deleteProperty(extra, name);
    return value;
  };
  const prefixed = (prefix: string): Record<string, string> =>
    Object.fromEntries(
      Object.keys(extra)
        .filter((name) => name.startsWith(prefix))
        .map((name) => [name.slice(prefix.length), take(name) ?? ""]),
    );
  const status = statusIn(take("state") ?? message.status);
  const spent = { amount: take("spent") ?? "0", assumed: take("spent_assumed") === "true" };
  const method = take("method") ?? null;
  const timestamp = take("timestamp");
  const absent = prefixed("absent.");
  const error = prefixed("error.");
  const { code, message: said, remedy, exit } = error;
  const evidence = attestation?.evidence ?? {};
  return {
    job_id,
    status,
    output: message.output === "" ? null : parsed(message.output),
    proof: {
      method,
      docker_digest: orNull(metadata?.docker_digest),
      enclave_pubkey: orNull(metadata?.enclave_pubkey),
      attestation:
        attestation === null
          ? null
          : {
              tee_report: attestation.tee_report,
              quote: attestation.quote,
              ...Object.fromEntries(Object.entries(evidence).map(([name, value]) => [name, parsed(value)])),
            },
      execution_hash: orNull(metadata?.execution_hash),
      signature: orNull(metadata?.signed_result),
      timestamp: timestamp === undefined ? null : Number(timestamp),
      metadata: {
        ...Object.fromEntries(
          Object.entries(extra).map(([name, value]) => [name, TEXTS.has(name) ? value : parsed(value)]),
        ),
        absent,
      },
    },
    completed_at: completed_at === "0" ? null : Number(completed_at),
    failure: code === undefined ? null : { code, exit: exitIn(exit), message: said ?? "", remedy: remedy ?? "" },
    spent,
  };
}

/** Amounts look like numbers that JSON cannot hold. */
const TEXTS: ReadonlySet<string> = new Set(["fee_neuron", "model", "network", "mode", "chat_id", "signed_text"]);

function orNull(text: string | undefined): string | null {
  return text === undefined || text === "" ? null : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // a text that is no JSON is itself
  }
}

const STATUSES = Object.keys(WIRE_STATUS) as JobStatus[];

/** The status that a server's word means; one that nobody here knows has not ended. */
export function statusIn(word: string): JobStatus {
  return STATUSES.find((status) => status === word) ?? "running";
}

/** An exit code that a server named. */
export function exitIn(text: string | undefined): 1 | 2 | 3 | 4 | 5 {
  const known = [EXIT.usage, EXIT.precondition, EXIT.network, EXIT.trust] as const;
  return known.find((exit) => String(exit) === text) ?? EXIT.unexpected;
}
