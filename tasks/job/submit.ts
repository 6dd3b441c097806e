import { randomBytes } from "node:crypto";

import { borderOf } from "../../lib/border.ts";
import { NoSubAccountError } from "../../lib/compute/errors.ts";
import { requiredLocked } from "../../lib/compute/funding.ts";
import { readSubAccount } from "../../lib/compute/ledger.ts";
import { SessionTokens } from "../../lib/compute/session.ts";
import { UsageError } from "../../lib/errors.ts";
import { makeBill } from "../../lib/flow/bill.ts";
import type { Job } from "../../lib/jobs/job.ts";
import { awaitJob, refusalOfResult, submittedView, type SubmittedJob } from "../../lib/jobs/jobs.ts";
import { LocalJobs, readJobs } from "../../lib/jobs/local.ts";
import { agreedAmount, planJob, type PlannedJob } from "../../lib/jobs/plan.ts";
import type { JobStore } from "../../lib/jobs/store.ts";
import type { JobTask } from "../../lib/jobs/task.ts";
import { workerIdentity, workNow } from "../../lib/jobs/worker.ts";
import type { Address } from "../../lib/hex.ts";
import { withUnit } from "../../lib/units.ts";
import { action, type Answer, type TaskIo } from "../support/action.ts";
import { parseCount, type SpendingArguments } from "../support/arguments.ts";
import { assertKeyUsable, selectedNetwork, withConnection, type OpenConnection } from "../support/connection.ts";
import { resultAnswer } from "../support/job-result.ts";
import { HOST, remoteUrl, taskOf, waitingTime, withRemote, withStore, type TaskArguments } from "../support/jobs.ts";
import { approve, billData, spendingCap } from "../support/spend.ts";
import { openWriter } from "../support/write.ts";

interface Arguments extends SpendingArguments, TaskArguments {
  readonly id: string | undefined;
  readonly detach: boolean;
  readonly attest: boolean;
  readonly timeout: string | undefined;
  readonly remote: string | undefined;
  readonly as: string | undefined;
}

function storedAnswer(submitted: SubmittedJob, more: object, how: string): Answer {
  return { data: { ...submitted, ...more }, text: [submitted.job_id, `${submitted.status}: ${how}`] };
}

/** Whoever runs a job server pays, by the caps it was started with; nothing of this machine's is spent. */
async function submitRemotely(url: string, task: JobTask, args: Arguments, io: TaskIo): Promise<Answer> {
  const odd = (["maxSpend", "dryRun", "attest", "as"] as const).find((name) => (args[name] ?? false) !== false);
  if (odd !== undefined) {
    throw new UsageError({
      message: `--${odd.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is nothing that a job server is told`,
      remedy: "Leave it out: whoever started job serve decided on that.",
    });
  }
  return withRemote(url, async (jobs) => {
    const submitted = await jobs.submit(task, args.id);
    const { job_id: id } = submitted;
    if (args.detach) return storedAnswer(submitted, { server: url }, "see npx hardhat job result");
    io.log(`job ${id}: submitted to ${url}`);
    const { message } = await awaitJob(jobs, id, { timeoutMs: waitingTime(args.timeout), signal: io.signal });
    const result = await jobs.result(id);
    return resultAnswer(result, refusalOfResult(result, message));
  });
}

/** What the job may cost, and where that comes from. Nothing is paid by it that is not in the sub-account. */
async function billOf({ read }: OpenConnection, owner: Address, planned: PlannedJob | Job, agreed: bigint) {
  const { provider, model } = "service" in planned ? planned.service : planned;
  const account = await readSubAccount(read, owner, provider);
  if (account === undefined) {
    throw new NoSubAccountError({ user: owner, provider, minimum: requiredLocked(0n, agreed) });
  }
  const note = `at most, from the sub-account, which holds ${withUnit(account.spendable)}`;
  return makeBill([{ what: `one job at ${model}`, amount: agreed, from: "fee", note }]);
}

async function submitHere(
  open: OpenConnection,
  store: JobStore,
  task: JobTask,
  args: Arguments,
  io: TaskIo,
): Promise<Answer> {
  const { read, network } = open;
  const { id } = args;
  const timeoutMs = args.timeout === undefined ? undefined : parseCount(args.timeout, "timeout", 1) * 1000;
  const http = { border: borderOf(network), signal: io.signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  const writer = await openWriter(open, args, io);
  const { ctx, owner } = writer;
  const cap = spendingCap(args);
  const jobs = new LocalJobs({
    ...{ read, http, random: randomBytes, store, user: owner, attest: args.attest },
    ...(cap === undefined ? {} : { perJob: cap }),
  });
  store.recover();
  const known = id === undefined ? undefined : await jobs.known(task, id);
  const planned = known ?? (await planJob({ read, http, random: randomBytes }, task));
  // What is known was agreed to when it was stored, and what has ended costs nothing more.
  const worth = known === undefined || known.state === "pending";
  if (worth) {
    const agreed = "service" in planned ? agreedAmount(planned, cap) : planned.agreed;
    const bill = await billOf(open, owner, planned, "service" in planned ? planned.worst : agreed);
    if (!(await approve(bill, args, writer, io, "ask"))) {
      const { provider, model } = "service" in planned ? planned.service : planned;
      const data = { network: network.name, user: owner, provider, model, plan: billData(bill), dryRun: true };
      return { data, text: ["dry run: nothing was stored or sent"] };
    }
  }
  const job = "service" in planned ? await jobs.add(planned, id) : planned;
  if (args.detach) {
    const more = { provider: job.provider, model: job.model, agreed: job.agreed };
    return storedAnswer(submittedView(job), more, "npx hardhat job serve works it; npx hardhat job result shows it");
  }
  io.log(`job ${job.id}: stored`);
  const session = new SessionTokens({ network, provider: read.provider, signer: ctx.signer });
  const worker = workerIdentity(HOST);
  await workNow({ read, session, http, random: randomBytes, store, worker, clock: Date.now }, job.id);
  // Somebody else may have been faster.
  const reading = readJobs(store);
  const { message } = await awaitJob(reading, job.id, { timeoutMs: waitingTime(undefined), signal: io.signal });
  const result = await reading.result(job.id);
  return resultAnswer(result, refusalOfResult(result, message));
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const task = await taskOf(args);
  const url = remoteUrl(args.remote);
  if (url !== undefined) return submitRemotely(url, task, args, io);
  spendingCap(args);
  assertKeyUsable(selectedNetwork(hre));
  return withStore(hre, async (store) =>
    withConnection(hre, async (open) => submitHere(open, store, task, args, io), io),
  );
});
