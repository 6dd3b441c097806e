/** A job's result, for people and scripts. */

import type { ZgError } from "../../lib/errors.ts";
import type { JobResult } from "../../lib/jobs/jobs.ts";
import type { Answer } from "./action.ts";
import { spentText, timeText } from "./jobs.ts";
import { table } from "./table.ts";

const PROOF_FIELDS = [
  ...(["method", "docker_digest", "enclave_pubkey", "attestation", "execution_hash", "signature"] as const),
  "timestamp",
] as const;

function proofRows({ proof }: JobResult): string[][] {
  const absent = (proof.metadata["absent"] ?? {}) as Readonly<Record<string, string>>;
  return PROOF_FIELDS.map((name) => {
    const value = proof[name];
    if (value === null) return [name, `none: ${absent[name] ?? "not given"}`];
    if (name === "timestamp") return [name, timeText(Number(value))];
    return [name, typeof value === "object" ? String(value["tee_report"]) : String(value)];
  });
}

function outputLines(output: unknown): string[] {
  if (output === null) return [];
  const { content } = output as { content?: unknown };
  return [typeof content === "string" ? content : JSON.stringify(output), ""];
}

/** What a task that ends with a result answers. */
export function resultAnswer(result: JobResult, refusal: ZgError | undefined, more: readonly string[] = []): Answer {
  const done = result.status === "completed";
  return {
    data: { ...result },
    text: [
      ...outputLines(result.output),
      ...table([
        ["job", result.job_id],
        ["status", result.status],
        ["spent", spentText(result.spent)],
        ...(done ? proofRows(result) : []),
      ]),
      ...more,
    ],
    refusal,
  };
}
