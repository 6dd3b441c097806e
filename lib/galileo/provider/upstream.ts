/** Forwards to an OpenAI-compatible server, as a broker does. */

import { UsageError } from "../../errors.ts";
import type { Answer, Answerer, Question } from "./answerer.ts";
import { pathOfKind } from "./paths.ts";
import { Refusal, statusText } from "./refusal.ts";

/** Never forwarded: they are about the user and the provider, or about one connection only. */
const WITHHELD: ReadonlySet<string> = new Set([
  ...["address", "fee", "input-fee", "nonce", "request-hash", "signature", "session-token", "session-signature"],
  ...["authorization", "accept-encoding"],
  ...["connection", "content-length", "expect", "host", "keep-alive", "proxy-authenticate", "proxy-authorization"],
  ...["te", "trailer", "transfer-encoding", "upgrade"],
]);

/** Words in an upstream's 5xx that mean the request was at fault. */
const CLIENT_FAULTS = [
  "token count exceeds",
  "maximum context length",
  "BadRequestError",
  "invalid_request_error",
  "context_length_exceeded",
];

/**
 * Normalises an upstream's address to one that ends in `/v1`.
 * @throws {UsageError} when it is no http(s) URL.
 */
export function upstreamBase(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError({
      message: `${JSON.stringify(url)} is no http or https address of an upstream`,
      remedy: "Give the address of an OpenAI-compatible server, e.g. --upstream http://127.0.0.1:11434/v1.",
      details: { upstream: url },
    });
  }
  const bare = url.replace(/\/+$/, "");
  return bare.endsWith("/v1") ? bare : `${bare}/v1`;
}

function forwardedHeaders(headers: Question["headers"], added: Readonly<Record<string, string>>): Headers {
  const forwarded = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined && !WITHHELD.has(name)) forwarded.set(name, first);
  }
  forwarded.set("accept-encoding", "identity");
  for (const [name, value] of Object.entries(added)) forwarded.set(name, value);
  return forwarded;
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // A response without a body.
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

export function upstreamAnswerer(options: {
  readonly upstream: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
  /** Fires when the provider closes. */
  readonly closing: AbortSignal;
}): Answerer {
  const base = upstreamBase(options.upstream);

  const ask = async ({ kind, body, headers }: Question): Promise<Response> => {
    const timeout = AbortSignal.timeout(options.timeoutMs);
    // Generators that queue answer only then with the images themselves.
    const query = kind === "image" ? "?wait=true" : "";
    try {
      return await options.fetch(`${base}${pathOfKind(kind)}${query}`, {
        method: "POST",
        headers: forwardedHeaders({ ...headers, "content-type": body.contentType }, options.headers),
        body: Buffer.from(body.bytes),
        signal: AbortSignal.any([timeout, options.closing]),
      });
    } catch {
      // fetch rejects only when no answer came; why makes no difference to the user.
      throw timeout.aborted ? new Refusal(504, statusText(504)) : new Refusal(502, statusText(502));
    }
  };

  return {
    async answer(question): Promise<Answer> {
      const response = await ask(question);
      const contentType = response.headers.get("content-type") ?? "application/json";
      if (response.status >= 500) {
        const text = await response.text();
        const status = CLIENT_FAULTS.some((words) => text.includes(words)) ? 400 : response.status;
        return { status, contentType, chunks: once(text) };
      }
      return { status: response.status, contentType, chunks: response.body ?? nothing() };
    },
  };
}

/**
 * Asks an upstream which model it serves first, so that the service can be registered under that name.
 * @throws {UsageError} when it does not say.
 */
export async function firstUpstreamModel(
  upstream: string,
  options: {
    readonly fetch?: typeof fetch;
    readonly headers?: Readonly<Record<string, string>>;
    readonly timeoutMs?: number;
  } = {},
): Promise<string> {
  const url = `${upstreamBase(upstream)}/models`;
  const noModel = (problem: string, cause?: unknown) =>
    new UsageError({
      message: `The upstream names no model: ${url} ${problem}`,
      remedy: "Start the upstream first and check its address, or name the model yourself.",
      details: { upstream, url },
      cause,
    });
  let body: unknown;
  try {
    const response = await (options.fetch ?? fetch)(url, {
      headers: { ...options.headers },
      signal: AbortSignal.timeout(options.timeoutMs ?? 5_000),
    });
    if (!response.ok) throw noModel(`answered ${response.status}`);
    body = await response.json();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw noModel("did not answer with JSON", error);
  }
  const data = (body as { data?: unknown } | null)?.data;
  const id = Array.isArray(data) ? (data[0] as { id?: unknown } | undefined)?.id : undefined;
  if (typeof id !== "string" || id === "") throw noModel("lists none");
  return id;
}
