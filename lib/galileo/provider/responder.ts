/**
 * The answer when there is no upstream: a small program, no language model, and it says so. The same request gets the
 * same text, so tests can state what they expect. It does sums; to all else it says what it is.
 */

import { createHash } from "node:crypto";

import type { Answer, Answerer, Question } from "./answerer.ts";
import { answerSum } from "./arithmetic.ts";

export const RESPONDER_CARD =
  "A deterministic test responder for development. It is not a language model: it does sums, and tells everything else what it is. It counts a token for every piece of up to four characters.";

/** Its tokens: white space clings to the piece it precedes. */
function tokensOf(text: string): string[] {
  return text.match(/\s*\S{1,4}|\s+$/gu) ?? [];
}

type Members = Readonly<Record<string, unknown>>;

function members(value: unknown): Members {
  return typeof value === "object" && value !== null ? (value as Members) : {};
}

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

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

async function* pieces(texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield bytes(text);
}

function invalid(message: string): Answer {
  const body = JSON.stringify({ error: { message, type: "invalid_request_error" } });
  return { status: 400, contentType: "application/json", chunks: pieces([body]) };
}

/** Makes the responder that answers as `model`. */
export function responder(model: string, clock: () => number): Answerer {
  const answer = ({ body, completionId }: Question): Answer => {
    const request: Members = body.request;
    const messages = request["messages"];
    if (!Array.isArray(messages) || messages.length === 0) return invalid("messages must be a non-empty array");

    const all = tokensOf(reply(messages));
    const said = all.slice(0, limitOf(request));
    const finishReason = said.length < all.length ? "length" : "stop";
    const promptTokens = messages.reduce<number>((sum, message) => sum + tokensOf(contentText(message)).length, 0);
    const usage = {
      prompt_tokens: promptTokens,
      completion_tokens: said.length,
      total_tokens: promptTokens + said.length,
    };
    const shared = {
      id: completionId,
      created: Math.floor(clock() / 1000),
      model,
      system_fingerprint: "not-a-language-model",
    };
    if (!body.streamed) {
      const message = { role: "assistant", content: said.join("") };
      const choices = [{ index: 0, message, finish_reason: finishReason, logprobs: null }];
      const completion = JSON.stringify({ ...shared, object: "chat.completion", choices, usage });
      return { status: 200, contentType: "application/json", chunks: pieces([completion]) };
    }
    const event = (choices: unknown[], more: object = {}) =>
      `data: ${JSON.stringify({ ...shared, object: "chat.completion.chunk", choices, ...more })}\n\n`;
    const delta = (change: object, reason: string | null = null) =>
      event([{ index: 0, delta: change, finish_reason: reason }]);
    const wantsUsage = members(request["stream_options"])["include_usage"] === true;
    const events = [
      delta({ role: "assistant", content: "" }),
      ...said.map((content) => delta({ content })),
      delta({}, finishReason),
      ...(wantsUsage ? [event([], { usage })] : []),
      "data: [DONE]\n\n",
    ];
    return { status: 200, contentType: "text/event-stream", chunks: pieces(events) };
  };
  return { answer: (question) => Promise.resolve(answer(question)) };
}
