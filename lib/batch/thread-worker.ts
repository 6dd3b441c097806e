/** The thread of {@link TaskThread}: does what it is sent, one after the other. */

import { randomBytes } from "node:crypto";
import { parentPort } from "node:worker_threads";

import { hashFaster } from "./fast-keccak.ts";
import { doTask } from "./thread-tasks.ts";
import type { ThreadAnswer, ThreadQuestion } from "./task-thread.ts";

hashFaster();
parentPort?.on("message", ({ id, name, input }: ThreadQuestion) => {
  let answer: ThreadAnswer;
  try {
    answer = { id, output: doTask(name, input, randomBytes) };
  } catch {
    answer = { id }; // tried again where the error keeps its class
  }
  parentPort?.postMessage(answer);
});
