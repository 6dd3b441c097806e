/** The body as it goes on to the model: untouched where possible, else rewritten as a broker's Go code writes it. */

import { canonicalJson } from "../../protocol/canonical-json.ts";
import type { ChatRequest } from "../../protocol/chat.ts";
import { Refusal } from "./refusal.ts";

export interface ForwardedBody {
  /** These bytes are what the first half of the signed text hashes. */
  readonly bytes: Uint8Array;
  readonly request: Partial<ChatRequest>;
  readonly streamed: boolean;
}

function refuse(text: string): Refusal {
  return new Refusal(400, `prepare HTTP request: ${text}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Prepares a chat request for a service of one model: a missing model is filled in, another one is refused, and a
 * stream is made to report its usage unless the request says otherwise. Any of these rewrites the whole body.
 * @throws {Refusal} 400
 */
export function forwardedBody(body: Uint8Array, model: string): ForwardedBody {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    throw refuse("request body is not valid JSON");
  }
  if (!isObject(parsed)) throw refuse("request body is not a JSON object");

  const changes: Record<string, unknown> = {};
  if (parsed["stream"] === true) {
    const options = isObject(parsed["stream_options"]) ? parsed["stream_options"] : {};
    if (!Object.hasOwn(options, "include_usage")) changes["stream_options"] = { ...options, include_usage: true };
  }
  const wanted = parsed["model"];
  if (wanted === undefined || wanted === "") changes["model"] = model;
  else if (wanted !== model) {
    throw refuse(
      `enforce configured model: model not supported: requested ${JSON.stringify(wanted)}, accepted: [${JSON.stringify(model)}]`,
    );
  }

  const rewritten = Object.keys(changes).length > 0;
  const request = rewritten ? { ...parsed, ...changes } : parsed;
  const bytes = rewritten ? Buffer.from(canonicalJson(request)) : body;
  return { bytes, request, streamed: request["stream"] === true };
}
