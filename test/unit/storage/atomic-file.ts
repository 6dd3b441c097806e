import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { assertWritable, isMissing, writeFileAtomic } from "../../../lib/storage/atomic-file.ts";
import { NotWritableError } from "../../../lib/storage/errors.ts";
import { caught } from "../compute/support/caught.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

describe("files written whole or not at all", () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => folder.remove());

  const inside = (...names: string[]) => path.join(folder.path, ...names);

  it("makes the folder, and lets nobody but the owner read what is private", async () => {
    await writeFileAtomic(inside("new", "secret"), "x", "private");
    expect(await readFile(inside("new", "secret"), "utf8")).to.equal("x");
    expect((await stat(inside("new"))).mode & 0o777).to.equal(0o700);
    expect((await stat(inside("new", "secret"))).mode & 0o777).to.equal(0o600);
  });

  it("leaves nothing behind when it fails", async () => {
    await mkdir(inside("taken"));
    const failed = await writeFileAtomic(inside("taken"), "x", "shared").catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error);
    expect(isMissing(failed)).to.equal(false);
    expect(await readdir(folder.path)).to.deep.equal(["taken"]);
  });

  it("finds a place writable without leaving more than its folder, and keeps what is there", async () => {
    await writeFile(inside("kept"), "before");
    await assertWritable(inside("kept"), "private");
    await assertWritable(inside("new", "file"), "private");
    expect((await readdir(folder.path)).sort()).to.deep.equal(["kept", "new"]);
    expect(await readdir(inside("new"))).to.deep.equal([]);
    expect(await readFile(inside("kept"), "utf8")).to.equal("before");
  });

  it("finds a folder, and a path through a file, not writable", async () => {
    await writeFile(inside("file"), "x");
    for (const place of [folder.path, inside("file", "below")]) {
      const error = await caught(NotWritableError, async () => assertWritable(place, "private"));
      expect(error).to.include({ code: "ZG_NOT_WRITABLE", exit: 2 });
      expect(error.details).to.deep.equal({ file: place });
    }
    expect(await readdir(folder.path)).to.deep.equal(["file"]);
  });
});
