/** Works one job: asks at most once, keeps what it paid for before anything else, proves it. */

import { genesisHash, latestBlock } from "../chain/connect.ts";
import type { ReadContext } from "../chain/context.ts";
import { ask, type ServiceResult } from "../compute/ask.ts";
import { RateLimitedError } from "../compute/errors.ts";
import type { HttpDeps } from "../compute/provider-http.ts";
import { proveAnswer, withImages } from "../compute/prove.ts";
import { readService } from "../compute/providers.ts";
import { unprovedAnswer } from "../compute/receipt.ts";
import { requestOutcome } from "../compute/request-outcome.ts";
import type { RandomSource } from "../compute/service-request.ts";
import type { Session } from "../compute/session.ts";
import { assertVerified } from "../compute/verify.ts";
import { EXIT, ZgError } from "../errors.ts";
import { attestJob } from "./attest.ts";
import type { JobFailure } from "./errors.ts";
import type { Job, JobSpending } from "./job.ts";
import { assertAgreed, requestFor } from "./plan.ts";
import type { JobStore, WorkerIdentity } from "./store.ts";

export interface WorkDeps {
  readonly read: ReadContext;
  readonly session: Session;
  readonly http: HttpDeps;
  readonly random: RandomSource;
  readonly store: JobStore;
  readonly worker: WorkerIdentity;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

/** Whatever went wrong, as it is written down. Nothing of a bug's insides is. */
export function failureOf(error: unknown): JobFailure {
  if (error instanceof ZgError) {
    const { code, exit, message, remedy } = error;
    return { code, exit, message, remedy };
  }
  const message = "something went wrong that should not have";
  return { code: "ZG_UNEXPECTED", exit: EXIT.unexpected, message, remedy: "Look at the log of the worker." };
}

/**
 * Works a job that was claimed, to its end.
 * @throws {ZgError} what keeps it from being sent now and may pass, e.g. an outage of the chain: the job waits again.
 * @throws whatever is no {@link ZgError}, a bug; the job has ended then.
 */
export async function workJob(deps: WorkDeps, job: Job): Promise<void> {
  try {
    if (job.state === "answered" || (await askOnce(deps, job))) await prove(deps, deps.store.get(job.id));
  } catch (error) {
    const { state } = deps.store.get(job.id);
    if (state === "pending") throw error; // turned down for now
    const passes = error instanceof ZgError && error.exit === EXIT.network;
    if (passes && deps.store.putBack(job.id, deps.worker, `put back: ${error.message}`)) throw error;
    if (state === "asked") deps.store.unknown(job.id, deps.worker, "what came of its request could not be stored");
    else deps.store.fail(job.id, deps.worker, failureOf(error), state === "preparing" ? { spending: NOTHING } : {});
    if (!(error instanceof ZgError)) throw error;
  }
}

const NOTHING: JobSpending = { amount: 0n, assumed: false };

/** @returns whether an answer is stored now. */
async function askOnce(deps: WorkDeps, job: Job): Promise<boolean> {
  const { read, session, http, store, worker } = deps;
  const service = await readService(read, job.provider);
  const { request, worst } = requestFor(deps, job.task, service);
  assertAgreed(service, worst, job.agreed);
  // Whatever keeps a token from being made shall fail before it is written down that something was asked.
  await session.header(service.provider);
  const genesis = await genesisHash(read.provider);
  if (!store.asked(job.id, worker, worst)) return false;
  let result: ServiceResult;
  try {
    result = await ask({ ...http, session }, { service, request });
  } catch (error) {
    unanswered(deps, job, worst, error);
    return false;
  }
  const answer = unprovedAnswer({ network: read.network, genesisHash: genesis, service, result });
  return store.answered(job.id, worker, answer);
}

/**
 * Writes down what an error says about a request that was sent: refused, served badly, or nobody knows.
 * @throws {RateLimitedError} when the provider is too busy for now: the job waits again.
 */
function unanswered({ store, worker }: WorkDeps, { id }: Job, worst: bigint, error: unknown): void {
  if (!(error instanceof ZgError)) {
    store.unknown(id, worker, "the worker failed after the request was sent");
    throw error;
  }
  if (error instanceof RateLimitedError) {
    store.turnedDown(id, worker, `put back: ${error.message}`);
    throw error;
  }
  const outcome = requestOutcome(error);
  if (outcome === "not served") store.fail(id, worker, failureOf(error), { spending: NOTHING });
  else if (outcome === "spoiled") {
    store.fail(id, worker, failureOf(error), { spending: { amount: worst, assumed: true } });
  } else store.unknown(id, worker, error.message);
}

/** Proves a stored answer. Costs nothing, so it may be tried again. */
async function prove({ read, http, random, store, worker, clock }: Omit<WorkDeps, "session">, job: Job): Promise<void> {
  if (job.answer === null) throw new Error(`job ${job.id} is answered, and has no answer`);
  const service = await readService(read, job.provider);
  const { number: block } = await latestBlock(read);
  const answer = await withImages(http, service, job.answer);
  const { receipt, verification } = await proveAnswer(http, service, answer);
  try {
    assertVerified(service.provider, verification);
  } catch (error) {
    store.fail(job.id, worker, failureOf(error), { receipt });
    return;
  }
  const attested = job.attest
    ? await attestJob(http, service, random, new Date(clock()))
    : { attestation: null, notAttested: "it was not asked for; submit with --attest" };
  store.complete(job.id, worker, receipt, { block, ...attested });
}

/** Proves the stored answer of a claimed job, and nothing else. Needs no key. */
export async function proveJob(deps: Omit<WorkDeps, "session">, job: Job): Promise<void> {
  try {
    await prove(deps, job);
  } catch (error) {
    deps.store.fail(job.id, deps.worker, failureOf(error));
    if (!(error instanceof ZgError)) throw error;
  }
}
