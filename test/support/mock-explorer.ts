/** An explorer on loopback that answers like Chainscan's `/open/api`, and misbehaves when told to. */

import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface ExplorerRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
}

export interface MockExplorer {
  readonly apiUrl: string;
  readonly url: string;
  /** What was asked, in order. */
  readonly requests: readonly ExplorerRequest[];
  /** Actions asked, in order. */
  actions(): string[];
  close(): Promise<void>;
}

export interface MockExplorerOptions {
  /** Addresses whose source is published from the start, in lower case. */
  readonly verified?: readonly string[];
  /** Answer to a submission; the default accepts it. */
  readonly submit?: { readonly status: string; readonly result: string };
  /** Answers to successive status questions; the last one repeats. */
  readonly statuses?: readonly string[];
  /** After how many status questions `getsourcecode` shows the source. Default: when the status says `Pass`. */
  readonly publishedAfter?: number;
  /** Raw answers by action, instead of all the above; `undefined` falls through. */
  readonly raw?: (action: string, nth: number) => { readonly status: number; readonly body: string } | undefined;
}

async function formOf(request: IncomingMessage): Promise<Record<string, string>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString("utf8")));
}

export async function startMockExplorer(options: MockExplorerOptions = {}): Promise<MockExplorer> {
  const requests: ExplorerRequest[] = [];
  const published = new Set(options.verified?.map((address) => address.toLowerCase()));
  const statuses = [...(options.statuses ?? ["Pass - Verified"])];
  let submitted: string | undefined;
  let asked = 0;

  function answer({ query, form }: ExplorerRequest): { status: string; result: unknown } {
    switch (query["action"]) {
      case "getsourcecode":
        return { status: "1", result: [{ SourceCode: published.has(query["address"]!.toLowerCase()) ? "{{…}}" : "" }] };
      case "verifysourcecode":
        submitted = form["contractaddress"]!.toLowerCase();
        return options.submit ?? { status: "1", result: "guid-1" };
      case "checkverifystatus": {
        asked += 1;
        const text = statuses.length > 1 ? statuses.shift()! : statuses[0]!;
        const done = options.publishedAfter === undefined ? text.startsWith("Pass") : asked >= options.publishedAfter;
        if (done) published.add(submitted!);
        return { status: text.startsWith("Pass") ? "1" : "0", result: text };
      }
      default:
        return { status: "0", result: "Missing Or invalid Action name" };
    }
  }

  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
      const request: ExplorerRequest = {
        method: incoming.method ?? "",
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        form: await formOf(incoming),
      };
      requests.push(request);
      const action = request.query["action"] ?? "";
      const nth = requests.filter(({ query }) => query["action"] === action).length;
      const raw = options.raw?.(action, nth);
      const { status, body } = raw ?? { status: 200, body: JSON.stringify({ message: "", ...answer(request) }) };
      outgoing.writeHead(status, { "content-type": "application/json", connection: "close" }).end(body);
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    apiUrl: `http://127.0.0.1:${port}/open/api`,
    requests,
    actions: () => requests.map(({ query }) => query["action"] ?? ""),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
