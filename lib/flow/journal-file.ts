import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import path from "node:path";

import { UsageError } from "../errors.ts";
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
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    throw new JournalCorruptError({ file, line: number }, error);
  }
  if (typeof parsed !== "object" || parsed === null || !("type" in parsed)) {
    throw new JournalCorruptError({ file, line: number });
  }
  return parsed as Fact;
}

/** A journal in `directory/<id>.jsonl`, 0600 in a folder 0700; each line is flushed to disk before `append` returns. */
export class FileJournal implements Journal {
  readonly facts: Fact[];
  readonly file: string;

  /**
   * @throws {UsageError} for an id that is not a file name.
   * @throws {JournalCorruptError} when the file holds anything but whole facts.
   */
  constructor(directory: string, id: string) {
    assertRunId(id);
    this.file = path.join(directory, `${id}.jsonl`);
    this.facts = existsSync(this.file)
      ? readFileSync(this.file, "utf8")
          .split("\n")
          .filter((line) => line !== "")
          .map((line, i) => parseFact(line, this.file, i + 1))
      : [];
  }

  append(fact: Fact): void {
    mkdirSync(path.dirname(this.file), { recursive: true, mode: 0o700 });
    const descriptor = openSync(this.file, "a", 0o600);
    try {
      writeSync(descriptor, `${JSON.stringify(fact)}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    this.facts.push(fact);
  }
}
