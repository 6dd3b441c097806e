/** A JSON-RPC node that knows its chain id and nothing else, and writes down what it was asked. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface CountingNode {
  readonly url: string;
  /** The methods asked for, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

interface Call {
  readonly id: unknown;
  readonly method: string;
}

export async function countingNode(chainId: number): Promise<CountingNode> {
  const asked: string[] = [];
  const answer = ({ id, method }: Call) => {
    asked.push(method);
    const known = method === "eth_chainId" ? { result: `0x${chainId.toString(16)}` } : undefined;
    return { jsonrpc: "2.0", id, ...(known ?? { error: { code: -32601, message: `no ${method} here` } }) };
  };
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Call | Call[];
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(Array.isArray(body) ? body.map(answer) : answer(body)));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
