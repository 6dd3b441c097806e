/** A job: what it is asked, who pays, and what has become of it. */

import { z } from "zod";

import { receiptSchema, unprovedSchema, type Receipt, type UnprovedAnswer } from "../compute/receipt-schema.ts";
import { addressSchema, hashSchema } from "../hex-schema.ts";
import type { JobFailure } from "./errors.ts";
import type { JobTask } from "./task.ts";

/**
 * Every state a job is in, and the states it may come from. A job is moved by one statement that names both, so of two
 * processes that would move it, one does.
 *
 * - `preparing`: a worker has it, and nothing was sent; `asked`: a paid request may have left; `answered`: the answer is
 *   stored, its proof is not.
 * - `outcome_unknown`: a request may have been served and charged, and no answer is stored. It is never sent again.
 */
export const TRANSITIONS = {
  // From `asked`: the provider was too busy to serve it, and said so.
  pending: ["preparing", "asked"],
  preparing: ["pending"],
  asked: ["preparing"],
  // From `failed`: its proof is tried again. From `outcome_unknown`: a worker that was given up had the answer after all.
  answered: ["asked", "failed", "outcome_unknown"],
  completed: ["answered"],
  failed: ["preparing", "asked", "answered"],
  cancelled: ["pending", "preparing"],
  outcome_unknown: ["asked"],
} as const;

export type JobState = keyof typeof TRANSITIONS;

export const JOB_STATES = Object.keys(TRANSITIONS) as JobState[];

/** What everybody but a worker needs to know of a state. */
export type JobStatus = "pending" | "running" | "completed" | "failed" | "cancelled" | "outcome_unknown";

/** Progress is by states, in per cent: providers report none. */
const VIEWS: Readonly<Record<JobState, { readonly status: JobStatus; readonly progress: number }>> = {
  pending: { status: "pending", progress: 0 },
  preparing: { status: "running", progress: 10 },
  asked: { status: "running", progress: 50 },
  answered: { status: "running", progress: 90 },
  completed: { status: "completed", progress: 100 },
  failed: { status: "failed", progress: 100 },
  cancelled: { status: "cancelled", progress: 100 },
  outcome_unknown: { status: "outcome_unknown", progress: 100 },
};

export function statusOf(state: JobState): JobStatus {
  return VIEWS[state].status;
}

export function progressOf(state: JobState): number {
  return VIEWS[state].progress;
}

/** Whether nothing more will become of a job by itself. */
export function isEnded(status: JobStatus): boolean {
  return status !== "pending" && status !== "running";
}

/** What a job cost. Neuron. */
export interface JobSpending {
  readonly amount: bigint;
  /** The worst case, where nobody can know: a request that was sent, and no answer. */
  readonly assumed: boolean;
}

const neuron = z
  .string()
  .regex(/^\d{1,78}$/)
  .transform(BigInt);

const json = <T>(schema: z.ZodType<T>) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: "custom", message: "not JSON" });
        return z.NEVER;
      }
    })
    .pipe(schema);

/** What was found beside the answer itself, when it was proved. */
export const evidenceSchema = z.object({
  /** Of the block after which the provider's record was read. */
  block: z.number(),
  attestation: z
    .object({
      /** SHA-256 of each report, the TDX quotes in hexadecimal, and every check by name. */
      reports: z.array(
        z.object({
          role: z.string(),
          source: z.string(),
          form: z.string(),
          sha256: z.string(),
          quote: z.string(),
          items: z.array(z.object({ name: z.string(), status: z.string(), detail: z.string() })),
        }),
      ),
    })
    .nullable(),
  /** Why there is no attestation. */
  notAttested: z.string().nullable(),
});

export type JobEvidence = z.infer<typeof evidenceSchema>;

const failureSchema = z.object({
  code: z.string(),
  exit: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5)]),
  message: z.string(),
  remedy: z.string(),
});

const taskSchema = z.object({
  task_type: z.enum(["inference", "embedding", "image", "edit", "transcription"]),
  model: z.string().optional(),
  inputs: z.record(z.string(), z.string()),
  verification: z.literal("tee-ml"),
});

/** A row of the store, as it is read. */
export const jobSchema = z.object({
  id: z.string(),
  state: z.enum(JOB_STATES as [JobState, ...JobState[]]),
  message: z.string(),
  task: json<JobTask>(taskSchema as z.ZodType<JobTask>),
  user: addressSchema,
  genesis_hash: hashSchema,
  provider: addressSchema,
  model: z.string(),
  /** Most it may cost, as it was agreed to. */
  agreed: neuron,
  attest: z.number().transform((flag) => flag === 1),
  answer: json<UnprovedAnswer>(unprovedSchema).nullable(),
  receipt: json<Receipt>(receiptSchema).nullable(),
  evidence: json<JobEvidence>(evidenceSchema).nullable(),
  failure: json<JobFailure>(failureSchema).nullable(),
  spent: neuron.nullable(),
  spent_assumed: z.number().transform((flag) => flag === 1),
  worker: z.string().nullable(),
  /** Unix milliseconds. */
  submitted_at: z.number(),
  updated_at: z.number(),
  completed_at: z.number().nullable(),
});

/** A job as the store has it. */
export type Job = z.output<typeof jobSchema>;

export function spendingOf({ spent, spent_assumed: assumed }: Pick<Job, "spent" | "spent_assumed">): JobSpending {
  return { amount: spent ?? 0n, assumed };
}

/** Milliseconds to the seconds that the adapter and its messages have. */
export function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
