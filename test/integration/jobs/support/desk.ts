/** A store of jobs of its own, and what works them for one user of an embedded Galileo. */

import { randomBytes } from "node:crypto";
import path from "node:path";

import { genesisHash } from "../../../../lib/chain/connect.ts";
import type { HttpDeps } from "../../../../lib/compute/provider-http.ts";
import type { Job } from "../../../../lib/jobs/job.ts";
import { LocalJobs, type LocalJobsOptions } from "../../../../lib/jobs/local.ts";
import { JobStore } from "../../../../lib/jobs/store.ts";
import { parseTask } from "../../../../lib/jobs/task.ts";
import type { WorkDeps } from "../../../../lib/jobs/work.ts";
import { JobWorker, workerIdentity, workNow, type WorkerOptions } from "../../../../lib/jobs/worker.ts";
import { isAlive } from "../../../../lib/process-lock.ts";
import { temporaryFolder } from "../../../support/temporary.ts";
import type { TestUser } from "../../compute/support/galileo.ts";

export interface Desk {
  readonly store: JobStore;
  readonly jobs: LocalJobs;
  /** What it told its log. */
  readonly said: readonly string[];
  deps(http?: HttpDeps): WorkDeps;
  worker(options?: Partial<WorkerOptions>): Promise<JobWorker>;
  /** Submits a chat and works it. */
  run(inputs?: Record<string, string>, http?: HttpDeps): Promise<Job>;
  submit(inputs?: Record<string, string>, id?: string): Promise<string>;
  close(): Promise<void>;
}

const HOST = "test";

export async function openDesk(
  { ctx, session, address }: TestUser,
  model: string,
  options: Partial<LocalJobsOptions> = {},
): Promise<Desk> {
  const folder = await temporaryFolder();
  const store = new JobStore(path.join(folder.path, "jobs.db"), { clock: Date.now, isAlive, host: HOST });
  const { network, provider } = ctx;
  const read = { network, provider };
  const jobs = new LocalJobs({ read, http: {}, random: randomBytes, store, user: address, ...options });
  const said: string[] = [];
  const deps = (http: HttpDeps = {}): WorkDeps => ({
    ...{ read, session, http, random: randomBytes, store, clock: Date.now },
    worker: workerIdentity(HOST),
  });
  const submit = async (inputs: Record<string, string> = { prompt: "hi" }, id?: string) =>
    (await jobs.submit(parseTask({ task_type: "inference", model, inputs }), id)).job_id;
  return {
    ...{ store, jobs, said, deps, submit },
    worker: async (more = {}) =>
      new JobWorker({
        ...deps(),
        for: { user: address, genesisHash: await genesisHash(provider) },
        parallel: 4,
        log: (line) => said.push(line),
        ...more,
      }),
    run: async (inputs, http) => {
      const id = await submit(inputs);
      await workNow(deps(http), id);
      return store.get(id);
    },
    close: async () => {
      store.close();
      await folder.remove();
    },
  };
}
