import { existsSync, rmSync, statSync } from "node:fs";
import path from "node:path";

import { z } from "zod";

import { EXIT, UsageError, ZgError } from "../errors.ts";
import { appendLines, dropCutLine, readWholeLines } from "../line-file.ts";
import { takeProcessLock } from "../process-lock.ts";
import { factSchema } from "./journal-schema.ts";
import { JournalCorruptError, type Fact, type Journal } from "./journal.ts";

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

function parseFact(line: string, file: string, number: number): Fact {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw new JournalCorruptError({ file, line: number, problem: "it is not JSON" }, error);
  }
  const parsed = factSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problem = z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, " ");
  throw new JournalCorruptError({ file, line: number, problem }, parsed.error);
}

/** Another process is at work on the run, or was between our reading and our first writing. */
export class RunBusyError extends ZgError {
  constructor(values: { file: string; pid?: number }) {
    const who = values.pid === undefined ? "another process" : `process ${values.pid}`;
    super({
      code: "ZG_RUN_BUSY",
      exit: EXIT.precondition,
      message: `The run in ${values.file} is ${who}'s, and one at a time may continue it`,
      remedy: "Wait until it has ended, then run the command again.",
      details: values,
    });
  }
}

/**
 * A journal in `directory/<id>.jsonl`, 0600 in a folder 0700; each line is flushed to disk before `append` returns. The
 * first `append` takes the run for this process until {@link release}.
 */
export class FileJournal implements Journal {
  readonly facts: Fact[];
  readonly file: string;
  readonly #lock: string;
  /** Bytes of the file as it was read, and of the whole lines in it: a kill can cut the last one. */
  readonly #size: number;
  readonly #whole: number;
  #held = false;

  /**
   * @throws {UsageError} for an id that is not a file name.
   * @throws {JournalCorruptError} when the file holds anything but facts; a last line without its end is no fact yet.
   */
  constructor(directory: string, id: string) {
    assertRunId(id);
    this.file = path.join(directory, `${id}.jsonl`);
    this.#lock = path.join(directory, `${id}.lock`);
    const { lines, size, whole } = readWholeLines(this.file);
    this.#size = size;
    this.#whole = whole;
    this.facts = lines.flatMap((line, i) => (line === "" ? [] : [parseFact(line, this.file, i + 1)]));
  }

  /** @throws {RunBusyError} when another process has the run. */
  append(fact: Fact): void {
    this.#hold();
    appendLines(this.file, [JSON.stringify(fact)]);
    this.facts.push(fact);
  }

  /** Lets another process continue the run. */
  release(): void {
    if (this.#held) rmSync(this.#lock, { force: true });
    this.#held = false;
  }

  #hold(): void {
    if (this.#held) return;
    const pid = takeProcessLock(this.#lock);
    if (pid !== undefined) throw new RunBusyError({ file: this.file, pid });
    this.#held = true;
    const size = existsSync(this.file) ? statSync(this.file).size : 0;
    if (size !== this.#size) {
      this.release();
      throw new RunBusyError({ file: this.file });
    }
    dropCutLine(this.file, this.#whole);
  }
}
