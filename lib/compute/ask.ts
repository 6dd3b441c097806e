/** Asks a provider and keeps what proves the answer: the bytes sent and the bytes received. One way for every kind. */

import { borderOf } from "../border.ts";
import { AbortedError } from "../errors.ts";
import type { Address } from "../hex.ts";
import { chatIdFrom } from "../protocol/chat.ts";
import { MAX_REQUEST_BYTES, PROXY_PATH } from "../protocol/constants.ts";
import { serviceBase } from "../protocol/endpoints.ts";
import { feeFor, type Fee, type Measure } from "../protocol/fees.ts";
import { isSessionRefusal } from "../protocol/provider-errors.ts";
import { kindOfServiceType, REQUEST_KINDS, type RequestKind } from "../protocol/services.ts";
import { secondsAtMost } from "../protocol/audio.ts";
import { RequestTooLargeError, ResponseCutError, ResponseMalformedError, ServiceTypeError } from "./errors.ts";
import { exchange, type HttpAnswer, type HttpDeps, type HttpRequest } from "./provider-http.ts";
import { classify, refusal } from "./provider-refusals.ts";
import { assertProviderSees, pricesOf, type Service } from "./providers.ts";
import { answerReader, readAnswer, type ReadAnswer, type ServiceAnswer } from "./service-answer.ts";
import type { ServiceRequest } from "./service-request.ts";
import type { Session } from "./session.ts";
import type { ChatIdRef } from "./signature.ts";

export interface AskDeps extends HttpDeps {
  readonly session: Session;
}

export interface AskParams {
  readonly service: Service;
  readonly request: ServiceRequest;
  /** Takes the text of a stream as it comes. It is not verified yet. */
  readonly onText?: (text: string) => void;
  /** Takes the whole answer as it came, before it is read: what was paid for is kept even when it makes no sense. */
  readonly onReceived?: (raw: RawAnswer) => void;
}

/** A paid answer as it came: nothing in it has been looked at. */
export interface RawAnswer {
  readonly provider: Address;
  readonly user: Address;
  readonly requestBytes: Uint8Array;
  /** The body exactly as received. */
  readonly responseBytes: Uint8Array;
  readonly status: number;
  /** As the header names it; absent when that names none. */
  readonly chatId?: ChatIdRef;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** One paid answer, not verified yet. */
export interface ServiceResult extends ServiceAnswer, RawAnswer {
  readonly kind: RequestKind;
  readonly model: string;
  /** As the provider will bill it, by the rule of its kind and the listed prices. Neuron. */
  readonly fee: Fee;
}

/** An HTTP request as it goes to a provider. */
export interface ProviderRequest {
  readonly method: "POST";
  readonly url: string;
  /** With the session token: a secret. */
  readonly headers: Readonly<Record<"Authorization" | "Content-Type", string>>;
  readonly body: Uint8Array;
}

/**
 * Asserts that a service answers requests of a kind, before anything is paid.
 * @throws {ServiceTypeError}
 */
export function assertServes(service: Pick<Service, "provider" | "model" | "serviceType">, kind: RequestKind): void {
  const { provider, model, serviceType } = service;
  if (serviceType === REQUEST_KINDS[kind].serviceType) return;
  const serves = kindOfServiceType(serviceType);
  throw new ServiceTypeError({ provider, model, serviceType, kind, ...(serves === undefined ? {} : { serves }) });
}

/** Where a request of this kind is sent. @throws {ServiceUrlError} */
export function requestUrl(service: Pick<Service, "url">, request: Pick<ServiceRequest, "path">): string {
  return serviceBase(service.url) + PROXY_PATH + request.path;
}

/**
 * Completes a request to what is sent: address, session token, bytes. Sends nothing; reads the chain only when a token has
 * to be made.
 * @throws {ServiceTypeError} {@link RequestTooLargeError} {@link ProviderCannotSeeError} {@link ServiceUrlError}
 * @throws {NoSubAccountError} {@link NotAcknowledgedError} when no token can be made.
 */
export async function providerRequest(
  session: Session,
  service: Service,
  request: ServiceRequest,
): Promise<ProviderRequest> {
  assertServes(service, request.kind);
  assertProviderSees(session.network, service);
  const { body, contentType } = request;
  if (body.length > MAX_REQUEST_BYTES) {
    throw new RequestTooLargeError({
      what: REQUEST_KINDS[request.kind].what,
      size: body.length,
      limit: MAX_REQUEST_BYTES,
    });
  }
  const url = requestUrl(service, request);
  const authorization = await session.header(service.provider);
  return { method: "POST", url, headers: { Authorization: authorization, "Content-Type": contentType }, body };
}

/**
 * Asks, and pays: the provider bills the answer to the sub-account. Reads the chain only when a session token has to be
 * made. A refused token is replaced and the request repeated once; a refused request costs nothing.
 * @throws those of {@link providerRequest}; {@link AuthenticationRefusedError} {@link ProviderFundsRefusedError} and the
 *   other errors of `refusal`; those of `exchange`; {@link ResponseCutError} {@link ResponseMalformedError}.
 */
export async function ask(deps: AskDeps, params: AskParams): Promise<ServiceResult> {
  const { service, request, onText } = params;
  const clock = deps.clock ?? Date.now;
  const user = await deps.session.user();
  const startedAt = clock();
  const reader = answerReader(request);
  const posted = await post(deps, params, (bytes) => {
    const added = reader.push(bytes);
    if (added !== "") onText?.(added);
  });
  const named = chatIdFrom(posted.headers, {});
  const raw: RawAnswer = {
    provider: service.provider,
    user,
    requestBytes: request.body,
    responseBytes: posted.bytes,
    status: posted.status,
    ...(named.status === "absent" ? {} : { chatId: { id: named.id, source: named.source } }),
    startedAt,
    finishedAt: clock(),
  };
  params.onReceived?.(raw);
  const { rest, ...read } = reader.end();
  if (rest !== "") onText?.(rest);
  return resultOf(service, request, raw, read);
}

/**
 * Reads an answer that was kept as it came. Asks nobody.
 * @throws {ResponseCutError} {@link ResponseMalformedError} as `ask` did then.
 */
export function readResult(service: Service, request: ServiceRequest, raw: RawAnswer): ServiceResult {
  return resultOf(service, request, raw, readAnswer(request, raw.responseBytes));
}

function resultOf(
  service: Service,
  request: ServiceRequest,
  raw: RawAnswer,
  { answer, problem }: ReadAnswer,
): ServiceResult {
  const url = requestUrl(service, request);
  // A stream is complete only with its last line; what came before is billed all the same.
  if (problem?.kind === "cut") throw new ResponseCutError({ url, bytes: raw.responseBytes.length });
  if (problem !== undefined) throw new ResponseMalformedError({ url, why: problem.why });
  const { id } = answer;
  const chatId = raw.chatId ?? (id === undefined || id === "" ? undefined : { id, source: "body" as const });
  return {
    ...answer,
    ...raw,
    kind: request.kind,
    model: answer.model ?? service.model,
    ...(chatId === undefined ? {} : { chatId }),
    fee: serviceFee(service, request.kind, answer.measure),
  };
}

/** Posts the request that {@link providerRequest} completes. */
async function post(deps: AskDeps, { service, request }: AskParams, onBytes: (bytes: Uint8Array) => void) {
  const { what } = REQUEST_KINDS[request.kind];
  const { url, method, headers, body } = await providerRequest(deps.session, service, request);
  return sendAuthorized(deps, service, {
    ...{ what, url, method, body, onBytes },
    headers: { "Content-Type": headers["Content-Type"] },
  });
}

/**
 * Sends with a session token; once more with a fresh one when the provider refuses the token.
 * @throws those of `refusal` for every answer that is no success, and those of `exchange`.
 */
export async function sendAuthorized(
  deps: AskDeps,
  { provider }: Pick<Service, "provider">,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const { session, signal } = deps;
  const { what, url } = request;
  // Where a token goes its network decides, whatever the caller forgot to say.
  const within = { border: borderOf(session.network), ...deps };
  for (let attempt = 1; ; attempt++) {
    const authorization = await session.header(provider);
    const answer = await exchange(within, {
      ...request,
      headers: { ...request.headers, Authorization: authorization },
    });
    if (answer.status >= 200 && answer.status < 300) return answer;
    const error = classify(answer);
    if (isSessionRefusal(error)) {
      session.invalidate(provider, authorization);
      if (attempt === 1) continue;
    }
    if (signal?.aborted === true) throw new AbortedError(what);
    throw refusal(error, answer, { what, url, provider, user: await session.user() });
  }
}

/** What the provider bills, from what an answer is charged by and the listed prices. Neuron. */
export function serviceFee(service: Service, kind: RequestKind, measure: Measure): Fee {
  return feeFor(kind, pricesOf(service), measure);
}

/** Most tokens an answer is expected to have when the request sets no bound. */
const UNBOUNDED_TOKENS = 4096;

/**
 * Estimates from above what an answer will cost. Neuron. No prompt has more tokens than bytes; images cost what is asked
 * for; audio is as long as its header says, or as it can be at the lowest rate speech is encoded at. A service that
 * charges transcriptions by tokens says so nowhere on chain: of those it is an estimate of the same audio.
 */
export function serviceFeeAtMost(service: Service, request: ServiceRequest): bigint {
  return serviceFee(service, request.kind, largestMeasure(request)).fee;
}

function largestMeasure({ kind, body, facts }: ServiceRequest): Measure {
  switch (kind) {
    case "chat":
      return { unit: "tokens", promptTokens: body.length, completionTokens: facts.maxTokens ?? UNBOUNDED_TOKENS };
    case "image":
    case "edit":
      return { unit: "images", images: facts.images };
    case "transcription": {
      const audio = facts.files.find(({ name }) => name === "file");
      return { unit: "seconds", seconds: secondsAtMost(audio?.bytes ?? body) };
    }
    case "embedding":
      return { unit: "tokens", promptTokens: body.length, completionTokens: 0 };
  }
}
