/** JSON-RPC to indexers and nodes: no redirects, a deadline, bounded answers, repetition of what failed in passing. */

import { z } from "zod";

import { assertMayAsk, contentBorderOf, fetchWithin, refusalBelow, type Border } from "../border.ts";
import { boundedBody } from "../bounded-body.ts";
import { StorageNodeError, StorageUrlError } from "./client-errors.ts";
import { assertGoing, limitsOf, wait, type Reach } from "./settings.ts";

/** A segment in base64 with its proof, and all else that is asked for, is far below. */
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;
const MAX_QUOTED = 300;

const answerSchema = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }).nullish(),
});

/**
 * The address of an indexer or a node as it is asked.
 * @throws {StorageUrlError} when it is none.
 */
export function storageUrl(url: string): string {
  if (!URL.canParse(url)) throw new StorageUrlError({ url, problem: "it is no URL" });
  const { protocol, username, password } = new URL(url);
  if (!/^https?:$/.test(protocol)) throw new StorageUrlError({ url, problem: "it is neither http nor https" });
  if (username !== "" || password !== "")
    throw new StorageUrlError({ url: "(hidden)", problem: "it carries a password" });
  return url;
}

export type RpcRequest = {
  readonly url: string;
  /** For errors: `Uploading segment 3`. */
  readonly what: string;
  /** `given` for an indexer, which the user or our registry named; default: that of the network's nodes. */
  readonly border?: Border;
} & ({ readonly method: string; readonly params: readonly unknown[] } | { readonly body: Body });

/** The text of a request, or its bytes. */
type Body = string | Uint8Array<ArrayBuffer>;

/**
 * Makes a call, and again when it failed for a passing reason. Returns the result, unchecked.
 * @throws {StorageNodeError} {@link AbortedError} {@link StorageUrlError}
 */
export async function callRpc(reach: Reach, request: RpcRequest): Promise<unknown> {
  const { retries, retryDelayMs } = limitsOf(reach);
  const body = bodyOf(request);
  for (let attempt = 0; ; attempt++) {
    try {
      return resultOf(request, await post(reach, request, body));
    } catch (error) {
      if (!(error instanceof StorageNodeError) || !error.passing || attempt >= retries) throw error;
      await wait(reach, retryDelayMs * 2 ** attempt, request.what);
    }
  }
}

function bodyOf(request: RpcRequest): Body {
  if ("body" in request) return request.body;
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method: request.method, params: request.params });
}

function failure({ url, what }: RpcRequest, problem: string, passing: boolean, cause?: unknown): StorageNodeError {
  return new StorageNodeError({ url, what, problem }, { passing, cause });
}

/** Makes one exchange and returns the text of the answer. */
async function post(reach: Reach, request: RpcRequest, body: Body): Promise<string> {
  const { signal } = reach;
  const { requestTimeoutMs } = limitsOf(reach);
  assertGoing(reach, request.what);
  const url = storageUrl(request.url);
  const border = request.border ?? (reach.network === undefined ? "local" : contentBorderOf(reach.network));
  const controller = new AbortController();
  const stop = () => {
    controller.abort();
  };
  let late: true | undefined;
  const timer = setTimeout(() => {
    late = true;
    stop();
  }, requestTimeoutMs);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    assertMayAsk(border, new URL(url));
    const response = await (reach.fetch ?? fetchWithin(border))(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
      redirect: "manual",
      signal: controller.signal,
    });
    if (!response.ok) {
      const passing = response.status === 429 || response.status >= 500;
      throw failure(request, `status ${response.status}`, passing);
    }
    return await readText(request, response);
  } catch (error) {
    assertGoing(reach, request.what);
    if (late === true) throw failure(request, `no answer within ${requestTimeoutMs} ms`, true, error);
    if (error instanceof StorageNodeError) throw error;
    const refused = refusalBelow(error);
    if (refused !== undefined) throw failure(request, refused.message, false, refused);
    throw failure(request, reasonOf(error), true, error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    stop(); // frees the connection of an answer that was not read to its end
  }
}

async function readText(request: RpcRequest, response: Response): Promise<string> {
  const bytes = await boundedBody(response, MAX_ANSWER_BYTES);
  if (bytes === undefined) throw failure(request, `an answer of more than ${MAX_ANSWER_BYTES} bytes`, false);
  return bytes.toString("utf8");
}

/** What fetch says is `fetch failed`; the reason is below it. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(inner instanceof Error)) return String(inner);
  const code = "code" in inner ? String(inner.code) : "";
  return inner.message === "" ? code : inner.message;
}

function resultOf(request: RpcRequest, text: string): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw failure(request, "its answer is not JSON", true, error);
  }
  const parsed = answerSchema.safeParse(json);
  if (!parsed.success) throw failure(request, "its answer is not JSON-RPC", false, parsed.error);
  const { error, result } = parsed.data;
  if (error == null) return result;
  const answered = {
    code: error.code,
    message: error.message.slice(0, MAX_QUOTED),
    data: typeof error.data === "string" ? error.data.slice(0, MAX_QUOTED) : "",
  };
  const problem = [answered.message, answered.data].filter((part) => part !== "").join(": ");
  const { url, what } = request;
  throw new StorageNodeError({ url, what, problem }, { passing: isBusy(answered.message), answered });
}

/**
 * Nodes have no code of their own for what passes by itself, so that these words are all there is. Source:
 * 0g-storage-node, node/chunk_pool, "too many data writing".
 */
function isBusy(message: string): boolean {
  return message.toLowerCase().includes("too many data writing");
}
