import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, symlink } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { expect } from "chai";

import { DiskFullError } from "../../lib/disk-full.ts";
import { EXIT } from "../../lib/errors.ts";
import { FileJournal } from "../../lib/flow/journal-file.ts";
import { appendLines } from "../../lib/line-file.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary.ts";

/** A device that has no room for anything. */
const FULL = "/dev/full";

describe("a file of lines", () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => folder.remove());

  it("names the file there is no room for, and what helps", async function () {
    if (!existsSync(FULL)) this.skip();
    const file = path.join(folder.path, "run.jsonl");
    await symlink(FULL, file);
    const journal = new FileJournal(folder.path, "run");
    expect(() => {
      journal.append({ type: "verified" });
    })
      .to.throw(DiskFullError, file)
      .that.deep.includes({ code: "ZG_DISK_FULL", exit: EXIT.precondition, details: { file } });
    expect(journal.facts).to.deep.equal([]);
    journal.release();
  });

  it("is as it was when a line could be written in part only", async function () {
    if (process.platform === "win32") this.skip(); // no limit to the size of a file there
    const file = path.join(folder.path, "lines");
    appendLines(file, ["first"]);
    const url = pathToFileURL(path.resolve("lib/line-file.ts")).href;
    const program = `import { appendLines } from ${JSON.stringify(url)}; appendLines(${JSON.stringify(file)}, ["x".repeat(4096)]);`;
    // A limit that takes the place of a full disk: a part of the line fits.
    const limited = `trap '' XFSZ; ulimit -f 1; exec "$0" --import tsx --input-type=module --eval "$1"`;
    const { stderr, status } = spawnSync("sh", ["-c", limited, process.execPath, program], { encoding: "utf8" });
    expect([status, stderr]).to.satisfy(([code, said]: [number, string]) => code === 1 && said.includes("EFBIG"));
    expect(await readFile(file, "utf8")).to.equal("first\n");
  });
});
