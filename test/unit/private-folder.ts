import { spawnSync } from "node:child_process";
import { chmod, mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { makePrivate, sweepFolders, sweepTemporaries, temporaryName } from "../../lib/private-folder.ts";
import { writeFileAtomic } from "../../lib/storage/atomic-file.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary.ts";

/** The number of a process that has ended. */
const DEAD = () => spawnSync(process.execPath, ["--version"]).pid;

describe("makePrivate", () => {
  let home: TemporaryFolder;
  const at = (...names: string[]) => path.join(home.path, ...names);
  const modeOf = async (...names: string[]) => ((await stat(at(...names))).mode & 0o777).toString(8);

  beforeEach(async () => {
    home = await temporaryFolder();
    await mkdir(at("keys", "below"), { recursive: true });
    await writeFile(at("keys", "below", "key"), "secret");
    await writeFile(at("outside"), "not secret");
    await symlink(at("outside"), at("keys", "link"));
    for (const name of ["keys", "keys/below"]) await chmod(at(name), 0o755);
    for (const name of ["keys/below/key", "outside"]) await chmod(at(name), 0o664);
  });
  afterEach(async () => {
    await home.remove();
  });

  it("takes from others what they may do in a folder and all it holds, and follows no link", async () => {
    makePrivate(at("keys"));
    expect(await modeOf("keys")).to.equal("700");
    expect(await modeOf("keys", "below")).to.equal("700");
    expect(await modeOf("keys", "below", "key")).to.equal("600");
    expect(await modeOf("outside")).to.equal("664");
  });

  it("looks at nothing where nobody else could have been", async () => {
    await chmod(at("keys"), 0o700);
    makePrivate(at("keys"));
    expect(await modeOf("keys", "below")).to.equal("755");
  });

  it("makes no folder", async () => {
    makePrivate(at("none"));
    expect(await readdir(home.path)).to.not.include("none");
  });
});

describe("what interrupted writes leave", () => {
  let home: TemporaryFolder;

  beforeEach(async () => {
    home = await temporaryFolder();
  });
  afterEach(async () => {
    await home.remove();
  });

  it("is removed once its process is gone, and nothing else is", async () => {
    const dead = DEAD();
    const unique = "0d6a0a3e-9f33-4d3c-8a5e-1d2c3b4a5f60";
    await mkdir(path.join(home.path, "receipts"));
    const left = `receipts/a.json.${dead}-${unique}.tmp`;
    const kept = ["b.json", "mine.tmp", `c.json.${process.pid}-${unique}.tmp`];
    for (const name of [left, ...kept]) await writeFile(path.join(home.path, name), "");
    sweepTemporaries(home.path);
    expect(await readdir(home.path, { recursive: true })).to.have.members(["receipts", ...kept]);
  });

  it("has a name that tells whose it is", async () => {
    expect(temporaryName("a", "b")).to.equal(`a.${process.pid}-b.tmp`);
    const file = path.join(home.path, "whole");
    await writeFileAtomic(file, "x", "private");
    expect(await readdir(home.path)).to.deep.equal(["whole"]);
  });

  it("is removed with whole folders, by the number in their names", async () => {
    const names = [`data-${DEAD()}-abc`, `data-${process.pid}-abc`, "data-abc", `other-${DEAD()}-abc`];
    for (const name of names) await mkdir(path.join(home.path, name, "in"), { recursive: true });
    sweepFolders(home.path, "data-");
    expect(await readdir(home.path)).to.have.members(names.slice(1));
  });
});
