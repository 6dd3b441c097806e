/** A Galileo served by `galileo up` in a child process, on free ports. */

import { once } from "node:events";
import { createInterface } from "node:readline";

import { startHardhat } from "./cli.ts";

export interface ServedByTask {
  /** What `galileo up --json` printed when it was ready. */
  readonly ready: { readonly url: string; readonly [key: string]: unknown };
  /** The environment that points `--network localhost` at it. */
  readonly env: { readonly LOCALHOST_RPC_URL: string };
  stop(): Promise<number | null>;
}

/** Starts one and resolves when it is ready. */
export async function serveGalileoByTask(extra: readonly string[] = []): Promise<ServedByTask> {
  const child = startHardhat(["galileo", "up", "--port", "0", "--json", ...extra]);
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  if (child.stdout === null) throw new Error("galileo up has no stdout");
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, "line").then(([line]) => line as string),
    once(child, "exit").then(([code]) =>
      Promise.reject(new Error(`galileo up exited with ${String(code)}: ${stderr}`)),
    ),
  ]);
  const answer = JSON.parse(first) as { ok: boolean; data: { url: string } };
  if (!answer.ok) throw new Error(`galileo up: ${first}`);
  return {
    ready: answer.data,
    env: { LOCALHOST_RPC_URL: answer.data.url },
    stop: async () => {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const [code] = (await ended) as [number | null];
      lines.close();
      return code;
    },
  };
}
