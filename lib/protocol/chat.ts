/** Chat completions in the OpenAI shape, as far as paying for them, verifying them and reading them needs. */

import { CHAT_ID_HEADER } from "./constants.ts";
import type { Usage } from "./fees.ts";
import { count, definedText, members, present, type Members } from "./members.ts";
import { parseSse, type SseEvent } from "./sse.ts";

export { parseSse, type SseEvent, type SseParser } from "./sse.ts";
export type { Usage } from "./fees.ts";

export interface ChatMessage {
  readonly role: string;
  /** Text, or the parts of a multi-modal message. */
  readonly content: string | readonly Readonly<Record<string, unknown>>[];
}

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly stream?: boolean;
  /** Always sent with a stream: a provider that has to add it rewrites the request. */
  readonly stream_options?: { readonly include_usage: boolean };
  readonly max_tokens?: number;
  readonly temperature?: number;
  /** Random text that keeps a request's hash from being guessed; or the account that alone may mint the answer. */
  readonly user?: string;
  readonly [option: string]: unknown;
}

/** How a request names the account that alone may mint its answer: an address as the contract writes it. */
export function boundUser(account: string): string {
  return account.toLowerCase();
}

/**
 * Where in a request's bytes its member `"user":"…"` names an account, counted from 0: at the member's first quote.
 * Undefined when it names nobody or somebody else. Quotes inside strings are escaped, so no message can pose as the member.
 */
export function userOffset(request: Uint8Array, account: string): number | undefined {
  const bytes = Buffer.from(request);
  const member = `"user":"${boundUser(account)}"`;
  const found = ["{", ","].map((before) => bytes.lastIndexOf(before + member)).find((at) => at >= 0);
  return found === undefined ? undefined : found + 1;
}

/** What one completion says, whichever way it came. */
export interface ChatAnswer {
  /** The completion's own id, from the body. */
  readonly id?: string;
  readonly model?: string;
  readonly content: string;
  readonly finishReason?: string;
  /** Absent when the provider reported none, or only zeros. */
  readonly usage?: Usage;
}

/** Reads the `usage` member of a body or chunk. Providers ignore one that is all zero, and so do we. */
export function usageOf(body: unknown): Usage | undefined {
  const usage = members(members(body)["usage"]);
  const promptTokens = count(usage["prompt_tokens"]) ?? 0;
  const completionTokens = count(usage["completion_tokens"]) ?? 0;
  if (promptTokens === 0 && completionTokens === 0) return undefined;
  const details = members(usage["prompt_tokens_details"]);
  return {
    promptTokens,
    completionTokens,
    ...present({
      cachedTokens: count(details["cached_tokens"]),
      cacheWriteTokens: count(usage["cache_write_tokens"]) ?? count(details["cache_write_tokens"]),
    }),
  };
}

function firstChoice(body: unknown): Members {
  const choices = members(body)["choices"];
  return Array.isArray(choices) ? members(choices[0]) : {};
}

/** The text of `content`, which may be a string, null, or parts of which some are text. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part) => members(part)["text"])
    .filter((part) => typeof part === "string")
    .join("");
}

/** Reads a whole completion body, already parsed from JSON. Missing parts come out absent or empty. */
export function readChatCompletion(body: unknown): ChatAnswer {
  const choice = firstChoice(body);
  return {
    content: textOf(members(choice["message"])["content"]),
    ...present({
      id: definedText(members(body)["id"]),
      model: definedText(members(body)["model"]),
      finishReason: definedText(choice["finish_reason"]),
      usage: usageOf(body),
    }),
  };
}

export interface ChatStreamReader {
  /** Takes the next bytes and returns the text they add to the answer. */
  push(chunk: Uint8Array): string;
  /** Takes what is left and returns its text. */
  end(): string;
  /** The answer so far. */
  answer(): ChatAnswer;
  /** Whether `[DONE]` has come: a stream without it was cut. */
  done(): boolean;
  /** What a provider reports inside a stream that has already begun, e.g. an upstream failure. */
  error(): string | undefined;
  /** Data lines that were not JSON. */
  malformed(): number;
}

/** Starts to assemble a streamed completion from its bytes. */
export function readChatStream(): ChatStreamReader {
  const parser = parseSse();
  let id: string | undefined;
  let model: string | undefined;
  let finishReason: string | undefined;
  let usage: Usage | undefined;
  let content = "";
  let done = false;
  let error: string | undefined;
  let malformed = 0;

  const take = (events: readonly SseEvent[]): string => {
    let added = "";
    for (const { data } of events) {
      if (data.trim() === "[DONE]") {
        done = true;
        continue;
      }
      let chunk: unknown;
      try {
        chunk = JSON.parse(data);
      } catch {
        malformed += 1; // JSON.parse throws for nothing else; the bytes are hashed and kept all the same
        continue;
      }
      const choice = firstChoice(chunk);
      id ??= definedText(members(chunk)["id"]);
      model ??= definedText(members(chunk)["model"]);
      finishReason = definedText(choice["finish_reason"]) ?? finishReason;
      usage = usageOf(chunk) ?? usage;
      error ??= errorTextOf(chunk);
      added += textOf(members(choice["delta"])["content"]);
    }
    content += added;
    return added;
  };

  return {
    push: (chunk) => take(parser.push(chunk)),
    end: () => take(parser.end()),
    answer: () => ({ content, ...present({ id, model, finishReason, usage }) }),
    done: () => done,
    error: () => error,
    malformed: () => malformed,
  };
}

/** The text of an `error` member, which may be a string or an object with a message. */
export function errorTextOf(body: unknown): string | undefined {
  const error = members(body)["error"];
  return definedText(error) ?? definedText(members(error)["message"]);
}

/** A chat id goes into a URL: nothing else may. */
export const CHAT_ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

export type ChatId =
  | { readonly status: "found"; readonly id: string; readonly source: "header" | "body" }
  | { readonly status: "absent" }
  /** There is one, but it could do harm in a URL. */
  | { readonly status: "invalid"; readonly id: string; readonly source: "header" | "body" };

/** Finds the id that the signature is fetched by: the header's, else the body's own. */
export function chatIdFrom(headers: { get(name: string): string | null }, body: { readonly id?: string }): ChatId {
  const fromHeader = headers.get(CHAT_ID_HEADER);
  const source = fromHeader === null || fromHeader === "" ? "body" : "header";
  const id = source === "header" ? fromHeader : body.id;
  if (id === undefined || id === null || id === "") return { status: "absent" };
  return { status: CHAT_ID_PATTERN.test(id) ? "found" : "invalid", id, source };
}

const COMPLETION_PREFIX = "chatcmpl-";

/** The ids to try, in order: a body id that a provider dressed up as `chatcmpl-…` is known to it without that. */
export function signatureIds(chatId: { readonly id: string; readonly source: "header" | "body" }): readonly string[] {
  const { id, source } = chatId;
  return source === "body" && id.startsWith(COMPLETION_PREFIX) && id.length > COMPLETION_PREFIX.length
    ? [id, id.slice(COMPLETION_PREFIX.length)]
    : [id];
}
