import { spawn } from "node:child_process";
import { existsSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { expect } from "chai";

import { BatchBusyError, BatchStoreError } from "../../../lib/batch/errors.ts";
import { SqliteQueue } from "../../../lib/batch/sqlite-queue.ts";
import { openSqlite } from "../../../lib/sqlite.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { itemsOf, itIsAQueue, planFor } from "./support/queue-contract.ts";

describe("a batch in SQLite", () => {
  let folder: TemporaryFolder;
  let file: string;
  let tests = 0;
  before(async () => {
    folder = await temporaryFolder();
  });
  after(async () => folder.remove());
  beforeEach(() => {
    file = path.join(folder.path, "batches", `${tests++}.db`);
  });

  describe("as every queue", () => {
    itIsAQueue(() => ({
      open: async () => Promise.resolve(new SqliteQueue(file)),
      reset: async () => Promise.resolve(),
    }));
  });

  it("is readable for its owner alone, side files, too", async () => {
    const queue = new SqliteQueue(file);
    await queue.begin(planFor(itemsOf(1)), itemsOf(1));
    expect(statSync(path.dirname(file)).mode & 0o777).to.equal(0o700);
    for (const each of [file, `${file}-wal`]) expect(statSync(each).mode & 0o777).to.equal(0o600);
    await queue.close();
    expect(existsSync(`${file}.lock`)).to.equal(false);
  });

  it("is worked by one process at a time", async () => {
    const other = spawn("sleep", ["30"]);
    const queue = new SqliteQueue(file);
    try {
      writeFileSync(`${file}.lock`, String(other.pid));
      const failed = await queue.begin(planFor(itemsOf(1)), itemsOf(1)).catch((error: unknown) => error);
      expect(failed).to.be.instanceOf(BatchBusyError);
      expect(await queue.plan(), "nothing was begun").to.equal(undefined);
    } finally {
      other.kill();
      await queue.close();
    }
  });

  it("makes one commit of many writes, each on the disk when it returns", async () => {
    const queue = new SqliteQueue(file);
    const items = itemsOf(40);
    await queue.begin(planFor(items), items);
    await Promise.all(items.map(async ({ seq }) => queue.advance(seq, "asked")));
    expect(queue.figures).to.include({ commits: 1, writes: 40 });
    const reader = openSqlite(file);
    expect(reader.prepare("SELECT count(*) AS asked FROM items WHERE state = 'asked'").get()).to.include({ asked: 40 });
    reader.close();
    await queue.close();
  });

  for (const [what, pragmas, problem] of [
    ["of a later version", "PRAGMA user_version = 99", "version 99"],
    ["another program's", "PRAGMA application_id = 5", "another program's"],
  ] as const) {
    it(`is refused when it is ${what}`, async () => {
      const queue = new SqliteQueue(file);
      await queue.begin(planFor(itemsOf(1)), itemsOf(1));
      await queue.close();
      const database = openSqlite(file);
      database.exec(pragmas);
      database.close();
      expect(() => new SqliteQueue(file)).to.throw(BatchStoreError, problem);
    });
  }

  it("is refused when it is no database", async () => {
    const queue = new SqliteQueue(file);
    await queue.close();
    expect(existsSync(file), "nothing was begun").to.equal(false);
    writeFileSync(file, "this is no database, and it never was one");
    expect(() => new SqliteQueue(file)).to.throw(BatchStoreError);
  });
});
