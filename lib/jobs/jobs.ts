/** What can be done with jobs, wherever they are: in a store of this machine, or at a job server. */

import type { ZgError } from "../errors.ts";
import { pause } from "../pause.ts";
import { withUnit } from "../units.ts";
import {
  JobCancelledError,
  JobFailedError,
  JobOutcomeUnknownError,
  JobPendingError,
  type JobFailure,
} from "./errors.ts";
import { isEnded, progressOf, seconds, spendingOf, statusOf, type Job, type JobStatus } from "./job.ts";
import { computeProof, outputOf, type ComputeProof } from "./proof.ts";
import type { JobTask } from "./task.ts";

/** The adapter's names; times in Unix seconds. */
export interface SubmittedJob {
  readonly job_id: string;
  readonly status: JobStatus;
  readonly submitted_at: number;
}

export interface JobStatusView {
  readonly job_id: string;
  readonly status: JobStatus;
  /** Per cent. */
  readonly progress: number;
  readonly message: string;
  readonly updated_at: number;
}

export interface JobResult {
  readonly job_id: string;
  readonly status: JobStatus;
  readonly output: unknown;
  readonly proof: ComputeProof;
  readonly completed_at: number | null;
  /** What it ended with, when it failed. */
  readonly failure: JobFailure | null;
  /** What it cost, in neuron; `assumed` where nobody can know. */
  readonly spent: { readonly amount: string; readonly assumed: boolean };
}

export interface CancelledJob {
  readonly job_id: string;
  readonly cancelled: boolean;
  readonly message: string;
}

/** @throws {JobUnknownError} of whatever has no such id. */
export interface Jobs {
  /** @param id the same id with the same task is the same job; absent: one is made. */
  submit(task: JobTask, id?: string): Promise<SubmittedJob>;
  status(id: string): Promise<JobStatusView>;
  result(id: string): Promise<JobResult>;
  cancel(id: string): Promise<CancelledJob>;
}

export function submittedView({ id, state, submitted_at }: Job): SubmittedJob {
  return { job_id: id, status: statusOf(state), submitted_at: seconds(submitted_at) };
}

export function statusView({ id, state, message, updated_at }: Job): JobStatusView {
  const updated = seconds(updated_at);
  return { job_id: id, status: statusOf(state), progress: progressOf(state), message, updated_at: updated };
}

export function resultView(job: Job): JobResult {
  const { amount, assumed } = spendingOf(job);
  return {
    job_id: job.id,
    status: statusOf(job.state),
    output: outputOf(job),
    proof: computeProof(job),
    completed_at: job.completed_at === null ? null : seconds(job.completed_at),
    failure: job.failure,
    spent: { amount: amount.toString(), assumed },
  };
}

/** Why a job that ended has no result; undefined when it has one. */
export function refusalOfResult(result: JobResult, message: string): ZgError | undefined {
  const { job_id: id, status, failure, spent } = result;
  switch (status) {
    case "completed":
      return undefined;
    case "failed":
      return failure === null ? new JobFailedError(id, unexplained(message)) : new JobFailedError(id, failure);
    case "cancelled":
      return new JobCancelledError(id);
    case "outcome_unknown":
      return new JobOutcomeUnknownError({ id, why: message, atWorst: withUnit(BigInt(spent.amount)) });
    case "pending":
    case "running":
      return new JobPendingError({ id, status, message, waitedMs: 0 });
  }
}

function unexplained(message: string): JobFailure {
  return { code: "ZG_UNEXPECTED", exit: 1, message, remedy: "Look at the log of the job server." };
}

const POLL_MS = 250;

/**
 * Waits until a job has ended.
 * @throws {JobPendingError} when it has not, in time. {@link AbortedError}
 */
export async function awaitJob(
  jobs: Pick<Jobs, "status">,
  id: string,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<JobStatusView> {
  const { timeoutMs, signal } = options;
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const view = await jobs.status(id);
    if (isEnded(view.status)) return view;
    if (waitedMs >= timeoutMs) {
      throw new JobPendingError({ id, status: view.status, message: view.message, waitedMs });
    }
    await pause(POLL_MS, signal, `Waiting for job ${id}`);
  }
}
