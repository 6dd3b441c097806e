import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";

import { z } from "zod";

import { UsageError } from "../errors.ts";
import { appendLines, dropCutLine, readWholeLines } from "../line-file.ts";
import { takeProcessLock } from "../process-lock.ts";
import { JournalCorruptError, JournalVersionError, RunBusyError } from "./errors.ts";
import { factSchema } from "./journal-schema.ts";
import { JOURNAL_VERSION, JOURNAL_VERSIONS, type Fact, type Journal } from "./journal.ts";

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** @throws {UsageError} when `id` could leave its folder or hide in it. */
export function assertRunId(id: string): void {
  if (!ID.test(id)) {
    throw new UsageError({
      message: `--id ${JSON.stringify(id)} is not a valid run id`,
      remedy: "Use 1 to 64 letters, digits, dots, dashes and underscores, starting with a letter or digit.",
      details: { id },
    });
  }
}

const SUFFIX = ".jsonl";

/** The ids of the runs that a folder has journals of. */
export function runsIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((name) => {
    const id = name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : "";
    return ID.test(id) ? [id] : [];
  });
}

function parseFact(line: string, file: string, number: number): Fact {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw new JournalCorruptError({ file, line: number, problem: "it is not JSON" }, error);
  }
  const parsed = factSchema.safeParse(json);
  const version = newerVersion(json);
  if (version !== undefined) throw new JournalVersionError({ file, version, known: JOURNAL_VERSIONS });
  if (parsed.success) return parsed.data;
  const problem = z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, " ");
  throw new JournalCorruptError({ file, line: number, problem }, parsed.error);
}

/** The version of a newer program's journal. */
function newerVersion(json: unknown): number | undefined {
  const { type, version } = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
  return type === "started" && typeof version === "number" && version > JOURNAL_VERSION ? version : undefined;
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}

/** Runs that are held in this process: the lock's file tells processes apart, not their parts. */
const held = new Set<string>();

/**
 * A journal in `directory/<id>.jsonl`, 0600 in a folder 0700; each line is flushed to disk before `append` returns. The
 * first `append`, if not {@link hold} before it, takes the run until {@link release}.
 */
export class FileJournal implements Journal {
  readonly facts: Fact[];
  readonly file: string;
  readonly #lock: string;
  /** Bytes of the file as it was read or left, and of the whole lines in it: a kill can cut the last one. */
  #size: number;
  #whole: number;
  #held = false;

  /**
   * @throws {UsageError} for an id that is not a file name.
   * @throws {JournalCorruptError} when the file holds anything but facts; a last line without its end is no fact yet.
   */
  constructor(directory: string, id: string) {
    assertRunId(id);
    this.file = path.join(directory, id + SUFFIX);
    this.#lock = path.join(directory, `${id}.lock`);
    const { lines, size, whole } = readWholeLines(this.file);
    this.#size = size;
    this.#whole = whole;
    this.facts = lines.flatMap((line, i) => (line === "" ? [] : [parseFact(line, this.file, i + 1)]));
  }

  /** @throws {RunBusyError} when somebody else has the run. */
  append(fact: Fact): void {
    this.hold();
    appendLines(this.file, [JSON.stringify(fact)]);
    this.facts.push(fact);
  }

  /** Lets another process continue the run. */
  release(): void {
    if (!this.#held) return;
    this.#size = sizeOf(this.file);
    this.#whole = this.#size;
    this.#letGo();
  }

  #letGo(): void {
    rmSync(this.#lock, { force: true });
    held.delete(this.#lock);
    this.#held = false;
  }

  hold(): void {
    if (this.#held) return;
    const values = { file: this.file, lock: this.#lock };
    if (held.has(this.#lock)) throw new RunBusyError({ ...values, pid: process.pid });
    const pid = takeProcessLock(this.#lock);
    if (pid !== undefined) throw new RunBusyError({ ...values, pid });
    this.#held = true;
    held.add(this.#lock);
    if (sizeOf(this.file) !== this.#size) {
      this.#letGo();
      throw new RunBusyError(values);
    }
    dropCutLine(this.file, this.#whole);
  }
}
