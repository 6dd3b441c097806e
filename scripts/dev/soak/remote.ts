/** The client's side of `host.ts`. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import type { SoakWorld } from "./world.ts";

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

const HOST = fileURLToPath(new URL("./host.ts", import.meta.url));

/** Starts a world in a process of its own, and resolves when it is ready. */
export async function hostSoakWorld(): Promise<SoakWorld> {
  const child = fork(HOST, { execArgv: ["--import", "tsx"], serialization: "advanced" });
  const waiting = new Map<number, (answer: Answer) => void>();
  child.on("message", (answer: Answer) => {
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  child.once("exit", (code) => {
    for (const give of waiting.values()) give({ id: 0, error: `the world ended with ${String(code)}` });
  });
  let calls = 0;
  const answerTo = async (id: number): Promise<unknown> => {
    const { result, error } = await new Promise<Answer>((resolve) => waiting.set(id, resolve));
    if (error !== undefined) throw new Error(error);
    return result;
  };
  const call = async (method: keyof SoakWorld, argument?: unknown): Promise<never> => {
    const id = ++calls;
    const answer = answerTo(id);
    child.send({ id, method, argument });
    return (await answer) as never;
  };
  await answerTo(0);
  return {
    addresses: async () => call("addresses"),
    disturb: async (faults) => call("disturb", faults),
    calm: async () => call("calm"),
    bills: async (user) => call("bills", user),
    settle: async () => call("settle"),
    close: async () => {
      const ended = once(child, "exit");
      await call("close");
      child.disconnect();
      await ended;
    },
  };
}
