/** How an answer leaves the proxy: whole, slowly, in part, or spoilt. */

import type { ServerResponse } from "node:http";

import type { Fault } from "./faults.ts";
import { mapAnswers, otherTypes, parsed } from "./json-rpc.ts";

export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export function give(response: ServerResponse, { status, headers, body }: UpstreamAnswer): void {
  response.writeHead(status, { ...headers, "content-length": body.length });
  response.end(body);
}

export function giveInPart(response: ServerResponse, { status, headers, body }: UpstreamAnswer, bytes: number): void {
  response.writeHead(status, { ...headers, "content-length": body.length });
  // Written before the connection breaks, so that the bytes do arrive.
  response.write(body.subarray(0, Math.min(bytes, body.length - 1)), () => response.destroy());
}

export async function giveSlowly(response: ServerResponse, answer: UpstreamAnswer, bytes: number): Promise<void> {
  const { status, headers, body } = answer;
  response.writeHead(status, { ...headers, "content-length": body.length });
  for (let at = 0; at < body.length && !response.destroyed; at += bytes) {
    response.write(body.subarray(at, at + bytes));
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
}

export function corrupted(body: Buffer, how: Extract<Fault, { kind: "corrupt" }>["how"]): Buffer {
  switch (how) {
    case "bytes": {
      const spoilt = Buffer.from(body);
      // Near the end: in a JSON-RPC answer the result, in a plain body the text.
      const at = Math.floor(body.length * 0.75);
      spoilt[at] = (spoilt[at] ?? 0) ^ 1;
      return spoilt;
    }
    case "json":
      return body.subarray(0, Math.floor(body.length / 2));
    case "id":
      return mapAnswers(body, (answer) => ({ ...answer, id: "another question" }));
    case "types": {
      const json = parsed(body);
      const isRpc = typeof json === "object" && json !== null && "jsonrpc" in json;
      if (isRpc) return mapAnswers(body, (answer) => ({ ...answer, result: otherTypes(answer.result) }));
      return Buffer.from(JSON.stringify(otherTypes(json)));
    }
  }
}
