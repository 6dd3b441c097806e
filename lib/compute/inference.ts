/** Asks a provider for a chat completion and keeps what proves it: the bytes sent and the bytes received. */

import { AbortedError } from "../errors.ts";
import type { Address } from "../hex.ts";
import { canonicalJson } from "../protocol/canonical-json.ts";
import {
  boundUser,
  chatIdFrom,
  readChatCompletion,
  readChatStream,
  type ChatAnswer,
  type ChatMessage,
  type ChatRequest,
  type Usage,
} from "../protocol/chat.ts";
import { chatCompletionsUrl } from "../protocol/endpoints.ts";
import { chatFee, chatFeeWithoutUsage, type ChatFee } from "../protocol/fees.ts";
import { isSessionRefusal } from "../protocol/provider-errors.ts";
import { ResponseCutError, ResponseMalformedError } from "./errors.ts";
import { exchange, textOf, type HttpAnswer, type HttpDeps } from "./provider-http.ts";
import { classify, refusal } from "./provider-refusals.ts";
import { assertProviderSees, chatPrices, type Service } from "./providers.ts";
import type { Session } from "./session.ts";
import type { ChatIdRef } from "./signature.ts";

export { fetchSignature, type ChatIdRef, type SignatureDocument } from "./signature.ts";
export type { ChatMessage, ChatRequest, Usage } from "../protocol/chat.ts";

const NONCE_BYTES = 16;

export interface ChatRequestParams {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly stream?: boolean;
  /** The account that alone may mint the answer; the request then names it, and is as guessable as its messages. */
  readonly boundTo?: Address;
  /** Must be cryptographically secure. */
  readonly random: (size: number) => Uint8Array;
}

/**
 * Builds a request's bytes: canonical JSON, which a provider that rewrites requests leaves as it is, with 128 random
 * bits in `user`, so that nobody can guess the request from its hash. A request that is bound names its account there.
 */
export function buildChatRequest(params: ChatRequestParams): Uint8Array {
  const { model, messages, maxTokens, temperature, stream = false, boundTo, random } = params;
  const request: ChatRequest = {
    model,
    messages,
    user: boundTo === undefined ? Buffer.from(random(NONCE_BYTES)).toString("hex") : boundUser(boundTo),
    // A provider adds this to a stream that lacks it, and with that changes the bytes that are signed.
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
  };
  return new TextEncoder().encode(canonicalJson(request));
}

export interface ChatDeps extends HttpDeps {
  readonly session: Session;
}

export interface ChatParams {
  readonly service: Service;
  /** See {@link buildChatRequest}. */
  readonly requestBytes: Uint8Array;
  /** The request asks for a stream. */
  readonly stream?: boolean;
  /** Takes the text of a stream as it comes. It is not verified yet. */
  readonly onDelta?: (text: string) => void;
}

/** One paid answer, not verified yet. */
export interface InferenceResult {
  readonly provider: Address;
  readonly user: Address;
  readonly model: string;
  readonly requestBytes: Uint8Array;
  /** The body exactly as received: what the TEE signs a hash of. */
  readonly responseBytes: Uint8Array;
  readonly status: number;
  /** Absent when the answer names none; then no signature can be fetched. */
  readonly chatId?: ChatIdRef;
  readonly content: string;
  readonly finishReason?: string;
  readonly usage?: Usage;
  /** As the provider will bill it, from usage and listed prices. Neuron. */
  readonly fee: ChatFee;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly finishedAt: number;
}

const WHAT = "Chat completion";

/**
 * Asks for a chat completion. Pays: the provider bills the answer to the sub-account. Reads the chain only when a
 * session token has to be made. A refused token is replaced and the request repeated once; a refused request costs
 * nothing.
 * @throws {ProviderCannotSeeError} {@link AuthenticationRefusedError} {@link ProviderFundsRefusedError} and the other
 *   errors of `refusal`; those of `exchange`; {@link ResponseCutError} {@link ResponseMalformedError}.
 */
export async function chat(deps: ChatDeps, params: ChatParams): Promise<InferenceResult> {
  const { session } = deps;
  const { service, requestBytes, stream = false, onDelta } = params;
  const { provider } = service;
  assertProviderSees(session.network, service);
  const url = chatCompletionsUrl(service.url);
  const clock = deps.clock ?? Date.now;
  const user = await session.user();
  const startedAt = clock();
  const reader = readChatStream();
  const onBytes = (bytes: Uint8Array) => {
    const added = reader.push(bytes);
    if (added !== "") onDelta?.(added);
  };
  const answer = await post(deps, { provider, user, url, requestBytes, ...(stream ? { onBytes } : {}) });
  if (stream) {
    const added = reader.end();
    if (added !== "") onDelta?.(added);
    // A stream is complete only with its last line; what came before is billed all the same.
    if (!reader.done()) throw new ResponseCutError({ url, bytes: answer.bytes.length });
    const failed = reader.error();
    if (failed !== undefined)
      throw new ResponseMalformedError({ url, why: `the stream reports ${JSON.stringify(failed)}` });
  }
  const said = stream ? reader.answer() : readAnswer(answer, url);
  return { ...describe(service, answer, said), user, requestBytes, startedAt, finishedAt: clock() };
}

interface Post {
  readonly provider: Address;
  readonly user: Address;
  readonly url: string;
  readonly requestBytes: Uint8Array;
  readonly onBytes?: (bytes: Uint8Array) => void;
}

/** Posts with a session token; once more with a fresh one when the provider refuses the token. */
async function post(deps: ChatDeps, request: Post): Promise<HttpAnswer> {
  const { provider, user, url, requestBytes, onBytes } = request;
  for (let attempt = 1; ; attempt++) {
    const authorization = await deps.session.header(provider);
    const answer = await exchange(deps, {
      what: WHAT,
      url,
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: authorization },
      body: requestBytes,
      ...(onBytes === undefined ? {} : { onBytes }),
    });
    if (answer.status >= 200 && answer.status < 300) return answer;
    const error = classify(answer);
    if (isSessionRefusal(error)) {
      deps.session.invalidate(provider, authorization);
      if (attempt === 1) continue;
    }
    if (deps.signal?.aborted === true) throw new AbortedError(WHAT);
    throw refusal(error, answer, { what: WHAT, url, provider, user });
  }
}

function readAnswer(answer: HttpAnswer, url: string): ChatAnswer {
  let body: unknown;
  try {
    body = JSON.parse(textOf(answer));
  } catch (error) {
    throw new ResponseMalformedError({ url, why: "its body is not JSON" }, error);
  }
  if (typeof body !== "object" || body === null || !Array.isArray((body as { choices?: unknown }).choices)) {
    throw new ResponseMalformedError({ url, why: "its body has no choices" });
  }
  return readChatCompletion(body);
}

function describe(service: Service, answer: HttpAnswer, said: ChatAnswer) {
  const { id, content, finishReason, usage } = said;
  const found = chatIdFrom(answer.headers, id === undefined ? {} : { id });
  return {
    provider: service.provider,
    model: said.model ?? service.model,
    responseBytes: answer.bytes,
    status: answer.status,
    ...(found.status === "absent" ? {} : { chatId: { id: found.id, source: found.source } }),
    content,
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(usage === undefined ? {} : { usage }),
    fee: feeOf(service, said),
  };
}

/** What the provider will bill for an answer, in neuron. */
export function feeOf(service: Service, answer: Pick<ChatAnswer, "content" | "usage">): ChatFee {
  const prices = chatPrices(service);
  return answer.usage === undefined ? chatFeeWithoutUsage(prices, answer.content) : chatFee(prices, answer.usage);
}

/**
 * Estimates from above what an answer will cost: no prompt has more tokens than bytes, and no answer more than
 * `maxTokens`. Neuron.
 */
export function estimateFee(service: Service, requestBytes: Uint8Array, maxTokens: number): bigint {
  return chatFee(chatPrices(service), { promptTokens: requestBytes.length, completionTokens: maxTokens }).fee;
}
