/** The ids of jobs. */

import type { RandomSource } from "../compute/service-request.ts";
import { JobTaskError } from "./errors.ts";

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const ID_BYTES = 16;

/** @throws {JobTaskError} for an id that is none. */
export function assertJobId(id: string): void {
  if (ID.test(id)) return;
  const problem = `${JSON.stringify(id.slice(0, 80))} is no id: up to 64 letters, digits, dots, dashes and underscores`;
  throw new JobTaskError(problem, "id");
}

/** As the adapter names jobs; random, so that the same task twice is two jobs. */
export function newJobId(random: RandomSource): string {
  return `zerog_job_${Buffer.from(random(ID_BYTES)).toString("hex")}`;
}
