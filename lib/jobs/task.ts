/** What a job is asked to do, in the form of ChaosChain's compute adapter. What nobody can honour is refused by name. */

import { z } from "zod";

import { canonicalJson } from "../protocol/canonical-json.ts";
import type { RequestKind } from "../protocol/services.ts";
import { JobTaskError, JobUnsupportedError } from "./errors.ts";

/** A job's task as it is stored. */
export interface JobTask {
  readonly task_type: TaskType;
  /** Provider address, alias or model name; absent: the cheapest provider of the kind that can prove its answers. */
  readonly model?: string;
  /** By name, all texts; which names there are depends on the type. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly verification: "tee-ml";
}

/** The types of task there are, and the kind of request each makes. */
export const TASK_TYPES = {
  inference: "chat",
  embedding: "embedding",
  image: "image",
  edit: "edit",
  transcription: "transcription",
} as const satisfies Readonly<Record<string, RequestKind>>;

export type TaskType = keyof typeof TASK_TYPES;

const UNSUPPORTED_TYPES: Readonly<Record<string, string>> = {
  training: "providers of inference train nothing, and 0G's fine-tuning is not run by jobs",
  "fine-tuning": "0G's fine-tuning is not run by jobs",
};
const UNSUPPORTED_PROOFS: Readonly<Record<string, string>> = {
  "zk-ml": "no provider of 0G proves answers in zero knowledge",
  "op-ml": "no provider of 0G has answers that can be disputed on chain",
};

const text = z.string().nullish();
const taskSchema = z.strictObject({
  task_type: z.string(),
  model: text,
  /** A map of texts on the wire; Python callers have numbers and lists in it, which are the same as JSON. */
  inputs: z.record(z.string(), z.unknown()),
  verification: text,
  docker_image: text,
  resources: z.record(z.string(), z.unknown()).nullish(),
});

function isTaskType(name: string): name is TaskType {
  return Object.hasOwn(TASK_TYPES, name);
}

function inputText(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined || value === null) throw new JobTaskError(`the input ${name} is empty`, `inputs.${name}`);
  return JSON.stringify(value);
}

/**
 * Reads a task. Empty texts and maps count as absent, as on the wire.
 * @throws {JobTaskError} {@link JobUnsupportedError} for `training`, `zk-ml`, `op-ml`, `docker_image`, `resources`.
 */
export function parseTask(value: unknown): JobTask {
  const parsed = taskSchema.safeParse(value);
  if (!parsed.success)
    throw new JobTaskError(z.prettifyError(parsed.error).replaceAll("\n", " "), undefined, parsed.error);
  const { task_type, model, inputs, docker_image, resources } = parsed.data;
  const verification = parsed.data.verification?.trim() ?? "";
  if (!isTaskType(task_type)) throw unknownType(task_type);
  if (verification !== "" && verification !== "tee-ml") throw unknownProof(verification);
  if (docker_image != null && docker_image.trim() !== "") {
    const why = "providers run their own images; which one, additionalInfo on chain says";
    throw new JobUnsupportedError({ field: "docker_image", value: docker_image, why });
  }
  const [resource] = Object.keys(resources ?? {});
  if (resource !== undefined) {
    const why = "providers choose the machines they run on";
    throw new JobUnsupportedError({ field: "resources", value: resource, why });
  }
  const named = model?.trim() ?? "";
  return {
    task_type,
    ...(named === "" ? {} : { model: named }),
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, given]) => [name, inputText(name, given)])),
    verification: "tee-ml",
  };
}

function unknownType(name: string): JobTaskError | JobUnsupportedError {
  const why = Object.hasOwn(UNSUPPORTED_TYPES, name) ? UNSUPPORTED_TYPES[name] : undefined;
  if (why !== undefined) return new JobUnsupportedError({ field: "task_type", value: name, why });
  const known = Object.keys(TASK_TYPES).join(", ");
  return new JobTaskError(`task_type ${JSON.stringify(name)} is none of ${known}`, "task_type");
}

function unknownProof(name: string): JobTaskError | JobUnsupportedError {
  const why = Object.hasOwn(UNSUPPORTED_PROOFS, name) ? UNSUPPORTED_PROOFS[name] : undefined;
  if (why !== undefined) return new JobUnsupportedError({ field: "verification", value: name, why });
  return new JobTaskError(`verification ${JSON.stringify(name)} is not tee-ml`, "verification");
}

/** One text for one task, whatever the order of its inputs. */
export function taskText(task: JobTask): string {
  return canonicalJson(task);
}
