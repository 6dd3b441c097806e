/**
 * The answer to a chat when there is no upstream: a small program, no language model, and it says so. The same request
 * gets the same text, so tests can state what they expect. It does sums; to all else it says what it is.
 */

import { createHash } from "node:crypto";

import { members, type Members } from "../../../protocol/members.ts";
import { answered, answeredJson, invalid, type Answer, type Question } from "../answerer.ts";
import { answerSum } from "./arithmetic.ts";
import { tokensOf } from "./tokens.ts";

export const CHAT_CARD =
  "A deterministic test responder for development. It is not a language model: it does sums, and tells everything else what it is. It counts a token for every piece of up to four characters.";

function contentText(message: unknown): string {
  const content = members(message)["content"];
  if (typeof content === "string") return content;
  const parts = Array.isArray(content) ? content.map((part) => members(part)["text"]) : [];
  return parts.filter((part) => typeof part === "string").join(" ");
}

function reply(messages: readonly unknown[]): string {
  const question = contentText(messages.findLast((message) => members(message)["role"] === "user"));
  const sum = answerSum(question);
  if (sum !== undefined) return sum;
  const words = question.split(/\s+/).filter((word) => word !== "").length;
  const digest = createHash("sha256").update(question).digest("hex").slice(0, 8);
  return `I am a deterministic test responder, not a language model. I read ${words} ${words === 1 ? "word" : "words"} (sha256 ${digest}).`;
}

function limitOf(request: Members): number {
  const limit = request["max_completion_tokens"] ?? request["max_tokens"];
  return typeof limit === "number" && Number.isInteger(limit) && limit > 0 ? limit : Infinity;
}

interface Said {
  readonly pieces: readonly string[];
  readonly cut: boolean;
  readonly promptTokens: number;
}

function say(request: Members): Said | undefined {
  const messages = request["messages"];
  if (!Array.isArray(messages) || messages.length === 0) return undefined;
  const all = tokensOf(reply(messages));
  const pieces = all.slice(0, limitOf(request));
  const promptTokens = messages.reduce<number>((sum, message) => sum + tokensOf(contentText(message)).length, 0);
  return { pieces, cut: pieces.length < all.length, promptTokens };
}

const NO_MESSAGES = "messages must be a non-empty array";

/** Answers in the OpenAI shape. */
export function answerChat({ body, completionId }: Question, model: string, now: number): Answer {
  const { request, streamed } = body;
  const said = say(request);
  if (said === undefined) return invalid(NO_MESSAGES);
  const { pieces, promptTokens } = said;
  const finishReason = said.cut ? "length" : "stop";
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: pieces.length,
    total_tokens: promptTokens + pieces.length,
  };
  const shared = {
    id: completionId,
    created: Math.floor(now / 1000),
    model,
    system_fingerprint: "not-a-language-model",
  };
  if (!streamed) {
    const message = { role: "assistant", content: pieces.join("") };
    const choices = [{ index: 0, message, finish_reason: finishReason, logprobs: null }];
    return answeredJson({ ...shared, object: "chat.completion", choices, usage });
  }
  const event = (choices: unknown[], more: object = {}) =>
    `data: ${JSON.stringify({ ...shared, object: "chat.completion.chunk", choices, ...more })}\n\n`;
  const delta = (change: object, reason: string | null = null) =>
    event([{ index: 0, delta: change, finish_reason: reason }]);
  const wantsUsage = members(request["stream_options"])["include_usage"] === true;
  return answered("text/event-stream", [
    delta({ role: "assistant", content: "" }),
    ...pieces.map((content) => delta({ content })),
    delta({}, finishReason),
    ...(wantsUsage ? [event([], { usage })] : []),
    "data: [DONE]\n\n",
  ]);
}

/** Answers the same in Anthropic's shape. */
export function answerMessages({ body, completionId }: Question, model: string): Answer {
  const { request, streamed } = body;
  const said = say(request);
  if (said === undefined) return invalid(NO_MESSAGES);
  const { pieces, promptTokens, cut } = said;
  const stop = { stop_reason: cut ? "max_tokens" : "end_turn", stop_sequence: null };
  const message = { id: completionId, type: "message", role: "assistant", model };
  if (!streamed) {
    const usage = { input_tokens: promptTokens, output_tokens: pieces.length };
    return answeredJson({ ...message, content: [{ type: "text", text: pieces.join("") }], ...stop, usage });
  }
  const event = (type: string, more: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
  const usage = { input_tokens: promptTokens, output_tokens: 0 };
  return answered("text/event-stream", [
    event("message_start", {
      message: { ...message, content: [], stop_reason: null, stop_sequence: null, usage },
    }),
    event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    ...pieces.map((text) => event("content_block_delta", { index: 0, delta: { type: "text_delta", text } })),
    event("content_block_stop", { index: 0 }),
    event("message_delta", { delta: stop, usage: { output_tokens: pieces.length } }),
    event("message_stop", {}),
  ]);
}
