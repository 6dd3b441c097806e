/** Debian's redis-server on a free port of this machine, keeping nothing. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { Redis } from "ioredis";

import { temporaryFolder } from "./temporary.ts";

const PROGRAM = "redis-server";

/** Whether the program is on this machine. What needs it skips by its name: `redis-server is not installed`. */
export function redisInstalled(): boolean {
  return spawnSync(PROGRAM, ["--version"], { stdio: "ignore" }).status === 0;
}

export interface RedisServer {
  readonly url: string;
  /** With its password, which must be in no message. */
  readonly password: string;
  flush(): Promise<void>;
  close(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Starts one. The caller closes it. */
export async function startRedis(): Promise<RedisServer> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const password = "not-a-real-password";
  const settings = { port, bind: "127.0.0.1", dir: folder.path, save: "", appendonly: "no", requirepass: password };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(PROGRAM, args, { stdio: "ignore" });
  const ended = once(child, "exit");
  const url = `redis://:${password}@127.0.0.1:${port}`;
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on("error", () => undefined);
  for (let attempt = 0; ; attempt++) {
    try {
      await client.connect();
      break;
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(20);
    }
  }
  return {
    ...{ url, password },
    flush: async () => {
      await client.flushall();
    },
    close: async () => {
      client.disconnect();
      child.kill("SIGTERM");
      await ended;
      await folder.remove();
    },
  };
}
