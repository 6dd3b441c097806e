/** Kills a command at a point, resumes it, and says what is wrong with how it ended. */

import type { Books, Tally } from "./books.ts";
import { expectationAt } from "./points.ts";
import type { Trial } from "./trials.ts";
import { openWorld, type Victim, type World } from "./world.ts";

/** A command that nobody killed: what it passes, and what it sends. */
export interface Recording {
  readonly trial: Trial;
  readonly points: readonly string[];
  readonly tally: Tally;
}

export interface Outcome {
  /** Where it was killed, and killed again. */
  readonly points: readonly string[];
  /** Answers the provider was paid for. */
  readonly paid: number;
  /** Of how many answers a command said that it does not know whether they were charged. */
  readonly unknown: number;
  /** What went wrong, in words; empty when nothing did. */
  readonly violations: readonly string[];
}

/** Records a command from its start to its end. @throws when it breaks a rule of its own accord. */
export async function record(trial: Trial): Promise<Recording> {
  const world = await openWorld();
  try {
    const opened = await world.openBooks();
    const victim = await world.start(["flow", ...trial.command(world)]).ended;
    const books = await opened.close();
    const { end, output, points } = victim;
    const violations = [...unflushed(victim), ...misdeeds(world, books, { trial, points, tally: books.tally })];
    if (end !== 0) violations.push(`it ended with ${String(end)}: ${output}`);
    if (books.paid !== trial.answers) violations.push(`${books.paid} answers were paid for`);
    if (violations.length > 0) throw new Error(`the ${trial.name} that nobody killed: ${violations.join("; ")}`);
    return { trial, points: points.filter((point) => !point.startsWith(UNFLUSHED)), tally: books.tally };
  } finally {
    await world.close();
  }
}

/**
 * Kills a command at `first`, and what resumes it at `second` if that comes by; then resumes it and looks at what chain,
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

async function judge(world: World, recording: Recording, first: string, second?: string): Promise<Outcome> {
  const { trial } = recording;
  const violations: string[] = [];
  const opened = await world.openBooks();
  const killed = await world.start(["flow", ...trial.command(world)], first).ended;
  violations.push(...unflushed(killed));
  if (killed.end !== "SIGKILL" && !(killed.end === 0 && isByChance(first))) {
    violations.push(`it never came to ${first}; it ended with ${String(killed.end)}: ${killed.output}`);
  }
  let unknown = 0;
  const resume = async () => {
    const ended = await world.run("flow", ...trial.resume(world));
    const lost = trial.unknownIn(ended);
    unknown += lost;
    return { ended, lost };
  };
  if (second !== undefined) {
    // Whoever is killed again says first what it does not know, and then is told to ask again.
    const { lost } = expectationAt(first).unknown ? await resume() : { lost: 0 };
    const more = lost > 0 ? ["--retry-unanswered"] : [];
    violations.push(...unflushed(await world.start(["flow", ...trial.resume(world), ...more], second).ended));
  }
  const resumed = await resume();
  const { answer } =
    resumed.lost === 0 ? resumed.ended : await world.run("flow", ...trial.resume(world), "--retry-unanswered");
  if (!answer.ok) violations.push(`resumed, it ended with ${answer.error.code}: ${answer.error.message}`);
  const again = await world.run("flow", ...trial.command(world));
  const sentAgain = again.answer.ok ? (again.answer.data["transactions"] as readonly object[]).length : 1;
  if (sentAgain > 0) violations.push("once it was done, the same command did something again");

  const books = await opened.close();
  violations.push(...misdeeds(world, books, recording), ...wrongPayment(trial, books.paid, unknown));
  if (second === undefined && trial.name === "run") violations.push(...unlikeExpected(first, books.paid, unknown));
  return { points: second === undefined ? [first] : [first, second], paid: books.paid, unknown, violations };
}

/** What the books of a command that came to its end say against it. */
function misdeeds(world: World, books: Books, { trial, tally }: Recording): string[] {
  const { once = Object.keys({ ...tally, ...books.tally }), again, answers } = trial;
  const wrong = once.flatMap((name) => {
    const [sent, expected] = [books.tally[name] ?? 0, tally[name] ?? 0];
    const most = expected + (again.includes(name) ? books.paid - answers : 0);
    return sent >= expected && sent <= most ? [] : [`it sent ${sent} of ${name} instead of ${expected}`];
  });
  const written = world.written();
  const unwritten = books.hashes.filter((hash) => !written.includes(hash));
  return [
    ...books.faults,
    ...books.failed.map((hash) => `${hash} failed`),
    ...wrong,
    ...(books.mints === answers ? [] : [`it minted ${books.mints} tokens`]),
    ...unwritten.map((hash) => `${hash} is written down nowhere`),
  ];
}

/** Only an answer whose outcome nobody knew may have been paid for twice. */
function wrongPayment({ answers }: Trial, paid: number, unknown: number): readonly string[] {
  if (paid >= answers && paid <= answers + unknown) return [];
  return [`${paid} answers were paid for, and ${answers} were asked for, with ${unknown} of unknown outcome`];
}

function unlikeExpected(point: string, paid: number, unknown: number): readonly string[] {
  const expected = expectationAt(point);
  return [
    ...(expected.paid.includes(paid) ? [] : [`${paid} answers were paid for, not ${expected.paid.join(" or ")}`]),
    ...(unknown > 0 && !expected.unknown ? ["it said that the outcome is unknown, and it is not"] : []),
    ...(unknown === 0 && expected.unknown ? ["nobody said that the outcome is unknown"] : []),
  ];
}

/** Which items a commit of a batch gathers is told by the clock: it may not come by again. */
function isByChance(point: string): boolean {
  return point.startsWith("journal:items(");
}

const UNFLUSHED = "unflushed ";

function unflushed({ points }: Victim): readonly string[] {
  return points
    .filter((point) => point.startsWith(UNFLUSHED))
    .map((point) => `${point.slice(UNFLUSHED.length)} left before its journal line was on the disk`);
}
