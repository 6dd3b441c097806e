/** Images as jobs: submitted now, asked for until they are done. For generators that take longer than connections last. */

import { chatIdFrom } from "../protocol/chat.ts";
import { serviceBase } from "../protocol/endpoints.ts";
import { count, definedText, members, parsedJson } from "../protocol/members.ts";
import { REQUEST_KINDS } from "../protocol/services.ts";
import {
  providerRequest,
  sendAuthorized,
  serviceFee,
  type AskDeps,
  type AskParams,
  type ServiceResult,
} from "./ask.ts";
import { AsyncJobFailedError, ProviderTimeoutError, ResponseMalformedError } from "./errors.ts";
import { pause, textOf, type HttpAnswer } from "./provider-http.ts";
import { readAnswer } from "./service-answer.ts";

export interface JobParams extends Omit<AskParams, "onText"> {
  /** Told the job's id, and every change of its status. */
  readonly onStatus?: (job: { readonly jobId: string; readonly status: string }) => void;
}

const DEFAULT_WAIT_MS = 600_000;
const DEFAULT_PAUSE_SECONDS = 5;
const LONGEST_PAUSE_SECONDS = 30;
const JOB_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Submits a request for images as a job and waits for it. Pays as `ask` does. What comes back proves itself by the hashes
 * of its images: the body around them is written anew by the provider.
 * @throws {AsyncJobFailedError} when the provider says so. {@link ProviderTimeoutError} when it takes longer than
 *   `timeoutMs` (default 10 minutes); and the errors of `ask`.
 */
export async function askAsJob(deps: AskDeps, params: JobParams): Promise<ServiceResult> {
  const { service, request, onStatus } = params;
  const { what } = REQUEST_KINDS[request.kind];
  const clock = deps.clock ?? Date.now;
  const user = await deps.session.user();
  const startedAt = clock();
  const { headers, body } = await providerRequest(deps.session, service, request);
  const base = `${serviceBase(service.url)}/v1/async`;
  const { timeoutMs: waitMs = DEFAULT_WAIT_MS, ...each } = deps;
  const submitted = await sendAuthorized(each, service, {
    what,
    url: base + request.path,
    method: "POST",
    headers: { "Content-Type": headers["Content-Type"] },
    body,
  });
  const jobId = definedText(members(parsedJson(textOf(submitted)))["jobId"]);
  if (jobId === undefined || !JOB_ID.test(jobId)) {
    throw new ResponseMalformedError({ url: base + request.path, why: "it names no job" });
  }
  const url = `${base}/jobs/${jobId}`;
  let last = "";
  for (;;) {
    const looked = await sendAuthorized(each, service, { what, url, method: "GET" });
    const job = members(parsedJson(textOf(looked)));
    const status = definedText(job["status"]) ?? "unknown";
    if (status !== last) onStatus?.({ jobId, status });
    last = status;
    if (status === "completed") return finished(params, job["data"], looked, { user, startedAt, finishedAt: clock() });
    if (status === "failed") {
      const said = definedText(job["errorMessage"]) ?? "no reason given";
      throw new AsyncJobFailedError({ provider: service.provider, jobId, said });
    }
    const pauseMs = secondsToWait(looked) * 1000;
    if (clock() - startedAt + pauseMs > waitMs) {
      throw new ProviderTimeoutError({ what: `${what} as job ${jobId}`, url, timeoutMs: waitMs });
    }
    await pause(deps, pauseMs, what);
  }
}

/** As the provider asks for, within reason. */
function secondsToWait({ headers }: HttpAnswer): number {
  const stated = headers.get("retry-after");
  const seconds = stated === null ? undefined : count(Number(stated));
  return Math.min(seconds ?? DEFAULT_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS);
}

function finished(
  { service, request }: JobParams,
  data: unknown,
  looked: HttpAnswer,
  when: Pick<ServiceResult, "user" | "startedAt" | "finishedAt">,
): ServiceResult {
  const responseBytes = new TextEncoder().encode(JSON.stringify(data ?? null));
  const { answer, problem } = readAnswer(request, responseBytes);
  if (problem !== undefined) throw new ResponseMalformedError({ url: service.url, why: problem.why });
  const found = chatIdFrom(looked.headers, {});
  return {
    ...answer,
    ...when,
    kind: request.kind,
    provider: service.provider,
    model: service.model,
    requestBytes: request.body,
    responseBytes,
    status: looked.status,
    ...(found.status === "absent" ? {} : { chatId: { id: found.id, source: found.source } }),
    fee: serviceFee(service, request.kind, answer.measure),
  };
}
