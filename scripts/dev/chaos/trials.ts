/** The commands that are killed, and how their end is told. */

import { writeFileSync } from "node:fs";
import path from "node:path";

import type { Ended } from "../../../test/support/in-process.ts";
import type { World } from "./world.ts";

export interface Trial {
  readonly name: "run" | "batch";
  /** How many answers are paid for, and tokens minted. */
  readonly answers: number;
  /** Transactions that must be as many as in a run that nobody killed; all of them where nothing is said. */
  readonly once?: readonly string[];
  /** Of these, transactions that may be sent once more for each answer that was lost and paid for. */
  readonly again: readonly string[];
  /** What is killed: `flow …`. */
  command(world: World): readonly [string, ...string[]];
  /** What resumes it. */
  resume(world: World): readonly [string, ...string[]];
  /** Of how many answers a command says that it does not know whether they were charged. */
  unknownIn(ended: Ended): number;
}

const ID = "victim";

const run: Trial = {
  name: "run",
  answers: 1,
  again: [],
  command: () => ["run", "--id", ID, "--prompt", "What is 6*7?", "--yes"],
  // A run that never began is not there to be resumed.
  resume: (world) => (world.journal(ID).length > 0 ? ["resume", "--id", ID, "--yes"] : run.command(world)),
  unknownIn: ({ answer }) => (!answer.ok && answer.error.code === "ZG_UNANSWERED" ? 1 : 0),
};

const ITEMS = 6;

const batch: Trial = {
  name: "batch",
  answers: ITEMS,
  // What was committed or minted before a kill is not done again, so that the rest goes in transactions of its own.
  once: ["deploy", "depositFund", "transferFund", "store"],
  // Funded for exactly its items.
  again: ["depositFund", "transferFund"],
  command: (world) => {
    const file = path.join(world.home, "items.jsonl");
    const lines = Array.from({ length: ITEMS }, (_, i) => JSON.stringify({ prompt: `What is ${i}+1?` }));
    writeFileSync(file, lines.join("\n"));
    return ["batch", file, "--id", ID, "--concurrency", "1", "--yes"];
  },
  resume: (world) => batch.command(world),
  unknownIn: ({ answer }) => {
    const { counts } = (answer.ok ? answer.data : answer.error.details) as {
      counts?: Readonly<Record<string, number>>;
    };
    return (counts?.["unknown"] ?? 0) + (counts?.["spoiled"] ?? 0);
  },
};

export const TRIALS: readonly Trial[] = [run, batch];
