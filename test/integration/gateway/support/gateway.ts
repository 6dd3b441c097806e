/** A gateway over an embedded Galileo, with OpenAI's own client in front of it. */

import { readFile } from "node:fs/promises";

import OpenAI from "openai";

import { gatewayFiles, openGateway, type Gateway, type GatewayOptions } from "../../../../lib/gateway/gateway.ts";
import { serveGateway, type ServedGateway } from "../../../../lib/gateway/server.ts";
import type { Service } from "../../../../lib/compute/providers.ts";
import { temporaryFolder } from "../../../support/temporary.ts";
import type { TestUser } from "../../compute/support/galileo.ts";

export interface TestGateway extends ServedGateway {
  readonly gateway: Gateway;
  readonly folder: string;
  /** The owner's. */
  readonly key: string;
  /** What it told its log. */
  readonly said: readonly string[];
  /** OpenAI's client; it repeats nothing by itself. */
  client(key?: string): OpenAI;
  /** A request as it is, with the owner's key unless told otherwise. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** The lines of the spending log, once everything is written. */
  spending(): Promise<Record<string, unknown>[]>;
}

/** Opens and serves one on a free port. */
export async function startGateway(
  user: TestUser,
  services: readonly Service[],
  options: Partial<GatewayOptions> & { readonly folder?: string } = {},
): Promise<TestGateway> {
  const { folder: given, ...more } = options;
  const temporary = given === undefined ? await temporaryFolder() : undefined;
  const folder = given ?? temporary?.path ?? "";
  const files = gatewayFiles(folder);
  const said: string[] = [];
  const gateway = await openGateway({
    ctx: user.ctx,
    session: user.session,
    services,
    strategy: "priority",
    files,
    log: (line) => said.push(line),
    ...more,
  });
  const served = await serveGateway(gateway, { host: "127.0.0.1", port: 0 });
  const key = (await readFile(files.ownerKey, "utf8")).trim();
  const authorization = `Bearer ${key}`;
  return {
    ...served,
    gateway,
    folder,
    key,
    said,
    client: (apiKey = key) => new OpenAI({ apiKey, baseURL: `${served.url}/v1`, maxRetries: 0 }),
    post: async (path, body, headers = {}) =>
      fetch(`${served.url}${path}`, {
        method: "POST",
        headers: { authorization, "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    get: async (path, headers = {}) => fetch(`${served.url}${path}`, { headers: { authorization, ...headers } }),
    spending: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      const text = await readFile(files.spending, "utf8");
      return text
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    close: async () => {
      await served.close();
      await temporary?.remove();
    },
  };
}
