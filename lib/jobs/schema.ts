/** The tables of jobs, and how a file of an older version becomes one of this. */

import type { DatabaseSync } from "node:sqlite";

import { JobStoreError } from "./errors.ts";
import { JOB_STATES } from "./job.ts";

/** Written into the file, so that nothing else is taken for one: `0GJB`. */
const APPLICATION_ID = 0x30474a42;

/** What each version adds to the one before. Never edited once released, only added to. */
const VERSIONS: readonly string[] = [
  `
  CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN (${JOB_STATES.map((state) => `'${state}'`).join(", ")})),
    message TEXT NOT NULL,
    task TEXT NOT NULL,
    user TEXT NOT NULL,
    genesis_hash TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    agreed TEXT NOT NULL,
    attest INTEGER NOT NULL,
    answer TEXT,
    receipt TEXT,
    evidence TEXT,
    failure TEXT,
    spent TEXT,
    spent_assumed INTEGER NOT NULL DEFAULT 0,
    worker TEXT,
    worker_host TEXT,
    worker_pid INTEGER,
    worker_seen_at INTEGER,
    submitted_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    completed_at INTEGER
  ) STRICT;
  CREATE INDEX jobs_by_state ON jobs (state, submitted_at);
  CREATE TABLE history (
    job TEXT NOT NULL REFERENCES jobs (id),
    at INTEGER NOT NULL,
    state TEXT NOT NULL,
    message TEXT NOT NULL
  ) STRICT;
  CREATE INDEX history_by_job ON history (job);
  CREATE TRIGGER jobs_begin AFTER INSERT ON jobs BEGIN
    INSERT INTO history VALUES (new.id, new.submitted_at, new.state, new.message);
  END;
  CREATE TRIGGER jobs_move AFTER UPDATE OF state ON jobs BEGIN
    INSERT INTO history VALUES (new.id, new.updated_at, new.state, new.message);
  END;
  `,
];

function pragma(database: DatabaseSync, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return Number(Object.values(row ?? {})[0] ?? 0);
}

/** Brings a file to this version, in one transaction. @throws {JobStoreError} for a newer one, or another's. */
export function prepareSchema(database: DatabaseSync, file: string): void {
  database.exec("PRAGMA journal_mode = WAL");
  // What is about to be paid for must be on the disk first, whatever happens to the machine.
  database.exec("PRAGMA synchronous = FULL");
  database.exec("BEGIN IMMEDIATE");
  try {
    const version = pragma(database, "user_version");
    const application = pragma(database, "application_id");
    if (version > 0 && application !== APPLICATION_ID)
      throw new JobStoreError({ file, problem: "it is another program's" });
    if (version > VERSIONS.length) {
      throw new JobStoreError({
        file,
        problem: `it has version ${version}, and this project knows ${VERSIONS.length}`,
      });
    }
    for (const step of VERSIONS.slice(version)) database.exec(step);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec(`PRAGMA user_version = ${VERSIONS.length}`);
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}
