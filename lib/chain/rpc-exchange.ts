/** One JSON-RPC exchange over HTTP: no redirects, a deadline, a bounded answer. */

import { z } from "zod";

/** What a node answered: a result, or its "no". */
export interface RpcAnswer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** How an exchange fails. After `absent` and `limited` it is certain that nobody took the request. */
export type RpcFailureKind = "absent" | "silent" | "limited" | "garbled" | "behind";

export const LIMITED = "ELIMITED";

/** A node gave no answer. Says nothing about the chain. */
export class RpcFailure extends Error {
  readonly kind: RpcFailureKind;
  /** When the node wants to be asked again, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** As Node says that nobody is there, that somebody would not listen, or as Hardhat says everything else. */
  readonly code: "ECONNREFUSED" | typeof LIMITED | -1;

  constructor(kind: RpcFailureKind, reason: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
    this.code = kind === "absent" ? "ECONNREFUSED" : kind === "limited" ? LIMITED : -1;
  }
}

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Each exchange holds one call. */
const ID = 1;

const answerSchema = z.union([
  z.object({
    id: z.literal([ID, null]),
    error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }),
  }),
  z.object({ id: z.literal(ID), result: z.unknown() }).refine((answer) => Object.hasOwn(answer, "result")),
]);

/** All the logs of a range, or a block with its transactions, are far below. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const NOBODY_THERE = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"]);
const TOO_MANY = 429;

/**
 * Asks one node once.
 * @param stop ends it before `timeoutMs` is over; its reason is thrown.
 * @throws {RpcFailure}
 */
export async function exchange(
  ask: typeof fetch,
  url: string,
  { method, params }: RpcCall,
  { timeoutMs, stop }: { readonly timeoutMs: number; readonly stop: AbortSignal },
): Promise<RpcAnswer> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await ask(url, {
      method: "POST",
      redirect: "manual",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: ID, method, params }),
      signal: AbortSignal.any([deadline, stop]),
    });
    const text = await boundedText(response);
    if (response.status === TOO_MANY) throw limited(response);
    if (response.status >= 500) throw new RpcFailure("silent", `it answered with HTTP ${response.status}`);
    return parsed(text, response.status);
  } catch (error) {
    if (stop.aborted) throw stop.reason;
    if (deadline.aborted) throw new RpcFailure("silent", `it did not answer within ${timeoutMs} ms`, { cause: error });
    throw error instanceof RpcFailure ? error : connectionFailure(error);
  }
}

function limited(response: Response): RpcFailure {
  const header = response.headers.get("retry-after")?.trim() ?? "";
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1_000;
  const retryAfterMs = Number.isFinite(seconds) ? { retryAfterMs: Math.max(0, seconds * 1_000) } : {};
  return new RpcFailure("limited", `it limits requests (HTTP ${TOO_MANY})`, retryAfterMs);
}

function connectionFailure(error: unknown): RpcFailure {
  const codes: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && typeof cause.code === "string") codes.push(cause.code);
  }
  const nobody = codes.find((code) => NOBODY_THERE.has(code));
  if (nobody !== undefined) return new RpcFailure("absent", `nobody answers there (${nobody})`, { cause: error });
  return new RpcFailure("silent", `the connection broke off${codes[0] === undefined ? "" : ` (${codes[0]})`}`, {
    cause: error,
  });
}

function parsed(text: string, status: number): RpcAnswer {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined; // JSON.parse throws for nothing else
  }
  const answer = answerSchema.safeParse(body);
  if (answer.success) {
    return "error" in answer.data ? { error: answer.data.error } : { result: answer.data.result };
  }
  throw new RpcFailure("garbled", `it answered something that is no JSON-RPC (HTTP ${status})`);
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new RpcFailure("garbled", `it answered more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
