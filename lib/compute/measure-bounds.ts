/** Whether an answer can have taken what its provider reports: the signature proves who says it, not that it is so. */

import { secondsAtMost } from "../protocol/audio.ts";
import { members } from "../protocol/members.ts";
import type { ServiceAnswer } from "./service-answer.ts";
import type { ServiceRequest } from "./service-request.ts";

/** Tokens that a model's own template puts around a prompt, generously. */
const TEMPLATE_TOKENS = 4_096;
/** What rounding adds to seconds. */
const ROUNDED_SECONDS = 1;

/** What a reported measure is beyond; undefined when the request allows it, or sets no bound. Pure. */
export function beyondRequest(
  request: ServiceRequest,
  { measure, images = [] }: Pick<ServiceAnswer, "measure" | "images">,
): string | undefined {
  switch (measure.unit) {
    case "tokens": {
      const { promptTokens, completionTokens } = measure;
      const { maxTokens } = request.facts;
      if (maxTokens !== undefined && completionTokens > maxTokens) {
        return `${completionTokens} tokens of answer are reported, and the request allows ${maxTokens}`;
      }
      // A text has no more tokens than bytes; an image that a prompt names has as many as the model likes.
      const most = request.body.length + TEMPLATE_TOKENS;
      return isText(request) && promptTokens > most
        ? `${promptTokens} tokens of prompt are reported, and the request has ${request.body.length} bytes`
        : undefined;
    }
    case "seconds": {
      const audio = request.facts.files.find(({ name }) => name === "file");
      const most = audio === undefined ? Infinity : secondsAtMost(audio.bytes) + ROUNDED_SECONDS;
      return measure.seconds > most
        ? `${measure.seconds} seconds are reported, and the audio has at most ${Math.ceil(most)}`
        : undefined;
    }
    case "images":
      return images.length < measure.images
        ? `${measure.images} images were asked for and are charged, and ${images.length} came`
        : undefined;
    case "words": // counted here
      return undefined;
  }
}

function isText({ facts }: ServiceRequest): boolean {
  const { messages } = members(facts.json);
  if (!Array.isArray(messages)) return true;
  return (messages as unknown[]).every((message) => {
    const { content } = members(message);
    const parts = Array.isArray(content) ? (content as unknown[]) : [];
    return parts.every((part) => members(part)["type"] === "text");
  });
}
