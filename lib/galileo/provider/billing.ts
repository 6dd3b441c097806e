/** What an answer costs, worked out from its bytes as they were signed: the provider's side of it. */

import { messageMeasure, messageStreamMeasure } from "../../protocol/anthropic.ts";
import { readChatCompletion, readChatStream, type ChatAnswer } from "../../protocol/chat.ts";
import { embeddingMeasure } from "../../protocol/embeddings.ts";
import { billableSeconds, feeFor, wordCount, type Fee, type Measure, type Prices } from "../../protocol/fees.ts";
import { parsedJson } from "../../protocol/members.ts";
import { readTranscription, readTranscriptStream } from "../../protocol/transcription.ts";
import type { BilledKind } from "./paths.ts";
import type { ForwardedBody } from "./request-body.ts";

export interface Charge {
  readonly fee: Fee;
  /** How much was charged, whatever it is. */
  readonly units: number;
  /** What counts against the user's limit: images, of all else tokens. */
  readonly used: number;
}

function ofChat({ usage, content }: ChatAnswer): Measure {
  return usage === undefined ? { unit: "words", words: wordCount(content) } : { unit: "tokens", ...usage };
}

function measure(kind: BilledKind, body: ForwardedBody, bytes: Uint8Array): Measure {
  const text = () => Buffer.from(bytes).toString("utf8");
  switch (kind) {
    case "chat": {
      // An upstream that answers without JSON: no usage, no words, nothing to charge.
      if (!body.streamed) return ofChat(readChatCompletion(parsedJson(text())));
      const reader = readChatStream();
      reader.push(bytes);
      reader.end();
      return ofChat(reader.answer());
    }
    case "messages":
      return body.streamed ? messageStreamMeasure(bytes) : messageMeasure(text());
    case "transcription": {
      if (!body.streamed) return readTranscription(text()).measure;
      const reader = readTranscriptStream();
      reader.push(bytes);
      reader.end();
      return reader.transcript().measure;
    }
    case "embedding":
      return embeddingMeasure(parsedJson(text()), body.request);
    case "image":
    case "edit":
      return { unit: "images", images: body.images };
  }
}

function unitsOf(charged: Measure): number {
  switch (charged.unit) {
    case "tokens":
      return charged.completionTokens > 0 ? charged.completionTokens : charged.promptTokens;
    case "words":
      return charged.words;
    case "images":
      return charged.images;
    case "seconds":
      return billableSeconds(charged.seconds);
  }
}

/** Charges an answer. */
export function charge(kind: BilledKind, prices: Prices, body: ForwardedBody, bytes: Uint8Array): Charge {
  const charged = measure(kind, body, bytes);
  const fee = feeFor(kind === "messages" ? "chat" : kind, prices, charged);
  const used = charged.unit === "tokens" ? charged.promptTokens + charged.completionTokens : unitsOf(charged);
  return { fee, units: unitsOf(charged), used };
}
