/**
 * The transcript when there is no upstream: what can be told of audio without understanding it, its length, its loudness
 * and its hash. It is no speech model, and says so.
 */

import { createHash } from "node:crypto";

import { wavSeconds } from "../../../protocol/audio.ts";
import { answered, answeredJson, invalid, type Answer, type Question } from "../answerer.ts";
import { tokensOf } from "./tokens.ts";

export const TRANSCRIPTION_CARD =
  "A deterministic test transcriber for development. It is not a speech model: it tells length, loudness and hash of the audio. What is no WAV file it takes for 16 kbit/s.";

const ASSUMED_BYTES_PER_SECOND = 2_000;
const WAV_HEADER = 44;

/** The loudest 16-bit sample, in percent of what fits. */
function loudness(bytes: Uint8Array): number {
  const audio = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let peak = 0;
  for (let at = WAV_HEADER; at + 2 <= audio.length; at += 2) peak = Math.max(peak, Math.abs(audio.readInt16LE(at)));
  return Math.round((peak * 100) / 32_768);
}

function heard(bytes: Uint8Array): { readonly text: string; readonly seconds: number } {
  const wav = wavSeconds(bytes);
  const seconds = Math.round((wav ?? bytes.length / ASSUMED_BYTES_PER_SECOND) * 1000) / 1000;
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 8);
  const loud = wav === undefined ? "" : `, ${loudness(bytes)} % loud at most`;
  const text = `I am a deterministic test transcriber, not a speech model. I was given ${seconds} seconds of sound${loud} (sha256 ${digest}).`;
  return { text, seconds };
}

function timestamp(seconds: number, separator: string): string {
  const whole = Math.floor(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  const milliseconds = String(Math.round((seconds - whole) * 1000)).padStart(3, "0");
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}${separator}${milliseconds}`;
}

export function answerTranscription({ body }: Question): Answer {
  const file = body.files.find(({ name }) => name === "file");
  if (file === undefined || file.bytes.length === 0) return invalid("file is missing or empty");
  const { text, seconds } = heard(file.bytes);
  const usage = { type: "duration", seconds };
  if (body.streamed) {
    const line = (chunk: object) => `${JSON.stringify(chunk)}\n`;
    return answered("text/event-stream", [
      ...tokensOf(text).map((delta) => line({ type: "transcript.text.delta", delta })),
      line({ type: "transcript.text.done", text, usage }),
    ]);
  }
  const plain = "text/plain; charset=utf-8";
  switch (body.request["response_format"] ?? "json") {
    case "json":
      return answeredJson({ text, usage });
    case "verbose_json": {
      const segments = [{ id: 0, start: 0, end: seconds, text }];
      return answeredJson({ task: "transcribe", language: "none", duration: seconds, text, segments, usage });
    }
    case "text":
      return answered(plain, [`${text}\n`]);
    case "srt":
      return answered(plain, [`1\n${timestamp(0, ",")} --> ${timestamp(seconds, ",")}\n${text}\n`]);
    case "vtt":
      return answered(plain, [`WEBVTT\n\n${timestamp(0, ".")} --> ${timestamp(seconds, ".")}\n${text}\n`]);
    default:
      return invalid("response_format must be json, text, srt, verbose_json or vtt");
  }
}
