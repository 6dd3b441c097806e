/** Every way a job fails by itself. The Why and How of each code is in docs/errors.md. */

import { DomainError, EXIT, ZgError, type ExitCode } from "../errors.ts";
import type { Address } from "../hex.ts";
import type { DoorRefusal } from "../server-guards.ts";

/** The task asks for something that nobody on 0G can do, so it is refused rather than ignored. */
export class JobUnsupportedError extends DomainError {
  constructor(values: { field: string; value: string; why: string }) {
    const { field, value, why } = values;
    super(
      "ZG_JOB_UNSUPPORTED",
      EXIT.usage,
      `The task asks for ${field} ${JSON.stringify(value)}, which cannot be honoured: ${why}`,
      `Leave ${field} out, or give what docs/jobs.md lists for it. Nothing was stored or spent.`,
      values,
    );
  }
}

/** The task has another form than a task has. */
export class JobTaskError extends DomainError {
  constructor(problem: string, field?: string, cause?: unknown) {
    super(
      "ZG_JOB_TASK",
      EXIT.usage,
      `The task cannot be read: ${problem}`,
      "docs/jobs.md lists what each task_type takes. Nothing was stored or spent.",
      field === undefined ? {} : { field },
      cause,
    );
  }
}

/** The service chosen cannot give a job the proof it asks for. */
export class JobNotProvableError extends DomainError {
  constructor(values: { provider: Address; model: string; why: string }) {
    const { provider, model, why } = values;
    super(
      "ZG_JOB_NOT_PROVABLE",
      EXIT.precondition,
      `${model} at ${provider} cannot prove its answers by tee-ml: ${why}`,
      "Choose another model: npx hardhat provider list. Nothing was spent.",
      values,
    );
  }
}

/** No job has this id. */
export class JobUnknownError extends DomainError {
  constructor(id: string) {
    super(
      "ZG_JOB_UNKNOWN",
      EXIT.usage,
      `There is no job ${JSON.stringify(id)} on this network`,
      "See which there are: npx hardhat job list",
      { id },
    );
  }
}

/** The id names a job with another task, payer or chain. */
export class JobIdTakenError extends DomainError {
  constructor(values: { id: string; differs: string }) {
    super(
      "ZG_JOB_ID_TAKEN",
      EXIT.usage,
      `Job ${values.id} was submitted with another ${values.differs}`,
      "Choose another --id, or leave it out: one is made.",
      values,
    );
  }
}

/** The job can no longer be cancelled. */
export class JobNotCancelledError extends DomainError {
  constructor(values: { id: string; why: string }) {
    const { id, why } = values;
    super(
      "ZG_JOB_NOT_CANCELLED",
      EXIT.precondition,
      `Job ${id} was not cancelled: ${why}`,
      `See what becomes of it: npx hardhat job status ${id}`,
      values,
    );
  }
}

/** The job was cancelled, so it has no result. */
export class JobCancelledError extends DomainError {
  constructor(id: string) {
    super(
      "ZG_JOB_CANCELLED",
      EXIT.precondition,
      `Job ${id} was cancelled before it was asked; nothing was spent`,
      "Submit the task again, under another id.",
      { id },
    );
  }
}

/** A request was sent and no answer is stored: the provider may have charged for it. It is never sent again. */
export class JobOutcomeUnknownError extends DomainError {
  constructor(values: { id: string; why: string; atWorst: string }) {
    const { id, why, atWorst } = values;
    super(
      "ZG_JOB_OUTCOME_UNKNOWN",
      EXIT.precondition,
      `Nobody knows what became of job ${id}: ${why}; it may have cost up to ${atWorst}`,
      "It is never sent again by itself. To ask, and pay, once more, submit the task under another id.",
      values,
    );
  }
}

/** The job has not ended in the time that was waited. */
export class JobPendingError extends DomainError {
  constructor(values: { id: string; status: string; message: string; waitedMs: number }) {
    const { id, status, message, waitedMs } = values;
    super(
      "ZG_JOB_PENDING",
      EXIT.network,
      `Job ${id} is still ${status} after ${Math.round(waitedMs / 1000)} s: ${message}`,
      status === "pending"
        ? "Somebody has to work it: npx hardhat job serve"
        : `Wait longer with --timeout, or look again later: npx hardhat job status ${id}`,
      values,
    );
  }
}

/** What a job ended with, as it was written down. */
export interface JobFailure {
  readonly code: string;
  readonly exit: Exclude<ExitCode, 0>;
  readonly message: string;
  readonly remedy: string;
}

/** The error a job ended with, thrown again: its own code, so that it can be looked up. */
export class JobFailedError extends ZgError {
  constructor(id: string, failure: JobFailure) {
    super({
      code: failure.code as `ZG_${string}`,
      exit: failure.exit,
      message: `Job ${id} failed: ${failure.message}`,
      remedy: failure.remedy,
      details: { id },
    });
  }
}

/** What a job server refused, in its own words. */
export class JobServerRefusedError extends ZgError {
  constructor(url: string, refusal: JobFailure) {
    super({
      code: refusal.code as `ZG_${string}`,
      exit: refusal.exit,
      message: refusal.message,
      remedy: refusal.remedy,
      details: { server: url },
    });
  }
}

/** The file of jobs is not one, or not one of this version. */
export class JobStoreError extends DomainError {
  constructor(values: { file: string; problem: string }, cause?: unknown) {
    super(
      "ZG_JOB_STORE",
      EXIT.precondition,
      `The jobs in ${values.file} cannot be used: ${values.problem}`,
      "Restore the file, or use the version of this project that wrote it. Moving it away forgets all jobs, paid ones too.",
      values,
      cause,
    );
  }
}

const DOOR: Readonly<Record<DoorRefusal, string>> = {
  host: "it names another host than this server's",
  origin: "it comes from a page in a browser",
  "content-type": "it is not gRPC",
};

/** The call is not let in, whoever makes it. */
export class JobDoorError extends DomainError {
  constructor(refusal: DoorRefusal) {
    super(
      "ZG_JOB_DOOR",
      EXIT.usage,
      `The job server does not take this call: ${DOOR[refusal]}`,
      "Call it from a program, at the address it printed; names of it are given with --allow-host.",
      { refusal },
    );
  }
}

/** No key, or another one than the job server's. */
export class JobKeyError extends DomainError {
  constructor(given: boolean) {
    super(
      "ZG_JOB_KEY",
      EXIT.precondition,
      given ? "This key does not open the job server" : "The job server takes no call without a key",
      "Put the key that job serve printed at its first start into ZEROG_API_KEY.",
    );
  }
}

/** The address of a job server is none, or would send its key over a network unencrypted. */
export class JobServerUrlError extends DomainError {
  constructor(problem: string) {
    super(
      "ZG_JOB_SERVER_URL",
      EXIT.usage,
      `The address of the job server cannot be used: ${problem}`,
      "Give 127.0.0.1:50051, or https://host:port where TLS is spoken, in ZEROG_GRPC_URL or --remote.",
    );
  }
}

/** The job server does not answer, or not as it should. */
export class JobServerError extends DomainError {
  constructor(values: { url: string; problem: string }, cause?: unknown) {
    super(
      "ZG_JOB_SERVER",
      EXIT.network,
      `The job server at ${values.url} ${values.problem}`,
      "Start it with npx hardhat job serve, or unset ZEROG_GRPC_URL to use the jobs of this machine.",
      values,
      cause,
    );
  }
}
