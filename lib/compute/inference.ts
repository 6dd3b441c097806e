/** Chat completions, for whoever has nothing else to ask: the general way is in `ask.ts`. */

import type { ChatAnswer, Usage } from "../protocol/chat.ts";
import { chatFee, wordCount, type Fee } from "../protocol/fees.ts";
import { ask, readResult, serviceFee, type RawAnswer, type ServiceResult } from "./ask.ts";
import type { HttpDeps } from "./provider-http.ts";
import { pricesOf, type Service } from "./providers.ts";
import { serviceRequest } from "./service-request.ts";
import type { Session } from "./session.ts";

export { fetchSignature, type ChatIdRef, type SignatureDocument } from "./signature.ts";
export { buildChatRequest, type ChatRequestParams } from "./service-request.ts";
export type { ChatMessage, ChatRequest, Usage } from "../protocol/chat.ts";

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
  /** Takes the whole answer as it came, before it is read. */
  readonly onReceived?: (raw: RawAnswer) => void;
}

/** One paid answer, not verified yet. */
export interface InferenceResult extends RawAnswer {
  readonly model: string;
  readonly content: string;
  readonly finishReason?: string;
  readonly usage?: Usage;
  /** As the provider will bill it, from usage and listed prices. Neuron. */
  readonly fee: Fee;
}

/**
 * Asks for a chat completion. Pays: the provider bills the answer to the sub-account.
 * @throws those of `ask`.
 */
export async function chat(deps: ChatDeps, params: ChatParams): Promise<InferenceResult> {
  const { service, requestBytes, stream = false, onDelta, onReceived } = params;
  const described = serviceRequest("chat", requestBytes);
  const request = { ...described, facts: { ...described.facts, stream } };
  return inferenceResult(
    await ask(deps, {
      service,
      request,
      ...(onDelta === undefined ? {} : { onText: onDelta }),
      ...(onReceived === undefined ? {} : { onReceived }),
    }),
  );
}

/**
 * Reads a chat completion that was kept as it came. Asks nobody.
 * @throws {ResponseCutError} {@link ResponseMalformedError} as `chat` did then.
 */
export function readChatResult(service: Service, raw: RawAnswer): InferenceResult {
  return inferenceResult(readResult(service, serviceRequest("chat", raw.requestBytes), raw));
}

function inferenceResult({ kind: _kind, measure, id: _id, ...result }: ServiceResult): InferenceResult {
  if (measure.unit !== "tokens") return result;
  const { unit: _unit, ...usage } = measure;
  return { ...result, usage };
}

/** What the provider will bill for an answer, in neuron. */
export function feeOf(service: Service, { content, usage }: Pick<ChatAnswer, "content" | "usage">): Fee {
  return serviceFee(
    service,
    "chat",
    usage === undefined ? { unit: "words", words: wordCount(content) } : { unit: "tokens", ...usage },
  );
}

/**
 * Estimates from above what an answer will cost: no prompt has more tokens than bytes, and no answer more than
 * `maxTokens`. Neuron.
 */
export function estimateFee(service: Service, requestBytes: Uint8Array, maxTokens: number): bigint {
  return chatFee(pricesOf(service), { promptTokens: requestBytes.length, completionTokens: maxTokens }).fee;
}
