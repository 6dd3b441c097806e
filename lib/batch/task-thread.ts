/** A thread for arithmetic: while it takes place, answers are taken and requests sent. */

import { randomBytes } from "node:crypto";
import { Worker } from "node:worker_threads";

import { doTask, type Arithmetic, type Tasks } from "./thread-tasks.ts";

export interface ThreadQuestion {
  readonly id: number;
  readonly name: keyof Tasks;
  readonly input: Tasks[keyof Tasks]["input"];
}

export interface ThreadAnswer {
  readonly id: number;
  /** Absent when it failed. */
  readonly output?: Tasks[keyof Tasks]["output"];
}

interface Asked {
  readonly question: ThreadQuestion;
  readonly resolve: (output: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Keys are drawn by `node:crypto`. What fails there is done again here, and so is everything when the thread ends. */
export class TaskThread {
  readonly #asked = new Map<number, Asked>();
  #worker: Worker | undefined;
  #next = 0;

  constructor() {
    const worker = new Worker(new URL("./thread-worker.ts", import.meta.url));
    worker.unref();
    worker.on("message", (answer: ThreadAnswer) => {
      this.#answered(answer);
    });
    // A Node that runs no TypeScript in threads, or a thread that died.
    const fallBack = () => {
      this.#worker = undefined;
      for (const id of this.#asked.keys()) this.#doHere(id);
    };
    worker.on("error", fallBack);
    worker.on("exit", fallBack);
    this.#worker = worker;
  }

  readonly do: Arithmetic = async (name, input) =>
    new Promise((resolve, reject) => {
      const question = { id: this.#next++, name, input };
      this.#asked.set(question.id, { question, resolve: resolve, reject });
      if (this.#worker === undefined) this.#doHere(question.id);
      else this.#worker.postMessage(question);
    });

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #answered({ id, output }: ThreadAnswer): void {
    if (output === undefined) {
      this.#doHere(id);
      return;
    }
    this.#asked.get(id)?.resolve(output as never);
    this.#asked.delete(id);
  }

  #doHere(id: number): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#asked.delete(id);
    const { name, input } = asked.question;
    try {
      asked.resolve(doTask(name, input, randomBytes) as never);
    } catch (error) {
      asked.reject(error);
    }
  }
}
