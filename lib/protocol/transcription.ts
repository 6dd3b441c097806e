/** Transcriptions: whole ones in five formats, and streamed ones, one JSON a line. */

import { errorTextOf } from "./chat.ts";
import { wordCount, type Measure } from "./fees.ts";
import { LineCutter } from "./lines.ts";
import { count, definedText, members, parsedJson } from "./members.ts";

export const TRANSCRIPTION_FORMATS = ["json", "text", "srt", "vtt", "verbose_json"] as const;
export type TranscriptionFormat = (typeof TRANSCRIPTION_FORMATS)[number];

export interface Transcript {
  readonly text: string;
  readonly measure: Measure;
}

/** A number, or a text that holds one: some models quote it. */
function seconds(value: unknown): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number > 0 ? number : 0;
}

/** What a `usage` object charges by; undefined when it holds nothing of the kind it states. */
function usageMeasure(value: unknown): Measure | undefined {
  const usage = members(value);
  const promptTokens = count(usage["input_tokens"]) ?? 0;
  const completionTokens = count(usage["output_tokens"]) ?? 0;
  const length = seconds(usage["seconds"]);
  const { type } = usage;
  if (type !== "tokens" && length > 0) return { unit: "seconds", seconds: length };
  if (type !== "duration" && promptTokens + completionTokens > 0) {
    return { unit: "tokens", promptTokens, completionTokens };
  }
  return undefined;
}

const CUE_END = /-->\s*(?:(\d{1,2}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,3})?)(?=\s|$)/g;

/** Where the last cue of subtitles ends, in seconds: about as long as the audio. Undefined without cues. */
export function subtitleSeconds(text: string): number | undefined {
  const last = [...text.matchAll(CUE_END)].at(-1);
  if (last === undefined) return undefined;
  const [, hours = "0", minutes = "0", rest = "0"] = last;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest.replace(",", "."));
}

function byWords(text: string): Measure {
  return { unit: "words", words: wordCount(text) };
}

/** Reads a whole answer of any format. */
export function readTranscription(body: string): Transcript {
  const parsed = parsedJson(body);
  if (typeof parsed !== "object" || parsed === null) {
    const length = subtitleSeconds(body);
    return { text: body, measure: length === undefined || length <= 0 ? byWords(body) : inSeconds(length) };
  }
  const { text, usage, duration } = members(parsed);
  const length = seconds(duration);
  const measure = usageMeasure(usage) ?? (length > 0 ? inSeconds(length) : byWords(body));
  return { text: definedText(text) ?? "", measure };
}

function inSeconds(length: number): Measure {
  return { unit: "seconds", seconds: length };
}

export interface TranscriptStream {
  /** Takes the next bytes and returns the text they add. */
  push(chunk: Uint8Array): string;
  end(): string;
  transcript(): Transcript;
  /** Whether the closing chunk has come: a stream without it was cut. */
  done(): boolean;
  /** What a provider reports inside a stream that has already begun. */
  error(): string | undefined;
}

/** Starts to assemble a streamed transcription. Lines are JSON, bare or behind `data:`. */
export function readTranscriptStream(): TranscriptStream {
  const decoder = new TextDecoder();
  const cutter = new LineCutter(/\n/);
  let raw = "";
  let text = "";
  let whole: string | undefined;
  let measure: Measure | undefined;
  let done = false;
  let error: string | undefined;

  const take = (line: string): string => {
    const bare = line.trim().replace(/^data:\s*/, "");
    if (bare === "[DONE]") done = true;
    const chunk = members(parsedJson(bare));
    error ??= errorTextOf(chunk);
    if (chunk["type"] === "transcript.text.done") {
      done = true;
      whole = definedText(chunk["text"]);
      measure = usageMeasure(chunk["usage"]) ?? measure;
      return "";
    }
    const delta = chunk["type"] === "transcript.text.delta" ? (definedText(chunk["delta"]) ?? "") : "";
    text += delta;
    return delta;
  };
  const takeText = (added: string): string => {
    raw += added;
    return cutter.push(added).map(take).join("");
  };

  return {
    push: (chunk) => takeText(decoder.decode(chunk, { stream: true })),
    end: () => takeText(decoder.decode()) + cutter.end().map(take).join(""),
    transcript: () => {
      const length = measure === undefined ? subtitleSeconds(raw) : undefined;
      return {
        text: whole ?? text,
        measure: measure ?? (length === undefined || length <= 0 ? byWords(raw) : inSeconds(length)),
      };
    },
    done: () => done,
    error: () => error,
  };
}
