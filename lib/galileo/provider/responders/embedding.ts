/**
 * The vectors when there is no upstream: words and their three-letter pieces, hashed into the dimensions and scaled to
 * length one. Texts that share words come out closer than texts that do not; no model is behind it.
 */

import { createHash } from "node:crypto";

import { answeredJson, invalid, type Answer, type Question } from "../answerer.ts";
import { tokensOf } from "./tokens.ts";

export const EMBEDDING_CARD =
  "A deterministic test embedder for development. It is not an embedding model: it hashes words and pieces of words into 64 dimensions, or as many as asked for.";

const DIMENSIONS = 64;
const MOST_DIMENSIONS = 4_096;
const MOST_INPUTS = 2_048;

function features(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const pieces = words.flatMap((word) =>
    Array.from({ length: Math.max(0, word.length - 2) }, (_, i) => word.slice(i, i + 3)),
  );
  return [...words.map((word) => `word:${word}`), ...pieces];
}

function embed(text: string, dimensions: number): number[] {
  const vector = new Float64Array(dimensions);
  for (const feature of features(text)) {
    const hash = createHash("sha256").update(feature).digest();
    const place = hash.readUInt32LE(0) % dimensions;
    vector[place] = (vector[place] ?? 0) + ((hash[4] ?? 0) % 2 === 0 ? 1 : -1);
  }
  const length = Math.hypot(...vector);
  return Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}

function inputsOf(input: unknown): readonly string[] | undefined {
  if (typeof input === "string" && input !== "") return [input];
  if (!Array.isArray(input) || input.length === 0 || input.length > MOST_INPUTS) return undefined;
  return input.every((entry) => typeof entry === "string" && entry !== "") ? (input as string[]) : undefined;
}

function base64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, i * 4);
  return bytes.toString("base64");
}

export function answerEmbedding({ body }: Question, model: string): Answer {
  const { input, dimensions = DIMENSIONS, encoding_format: format = "float" } = body.request;
  const inputs = inputsOf(input);
  if (inputs === undefined) return invalid("input must be a text or a list of texts");
  const valid = typeof dimensions === "number" && Number.isInteger(dimensions);
  if (!valid || dimensions < 1 || dimensions > MOST_DIMENSIONS) {
    return invalid(`dimensions must be from 1 to ${MOST_DIMENSIONS}`);
  }
  if (format !== "float" && format !== "base64") return invalid("encoding_format must be float or base64");
  const data = inputs.map((text, index) => {
    const vector = embed(text, dimensions);
    return { object: "embedding", index, embedding: format === "float" ? vector : base64(vector) };
  });
  const tokens = inputs.reduce((sum, text) => sum + tokensOf(text).length, 0);
  return answeredJson({ object: "list", data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } });
}
