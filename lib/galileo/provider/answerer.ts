import type { BilledKind } from "./paths.ts";
import type { ForwardedBody } from "./request-body.ts";

/** What stands behind a provider: the built-in responder, or an upstream server. */
export interface Answerer {
  answer(question: Question): Promise<Answer>;
}

export interface Question {
  readonly kind: BilledKind;
  readonly body: ForwardedBody;
  /** What the built-in responder puts into the body; upstreams make their own. */
  readonly completionId: string;
  /** The client's headers, lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly chunks: AsyncIterable<Uint8Array>;
}

async function* pieces(texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield typeof text === "string" ? Buffer.from(text) : text;
}

/** An answer with these pieces. */
export function answered(contentType: string, texts: readonly string[]): Answer {
  return { status: 200, contentType, chunks: pieces(texts) };
}

export function answeredJson(body: unknown): Answer {
  return answered("application/json", [JSON.stringify(body)]);
}

/** A model's own refusal. */
export function invalid(message: string, status = 400): Answer {
  const body = JSON.stringify({ error: { message, type: "invalid_request_error" } });
  return { status, contentType: "application/json", chunks: pieces([body]) };
}
