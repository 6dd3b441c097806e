/** What the proxy understands of JSON-RPC: the questions of a body, and how an answer of one can be wrong. */

export interface RpcCall {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

interface RpcAnswer {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** The calls of a body; none when it is not JSON-RPC. */
export function callsOf(body: Buffer): RpcCall[] {
  const json = parsed(body);
  const all = Array.isArray(json) ? (json as unknown[]) : [json];
  return all.flatMap((call) => {
    const { id, method, params = [] } = (call ?? {}) as Partial<RpcCall>;
    return typeof method === "string" ? [{ id, method, params }] : [];
  });
}

export function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined; // an image, a stream, a form
  }
}

/** Changes every answer in a body, a single one or a batch. */
export function mapAnswers(body: Buffer, change: (answer: RpcAnswer) => unknown): Buffer {
  const json = parsed(body);
  const changed = Array.isArray(json) ? (json as RpcAnswer[]).map(change) : change(json as RpcAnswer);
  return Buffer.from(JSON.stringify(changed));
}

/** Numbers as texts, texts as numbers, all the way down. */
export function otherTypes(value: unknown): unknown {
  if (typeof value === "string") return value.length;
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map(otherTypes);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, otherTypes(inner)]));
}

const BLOCK_TAGS = new Set(["latest", "pending"]);

/** The same questions, asked about an older block. */
export function atBlock(body: Buffer, block: number): Buffer {
  const tag = `0x${block.toString(16)}`;
  const older = (call: RpcCall) => ({
    ...call,
    jsonrpc: "2.0",
    params: call.params.map((param) => (typeof param === "string" && BLOCK_TAGS.has(param) ? tag : param)),
  });
  const calls = callsOf(body).map(older);
  return Buffer.from(JSON.stringify(Array.isArray(parsed(body)) ? calls : calls[0]));
}

/** What a node that knows nothing after `block` answers instead. */
export function knownAt(call: RpcCall | undefined, answer: RpcAnswer, block: number): RpcAnswer {
  const named = call?.params.some(
    (param) => typeof param === "string" && /^0x[0-9a-f]{1,12}$/.test(param) && Number(param) > block,
  );
  if (named === true) {
    const { result: _result, ...rest } = answer;
    return { ...rest, error: { code: -32000, message: "header not found" } };
  }
  if (call?.method === "eth_blockNumber") return { ...answer, result: `0x${block.toString(16)}` };
  const { blockNumber } = (answer.result ?? {}) as { blockNumber?: string };
  return blockNumber !== undefined && Number(blockNumber) > block ? { ...answer, result: null } : answer;
}
