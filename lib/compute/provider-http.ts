/** HTTP to a provider: no redirects, bounded answers, a deadline, raw bytes, and errors with a class. */

import type { ReadableStreamDefaultReader } from "node:stream/web";

import { assertMayAsk, fetchWithin, refusalBelow, type Border } from "../border.ts";
import { AbortedError, ZgError } from "../errors.ts";
import { pause as abortablePause } from "../pause.ts";
import {
  ProviderDownError,
  ProviderTimeoutError,
  RedirectRefusedError,
  ResponseCutError,
  ResponseTooLargeError,
} from "./errors.ts";

/** What reaches the outside. Everything has a default but nothing is read from the environment. */
export interface HttpDeps {
  /** Default: the process's own within the border, which also looks at the addresses that names lead to. */
  readonly fetch?: typeof fetch;
  /** Where requests may go: `borderOf(network)` for addresses that others named. Default `local`. */
  readonly border?: Border;
  /** Unix milliseconds. */
  readonly clock?: () => number;
  /** Waits between retries. */
  readonly sleep?: (ms: number) => Promise<void>;
  /** The caller's abort; becomes {@link AbortedError}. */
  readonly signal?: AbortSignal;
  /** Longest time for one whole exchange. Milliseconds. */
  readonly timeoutMs?: number;
  /** Longest answer accepted. */
  readonly maxResponseBytes?: number;
}

export const DEFAULT_TIMEOUT_MS = 120_000;
export const DEFAULT_MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

export interface HttpRequest {
  /** For errors: `Chat completion`. */
  readonly what: string;
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Takes the bytes of a successful answer as they come. */
  readonly onBytes?: (bytes: Uint8Array) => void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Exactly as received. */
  readonly bytes: Uint8Array;
}

/**
 * Makes one request. Any status but a redirect comes back as an answer.
 * @throws {AddressRefusedError} when the address, or what its name leads to, lies beyond the border.
 * @throws {ProviderDownError} {@link ProviderTimeoutError} {@link AbortedError} {@link RedirectRefusedError}
 *   {@link ResponseTooLargeError} {@link ResponseCutError} when the connection breaks inside the answer.
 */
export async function exchange(deps: HttpDeps, request: HttpRequest): Promise<HttpAnswer> {
  const { what, url } = request;
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS, maxResponseBytes = DEFAULT_MAX_RESPONSE_BYTES } = deps;
  const { border = "local" } = deps;
  if (signal?.aborted === true) throw new AbortedError(what);
  assertMayAsk(border, new URL(url));
  const controller = new AbortController();
  let ended: "aborted" | "timed out" | undefined;
  const stop = (why: NonNullable<typeof ended>) => {
    ended ??= why;
    controller.abort();
  };
  const onAbort = () => {
    stop("aborted");
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => {
    stop("timed out");
  }, timeoutMs);
  try {
    return await send(deps.fetch ?? fetchWithin(border), request, controller.signal, maxResponseBytes);
  } catch (error) {
    controller.abort(); // frees the connection when the answer was not read to its end
    // What cut the exchange short decides, not what the cut looked like from inside. A verdict on the answer stands.
    if (error instanceof ZgError && !(error instanceof ResponseCutError || error instanceof ProviderDownError))
      throw error;
    if (ended === "aborted") throw new AbortedError(what);
    if (ended === "timed out") throw new ProviderTimeoutError({ what, url, timeoutMs }, error);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

async function send(
  fetcher: typeof fetch,
  request: HttpRequest,
  signal: AbortSignal,
  maxResponseBytes: number,
): Promise<HttpAnswer> {
  const { what, url, method, headers, body, onBytes } = request;
  let response: Response;
  try {
    response = await fetcher(url, {
      method,
      // The TEE signs the bytes it delivered: they must arrive as they were, not compressed on the way.
      headers: { "Accept-Encoding": "identity", ...headers },
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
      redirect: "manual",
      signal,
    });
  } catch (error) {
    const refused = refusalBelow(error);
    if (refused !== undefined) throw refused;
    throw new ProviderDownError({ what, url }, error);
  }
  if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400)) {
    const location = response.headers.get("location");
    throw new RedirectRefusedError(location === null ? { url } : { url, location });
  }
  const bytes = await readBody(response, url, maxResponseBytes, response.ok ? onBytes : undefined);
  return { status: response.status, headers: response.headers, bytes };
}

/** Error codes of a connection that never came to be: the provider saw nothing and bills nothing. */
const NEVER_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ZG_ADDRESS_REFUSED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** Whether a request that failed this way cannot have cost anything. */
export function neverReached(error: unknown): boolean {
  // `fetch` wraps what the connection said once, and our errors wrap what `fetch` said.
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as { code?: unknown };
    if (typeof code === "string" && NEVER_CONNECTED.has(code)) return true;
  }
  return false;
}

async function readBody(
  response: Response,
  url: string,
  limit: number,
  onBytes: HttpRequest["onBytes"],
): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const chunk = await nextChunk(reader, url, size);
    if (chunk === undefined) break;
    size += chunk.length;
    if (size > limit) throw new ResponseTooLargeError({ url, limit });
    chunks.push(chunk);
    onBytes?.(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks, size));
}

async function nextChunk(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  url: string,
  received: number,
): Promise<Uint8Array | undefined> {
  try {
    const { done, value } = await reader.read();
    return done ? undefined : value;
  } catch (error) {
    throw new ResponseCutError({ url, bytes: received }, error);
  }
}

/** The text of an answer, for errors and small documents. */
export function textOf(answer: HttpAnswer): string {
  return Buffer.from(answer.bytes).toString("utf8");
}

/** Waits, unless the caller aborts. */
export async function pause(deps: HttpDeps, ms: number, what: string): Promise<void> {
  if (deps.sleep === undefined) return abortablePause(ms, deps.signal, what);
  await deps.sleep(ms);
  if (deps.signal?.aborted === true) throw new AbortedError(what);
}
