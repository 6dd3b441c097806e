/** What a task will be asked, of whom, and what that costs at worst: worked out before anything is stored or sent. */

import { assertServes, serviceFeeAtMost } from "../compute/ask.ts";
import type { ReadContext } from "../chain/context.ts";
import { MaxSpendExceededError, PlanExceededError } from "../chain/spending.ts";
import { NoSuitableProviderError, NotEndorsedError } from "../compute/errors.ts";
import { chooseAnsweringService } from "../compute/liveness.ts";
import type { HttpDeps } from "../compute/provider-http.ts";
import { assertProviderSees, listServices, resolveService, type Service } from "../compute/providers.ts";
import type { RandomSource, ServiceRequest } from "../compute/service-request.ts";
import { REQUEST_KINDS } from "../protocol/services.ts";
import { JobNotProvableError } from "./errors.ts";
import { requestOfTask } from "./inputs.ts";
import { TASK_TYPES, type JobTask } from "./task.ts";

export interface PlannedJob {
  readonly task: JobTask;
  readonly service: Service;
  /** Neuron. */
  readonly worst: bigint;
}

export interface PlanDeps {
  readonly read: ReadContext;
  readonly http: HttpDeps;
  readonly random: RandomSource;
}

/** What a service of each `verifiability` proves its answers by, in the words of the adapter. */
const METHODS: Readonly<Record<string, string>> = { TeeML: "tee-ml", OpML: "op-ml", ZKML: "zk-ml" };

/** The method by which a service proves its answers; undefined when the chain names none. */
export function methodOf({ verifiability }: Pick<Service, "verifiability">): string | undefined {
  return Object.hasOwn(METHODS, verifiability) ? METHODS[verifiability] : undefined;
}

/**
 * Asserts that a service can prove an answer as a job must, before it is paid.
 * @throws {JobNotProvableError} {@link NotEndorsedError}
 */
export function assertProvable(service: Service): void {
  const { provider, model, verifiability, expectedSigner, topology, endorsed } = service;
  const refuse = (why: string) => new JobNotProvableError({ provider, model, why });
  if (methodOf(service) !== "tee-ml") throw refuse(`its verifiability on chain is ${JSON.stringify(verifiability)}`);
  if (expectedSigner === undefined) throw refuse(`nobody signs the answers of a ${topology} service`);
  if (!endorsed) throw new NotEndorsedError({ provider });
}

/** The service named, or the cheapest of its type that can prove its answers. */
async function serviceFor({ read, http }: PlanDeps, { task_type, model }: JobTask): Promise<Service> {
  if (model !== undefined) return resolveService(read, model);
  const services = await listServices(read);
  const kind = TASK_TYPES[task_type];
  if (kind === "chat") return chooseAnsweringService(http, services, { network: read.network });
  const { serviceType } = REQUEST_KINDS[kind];
  const suitable = services.filter((service) => service.serviceType === serviceType && service.mintability.mintable);
  const [cheapest] = suitable.sort((a, b) => Number(priceOf(a) - priceOf(b)) || (a.provider < b.provider ? -1 : 1));
  if (cheapest !== undefined) return cheapest;
  const wanted = `an endorsed ${serviceType} provider that proves its answers`;
  throw new NoSuitableProviderError({ wanted, registered: services.length, refused: [] });
}

function priceOf({ inputPrice, outputPrice }: Service): bigint {
  return inputPrice + outputPrice;
}

/**
 * Plans a task. Reads the chain; sends and stores nothing.
 * @throws {JobTaskError} {@link JobNotProvableError} {@link ServiceTypeError} {@link ProviderUnknownError} and the like.
 */
export async function planJob(deps: PlanDeps, task: JobTask): Promise<PlannedJob> {
  requestOfTask(task, "", deps.random); // what is wrong with the task is said before anybody is asked about
  const service = await serviceFor(deps, task);
  const { worst } = requestFor(deps, task, service);
  return { task, service, worst };
}

/** The request of a task at a service, and its worst case, by what the chain lists now. */
export function requestFor(
  { read, random }: Pick<PlanDeps, "read" | "random">,
  task: JobTask,
  service: Service,
): { readonly request: ServiceRequest; readonly worst: bigint } {
  assertServes(service, TASK_TYPES[task.task_type]);
  assertProviderSees(read.network, service);
  assertProvable(service);
  const request = requestOfTask(task, service.model, random);
  return { request, worst: serviceFeeAtMost(service, request) };
}

/** What one job may cost, and whether a cap was given for it. @throws {MaxSpendExceededError} */
export function agreedAmount({ service, worst }: PlannedJob, cap: bigint | undefined): bigint {
  if (cap === undefined) return worst;
  if (worst > cap) throw new MaxSpendExceededError({ what: `ask ${service.model}`, cap, needed: worst, spent: 0n });
  return cap;
}

/** Asserts that a job still costs no more than was agreed to when it was stored. @throws {PlanExceededError} */
export function assertAgreed(service: Service, worst: bigint, agreed: bigint): void {
  if (worst > agreed) throw new PlanExceededError({ what: `ask ${service.model}`, needed: worst, planned: agreed });
}
