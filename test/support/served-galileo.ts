/** A Galileo served by `galileo up` in a child process, on free ports. */

import { serveTask, type ServedTask } from "./served-task.ts";

export interface ServedByTask extends ServedTask<{ readonly url: string; readonly [key: string]: unknown }> {
  /** The environment that points `--network localhost` at it. */
  readonly env: { readonly LOCALHOST_RPC_URL: string };
}

/** Starts one and resolves when it is ready. */
export async function serveGalileoByTask(extra: readonly string[] = []): Promise<ServedByTask> {
  const served = await serveTask<ServedByTask["ready"]>(["galileo", "up", "--port", "0", ...extra]);
  return { ...served, env: { LOCALHOST_RPC_URL: served.ready.url } };
}
