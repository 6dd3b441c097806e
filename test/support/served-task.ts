/** A task that serves until a signal, in a child process. */

import { once } from "node:events";
import { createInterface } from "node:readline";

import { startHardhat } from "./cli.ts";

export interface ServedTask<Ready = Readonly<Record<string, unknown>>> {
  /** What it printed when it was ready. */
  readonly ready: Ready;
  /** Ends it, and gives its exit code. */
  stop(): Promise<number | null>;
}

/** Starts one and resolves when it is ready. */
export async function serveTask<Ready = Readonly<Record<string, unknown>>>(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServedTask<Ready>> {
  const name = args.join(" ");
  const child = startHardhat([...args, "--json"], env);
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  if (child.stdout === null) throw new Error(`${name} has no stdout`);
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, "line").then(([line]) => line as string),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`${name} exited with ${String(code)}: ${stderr}`))),
  ]);
  const answer = JSON.parse(first) as { ok: boolean; data: Ready };
  if (!answer.ok) throw new Error(`${name}: ${first}`);
  return {
    ready: answer.data,
    stop: async () => {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const [code] = (await ended) as [number | null];
      lines.close();
      return code;
    },
  };
}
