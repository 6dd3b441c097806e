/** Reads what providers answer, whole or as it comes, by the form of its kind; and what it is charged by. */

import { readChatCompletion, readChatStream, type ChatAnswer } from "../protocol/chat.ts";
import { embeddingMeasure, embeddingsOf } from "../protocol/embeddings.ts";
import { wordCount, type Measure } from "../protocol/fees.ts";
import { imagesOf, type ImageEntry } from "../protocol/images.ts";
import { members, parsedJson } from "../protocol/members.ts";
import { readTranscription, readTranscriptStream, type Transcript } from "../protocol/transcription.ts";
import type { ServiceRequest } from "./service-request.ts";

/** What one answer says, of whichever kind. */
export interface ServiceAnswer {
  /** The completion or the transcript; empty where an answer has no text. */
  readonly content: string;
  /** What the provider charges by. */
  readonly measure: Measure;
  /** The answer's own id and model, where it has them. */
  readonly id?: string;
  readonly model?: string;
  readonly finishReason?: string;
  readonly images?: readonly ImageEntry[];
  /** One vector an input. */
  readonly embeddings?: readonly (readonly number[])[];
}

/** What is wrong with an answer as a whole. It is charged for all the same. */
export interface AnswerProblem {
  /** `cut`: the stream ended before its last line. */
  readonly kind: "cut" | "malformed";
  readonly why: string;
}

export interface ReadAnswer {
  /** As far as it could be read. */
  readonly answer: ServiceAnswer;
  readonly problem?: AnswerProblem;
}

export interface AnswerReader {
  /** Takes the next bytes and returns the text they add; of an answer that is no stream, none. */
  push(bytes: Uint8Array): string;
  /** Takes it that all has come, and returns the text that was held back and the answer. */
  end(): ReadAnswer & { readonly rest: string };
}

/** Starts to read the answer to a request from its bytes. Keeps the text of a stream, all of everything else. */
export function answerReader(request: Pick<ServiceRequest, "kind" | "facts">): AnswerReader {
  if (request.facts.stream && request.kind === "chat") return chatReader();
  if (request.facts.stream && request.kind === "transcription") return transcriptReader();
  const chunks: Uint8Array[] = [];
  return {
    push: (bytes) => {
      chunks.push(bytes);
      return "";
    },
    end: () => ({ rest: "", ...readWhole(request, Buffer.concat(chunks).toString("utf8")) }),
  };
}

/** Reads an answer that has come whole, streamed or not. */
export function readAnswer(request: Pick<ServiceRequest, "kind" | "facts">, bytes: Uint8Array): ReadAnswer {
  const reader = answerReader(request);
  reader.push(bytes);
  const { answer, problem } = reader.end();
  return { answer, ...(problem === undefined ? {} : { problem }) };
}

function chatReader(): AnswerReader {
  const stream = readChatStream();
  return {
    push: (bytes) => stream.push(bytes),
    end: () => ({ rest: stream.end(), ...streamed(stream, fromChat(stream.answer())) }),
  };
}

function transcriptReader(): AnswerReader {
  const stream = readTranscriptStream();
  return {
    push: (bytes) => stream.push(bytes),
    end: () => ({ rest: stream.end(), ...streamed(stream, fromTranscript(stream.transcript())) }),
  };
}

function streamed(stream: { done(): boolean; error(): string | undefined }, answer: ServiceAnswer): ReadAnswer {
  const failed = stream.error();
  if (!stream.done()) return { answer, problem: { kind: "cut", why: "its last line never came" } };
  if (failed === undefined) return { answer };
  return { answer, problem: { kind: "malformed", why: `the stream reports ${JSON.stringify(failed)}` } };
}

function readWhole({ kind, facts }: Pick<ServiceRequest, "kind" | "facts">, text: string): ReadAnswer {
  if (kind === "transcription") return readWholeTranscript(facts.format, text);
  const body = parsedJson(text);
  const malformed = (why: string) => ({ problem: { kind: "malformed", why } as const });
  const noJson = body === undefined ? malformed("its body is not JSON") : undefined;
  switch (kind) {
    case "chat": {
      const shaped = Array.isArray(members(body)["choices"]);
      return {
        answer: fromChat(readChatCompletion(body)),
        ...(shaped ? {} : (noJson ?? malformed("its body has no choices"))),
      };
    }
    case "image":
    case "edit": {
      const images = imagesOf(body);
      const answer = { content: "", measure: { unit: "images", images: facts.images } } as const;
      if (images === undefined || images.length === 0)
        return { answer, ...(noJson ?? malformed("its body has no images")) };
      return { answer: { ...answer, images } };
    }
    case "embedding": {
      const embeddings = embeddingsOf(body);
      const answer = { content: "", measure: embeddingMeasure(body, facts.json) };
      return embeddings === undefined
        ? { answer, ...(noJson ?? malformed("its body has no embeddings")) }
        : { answer: { ...answer, embeddings } };
    }
  }
}

function readWholeTranscript(format: string | undefined, text: string): ReadAnswer {
  const answer = fromTranscript(readTranscription(text));
  const wantsJson = format === undefined || format === "json" || format === "verbose_json";
  const shaped = !wantsJson || typeof members(parsedJson(text))["text"] === "string";
  return shaped ? { answer } : { answer, problem: { kind: "malformed", why: "its body has no text" } };
}

function fromChat({ usage, ...said }: ChatAnswer): ServiceAnswer {
  const measure: Measure =
    usage === undefined ? { unit: "words", words: wordCount(said.content) } : { unit: "tokens", ...usage };
  return { ...said, measure };
}

function fromTranscript({ text, measure }: Transcript): ServiceAnswer {
  return { content: text, measure };
}
