/** A `fetch` that answers some JSON-RPC methods itself, and lets the others through. */

export interface InterceptedCall {
  readonly url: string;
  readonly method: string;
  readonly params: readonly unknown[];
  /** Asks the server after all. */
  readonly proceed: () => Promise<Response>;
}

export function intercepted(answer: (call: InterceptedCall) => Promise<Response> | Response): typeof fetch {
  return async (input, init) => {
    const body = init?.body;
    const text = typeof body === "string" ? body : new TextDecoder().decode(body as Uint8Array);
    const { method, params } = JSON.parse(text) as Pick<InterceptedCall, "method" | "params">;
    const url = input instanceof Request ? input.url : input.toString();
    return answer({ url, method, params, proceed: async () => fetch(input, init) });
  };
}

export function rpcResult(result: unknown): Response {
  return Response.json({ jsonrpc: "2.0", id: 1, result });
}

export function rpcRefusal(code: number, message: string, data?: string): Response {
  return Response.json({ jsonrpc: "2.0", id: 1, error: { code, message, data } });
}
