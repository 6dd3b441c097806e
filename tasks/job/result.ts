import { randomBytes } from "node:crypto";

import { borderOf } from "../../lib/border.ts";
import { UsageError } from "../../lib/errors.ts";
import { awaitJob, refusalOfResult } from "../../lib/jobs/jobs.ts";
import { readJobs } from "../../lib/jobs/local.ts";
import { isUnproved, type JobStore } from "../../lib/jobs/store.ts";
import { workerIdentity } from "../../lib/jobs/worker.ts";
import { proveJob } from "../../lib/jobs/work.ts";
import { assertWritable, writeFileAtomic } from "../../lib/storage/atomic-file.ts";
import { action, type Answer, type TaskIo } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { resultAnswer } from "../support/job-result.ts";
import { HOST, remoteUrl, waitingTime, withRemote, withStore } from "../support/jobs.ts";

interface Arguments {
  readonly id: string;
  readonly timeout: string | undefined;
  readonly out: string | undefined;
  readonly remote: string | undefined;
}

type Hre = Parameters<typeof withConnection>[0];

/** A paid answer whose signature could not be fetched is proved now: that costs nothing, and needs no key. */
async function proveAgain(hre: Hre, store: JobStore, id: string, io: TaskIo): Promise<void> {
  if (!isUnproved(store.get(id))) return;
  const worker = workerIdentity(HOST);
  const job = store.claimUnproved(id, worker);
  if (job === undefined) return;
  io.log(`job ${id}: the answer is paid for and unproved; fetching its signature again`);
  await withConnection(
    hre,
    async ({ read }) => {
      const http = { border: borderOf(read.network), signal: io.signal };
      await proveJob({ read, http, random: randomBytes, store, worker, clock: Date.now }, job);
    },
    io,
  );
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const { out } = args;
  const id = required(args.id, "The job", "job result <id>");
  const waiting = { timeoutMs: waitingTime(args.timeout), signal: io.signal };
  const url = remoteUrl(args.remote);
  if (url !== undefined) {
    if (out !== undefined) {
      throw new UsageError({
        message: "--out writes the receipt, which a job server keeps to itself",
        remedy: "Leave it out, or run the command where job serve runs, without --remote.",
      });
    }
    return withRemote(url, async (jobs) => {
      const { message } = await awaitJob(jobs, id, waiting);
      const result = await jobs.result(id);
      return resultAnswer(result, refusalOfResult(result, message));
    });
  }
  if (out !== undefined) await assertWritable(out, "private");
  return withStore(hre, async (store) => {
    const jobs = readJobs(store);
    await awaitJob(jobs, id, waiting);
    await proveAgain(hre, store, id, io);
    const [result, { message }] = [await jobs.result(id), await jobs.status(id)];
    const { receipt } = store.get(id);
    if (out !== undefined && receipt !== null) {
      await writeFileAtomic(out, `${JSON.stringify(receipt, null, 2)}\n`, "private");
    }
    const written = out === undefined || receipt === null ? [] : ["", `receipt ${out}`];
    return resultAnswer(result, refusalOfResult(result, message), written);
  });
});
