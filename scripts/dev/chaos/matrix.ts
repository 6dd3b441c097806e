/** Kills a run at a point, resumes it, and says what is wrong with how it ended. */

import { isDeepStrictEqual } from "node:util";

import type { Tally } from "./books.ts";
import { expectationAt } from "./points.ts";
import { openWorld, type Victim, type World } from "./world.ts";

const ID = "victim";
const RUN = ["--id", ID, "--prompt", "What is 6*7?", "--yes"] as const;

/** A run that nobody killed: what it passes, and what it sends. */
export interface Recording {
  readonly points: readonly string[];
  readonly tally: Tally;
}

export interface Outcome {
  /** Where it was killed, and killed again. */
  readonly points: readonly string[];
  /** Answers the provider was paid for. */
  readonly paid: number;
  /** How often a command said that it does not know whether an answer was charged. */
  readonly unknown: number;
  /** What went wrong, in words; empty when nothing did. */
  readonly violations: readonly string[];
}

/** Records a run from its start to its end. @throws when it breaks a rule of its own accord. */
export async function record(): Promise<Recording> {
  const world = await openWorld();
  try {
    const books = await world.openBooks();
    const victim = await world.start(["flow", "run", ...RUN]).ended;
    const violations = [...unflushed(victim)];
    const { tally, paid, mints, failed, faults } = await books.close();
    violations.push(...faults, ...failed.map((hash) => `${hash} failed`));
    if (victim.end !== 0) violations.push(`it ended with ${String(victim.end)}: ${victim.output}`);
    if (paid !== 1 || mints !== 1) violations.push(`${paid} answers were paid for, and ${mints} tokens minted`);
    if (violations.length > 0) throw new Error(`the run that nobody killed: ${violations.join("; ")}`);
    return { points: victim.points, tally };
  } finally {
    await world.close();
  }
}

/**
 * Kills a run at `first`, and what resumes it at `second` if that comes by; then resumes it and looks at what chain,
 * provider and journal say.
 */
export async function killAt(recording: Recording, first: string, second?: string): Promise<Outcome> {
  const world = await openWorld();
  try {
    return await judge(world, recording, first, second);
  } finally {
    await world.close();
  }
}

async function judge(world: World, { tally }: Recording, first: string, second?: string): Promise<Outcome> {
  const violations: string[] = [];
  const opened = await world.openBooks();
  const kill = async (point: string, ...more: string[]) => {
    const victim = await world.start(["flow", "run", ...RUN, ...more], point).ended;
    violations.push(...unflushed(victim));
    return victim;
  };
  const killed = await kill(first);
  if (killed.end !== "SIGKILL" || killed.points.at(-1) !== first) {
    violations.push(`the run never came to ${first}; it ended with ${String(killed.end)}: ${killed.output}`);
  }
  if (second !== undefined) await kill(second, "--retry-unanswered");

  let unknown = 0;
  let ended = await world.run("flow", "run", ...RUN);
  if (!ended.answer.ok && ended.answer.error.code === "ZG_UNANSWERED") {
    unknown++;
    ended = await world.run("flow", "run", ...RUN, "--retry-unanswered");
  }
  if (!ended.answer.ok)
    violations.push(`resumed, it ended with ${ended.answer.error.code}: ${ended.answer.error.message}`);
  const again = await world.run("flow", "run", ...RUN);
  const sentAgain = again.answer.ok ? (again.answer.data["transactions"] as readonly object[]).length : 1;
  if (sentAgain > 0) violations.push("once it was done, the same command did something again");

  const books = await opened.close();
  violations.push(...books.faults, ...books.failed.map((hash) => `${hash} failed`));
  if (!isDeepStrictEqual(books.tally, tally)) {
    violations.push(`it sent ${JSON.stringify(books.tally)} instead of ${JSON.stringify(tally)}`);
  }
  if (books.mints !== 1) violations.push(`it minted ${books.mints} tokens`);
  const written = world.journal(ID).flatMap(({ type, hash }) => (type === "signed" ? [hash] : []));
  const unwritten = books.hashes.filter((hash) => !written.includes(hash));
  if (unwritten.length > 0) violations.push(`the journal does not know ${unwritten.join(", ")}`);
  violations.push(...wrongPayment(books.paid, unknown, first, second));
  return { points: second === undefined ? [first] : [first, second], paid: books.paid, unknown, violations };
}

function wrongPayment(paid: number, unknown: number, first: string, second: string | undefined): readonly string[] {
  const expected = expectationAt(first);
  if (second !== undefined) {
    // Each kill whose outcome nobody knows may cost an answer; no other may.
    const most = 1 + [first, second].filter((point) => expectationAt(point).unknown).length;
    return paid >= 1 && paid <= most ? [] : [`${paid} answers were paid for, not 1 to ${most}`];
  }
  const wrong = expected.paid.includes(paid)
    ? []
    : [`${paid} answers were paid for, not ${expected.paid.join(" or ")}`];
  if (unknown > 0 === expected.unknown) return wrong;
  const said =
    unknown > 0 ? "it said that the outcome is unknown, and it is not" : "nobody said that the outcome is unknown";
  return [...wrong, said];
}

function unflushed({ points }: Victim): readonly string[] {
  return points
    .filter((point) => point.startsWith("unflushed "))
    .map((point) => `${point.slice("unflushed ".length)} left before its journal line was on the disk`);
}
