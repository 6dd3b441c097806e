/** Embeddings in the OpenAI shape. */

import { wordCount, type Measure } from "./fees.ts";
import { count, members } from "./members.ts";

/** Vectors as numbers, or as base64 of little-endian 32-bit floats. */
export const EMBEDDING_FORMATS = ["float", "base64"] as const;
export type EmbeddingFormat = (typeof EMBEDDING_FORMATS)[number];

function vectorOf(value: unknown): readonly number[] | undefined {
  if (Array.isArray(value)) {
    return value.every((entry) => typeof entry === "number") ? value : undefined;
  }
  if (typeof value !== "string") return undefined;
  const bytes = Buffer.from(value, "base64");
  if (bytes.length === 0 || bytes.length % 4 !== 0) return undefined;
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
}

/** The vectors of an answer, in the order of their inputs. Undefined when one of them cannot be read. */
export function embeddingsOf(body: unknown): readonly (readonly number[])[] | undefined {
  const data = members(body)["data"];
  if (!Array.isArray(data)) return undefined;
  const rows = (data as unknown[]).map((row, position) => ({
    index: count(members(row)["index"]) ?? position,
    vector: vectorOf(members(row)["embedding"]),
  }));
  const vectors = rows.sort((a, b) => a.index - b.index).map(({ vector }) => vector);
  return vectors.every((vector) => vector !== undefined) ? vectors : undefined;
}

/** What brokers charge for when a model reports no usage: given tokens one by one, else two for each word, at least one. */
function estimatedTokens(input: unknown): number {
  if (typeof input === "string") return Math.max(1, 2 * wordCount(input));
  if (!Array.isArray(input)) return 1;
  if (input.every((entry) => typeof entry === "string")) return Math.max(1, 2 * wordCount(input.join(" ")));
  return Math.max(1, input.flat().length);
}

/**
 * What an embedding is charged by: the prompt tokens it reports, else an estimate from the request.
 * @param request the request's body, parsed from JSON.
 */
export function embeddingMeasure(body: unknown, request: unknown): Measure {
  const reported = count(members(members(body)["usage"])["prompt_tokens"]) ?? 0;
  const promptTokens = reported > 0 ? reported : estimatedTokens(members(request)["input"]);
  return { unit: "tokens", promptTokens, completionTokens: 0 };
}
