/** Answers in Anthropic's Messages format, as far as charging for them needs. */

import { wordCount, type Measure, type Usage } from "./fees.ts";
import { count, definedText, members, parsedJson, present } from "./members.ts";
import { parseSse } from "./sse.ts";

/** The text of content blocks. */
function textOf(content: unknown): string {
  if (!Array.isArray(content)) return "";
  return content.map((block) => definedText(members(block)["text"]) ?? "").join("");
}

/** Adds what a `usage` object tells to what is known: a stream tells the input at its start, the output at its end. */
function merged(known: Readonly<Record<string, unknown>>, usage: unknown): Readonly<Record<string, unknown>> {
  return { ...known, ...members(usage) };
}

/** Input tokens exclude those of the cache there; a prompt here includes them. */
function measureOf(usage: Readonly<Record<string, unknown>>, text: string): Measure {
  const number = (key: string, from: Readonly<Record<string, unknown>> = usage) => count(from[key]) ?? 0;
  const read = number("cache_read_input_tokens");
  const created = number("cache_creation_input_tokens");
  const oneHour = number("ephemeral_1h_input_tokens", members(usage["cache_creation"]));
  const promptTokens = number("input_tokens") + read + created;
  const completionTokens = number("output_tokens");
  if (promptTokens === 0 && completionTokens === 0) return { unit: "words", words: wordCount(text) };
  const cache: Partial<Usage> = present({
    cachedTokens: read === 0 ? undefined : read,
    cacheWriteTokens: created - oneHour > 0 ? created - oneHour : undefined,
    cacheWriteOneHourTokens: oneHour === 0 ? undefined : oneHour,
  });
  return { unit: "tokens", promptTokens, completionTokens, ...cache };
}

/** What a whole message is charged by. */
export function messageMeasure(body: string): Measure {
  const message = members(parsedJson(body));
  return measureOf(members(message["usage"]), textOf(message["content"]));
}

/** What a streamed message is charged by, from its bytes. */
export function messageStreamMeasure(bytes: Uint8Array): Measure {
  const parser = parseSse();
  let usage: Readonly<Record<string, unknown>> = {};
  let text = "";
  for (const { data } of [...parser.push(bytes), ...parser.end()]) {
    const event = members(parsedJson(data));
    usage = merged(merged(usage, members(event["message"])["usage"]), event["usage"]);
    text += definedText(members(event["delta"])["text"]) ?? "";
  }
  return measureOf(usage, text);
}
