/** The jobs of this machine: a store, and the account that pays. */

import { genesisHash } from "../chain/connect.ts";
import type { Address } from "../hex.ts";
import { assertJobId, newJobId } from "./id.ts";
import type { Job } from "./job.ts";
import { resultView, statusView, submittedView, type CancelledJob, type Jobs, type SubmittedJob } from "./jobs.ts";
import { agreedAmount, planJob, type PlanDeps, type PlannedJob } from "./plan.ts";
import type { JobStore } from "./store.ts";
import type { JobTask } from "./task.ts";

export interface LocalJobsOptions extends PlanDeps {
  readonly store: JobStore;
  readonly user: Address;
  /** Most one job may cost; absent: what its plan says. Neuron. */
  readonly perJob?: bigint;
  /** Verify the hardware report of every provider, too. */
  readonly attest?: boolean;
  /** Looks at a plan before it is stored. May throw. */
  readonly admit?: (planned: PlannedJob) => void;
  /** Told of every job that was stored. */
  readonly onSubmitted?: () => void;
}

/** Looking at jobs, for whoever has the store alone. */
export function readJobs(store: JobStore): Omit<Jobs, "submit"> {
  const current = (id: string): Job => {
    store.recover();
    return store.get(id);
  };
  return {
    status: async (id) => statusView(current(id)),
    result: async (id) => resultView(current(id)),
    cancel: async (id) => {
      store.recover();
      return cancelledView(store.cancel(id));
    },
  };
}

function cancelledView({ cancelled, job }: ReturnType<JobStore["cancel"]>): CancelledJob {
  if (cancelled) return { job_id: job.id, cancelled, message: "cancelled; nothing was sent" };
  const sent = job.state === "asked" || job.state === "answered";
  const message = sent
    ? "its request was sent, and a provider runs and charges what it was sent"
    : `it has ended: ${job.state}`;
  return { job_id: job.id, cancelled, message };
}

/** The jobs of a store that an account pays for. */
export class LocalJobs implements Jobs {
  readonly #options: LocalJobsOptions;
  readonly status: Jobs["status"];
  readonly result: Jobs["result"];
  readonly cancel: Jobs["cancel"];

  constructor(options: LocalJobsOptions) {
    this.#options = options;
    ({ status: this.status, result: this.result, cancel: this.cancel } = readJobs(options.store));
  }

  /**
   * Plans a task and stores it.
   * @throws those of {@link planJob}; {@link MaxSpendExceededError} {@link JobIdTakenError}
   */
  async submit(task: JobTask, id?: string): Promise<SubmittedJob> {
    const known = id === undefined ? undefined : await this.known(task, id);
    return submittedView(known ?? (await this.add(await planJob(this.#options, task), id)));
  }

  /**
   * The job that has an id already. It is not planned again: prices change, and the job is the same.
   * @throws {JobIdTakenError} when its task, account or chain is another.
   */
  async known(task: JobTask, id: string): Promise<Job | undefined> {
    const { store, user, read } = this.#options;
    assertJobId(id);
    const job = store.find(id);
    if (job === undefined) return undefined;
    const { provider, model, agreed, attest } = job;
    return store.submit({
      id,
      task,
      user,
      genesisHash: await genesisHash(read.provider),
      provider,
      model,
      agreed,
      attest,
    }).job;
  }

  /** Stores a planned job. @throws {MaxSpendExceededError} {@link JobIdTakenError} */
  async add(planned: PlannedJob, id?: string): Promise<Job> {
    const { store, user, read, random, perJob, attest = false, admit, onSubmitted } = this.#options;
    const agreed = agreedAmount(planned, perJob);
    admit?.(planned);
    const { provider, model } = planned.service;
    const { job } = store.submit({
      id: id ?? newJobId(random),
      task: planned.task,
      genesisHash: await genesisHash(read.provider),
      ...{ user, provider, model, agreed, attest },
    });
    onSubmitted?.();
    return job;
  }
}
