import { lstat, mkdir, readFile, readdir, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { OutputExistsError, OutputLinkError } from "../../../lib/storage/errors.ts";
import { writeOutputFolder } from "../../../lib/storage/output-folder.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

const text = (value: string) => new TextEncoder().encode(value);
const FILES = [
  { name: "a.txt", bytes: text("a") },
  { name: "deep/er/b.bin", bytes: Uint8Array.of(0, 255) },
];

describe("writing files into a folder of the user's", () => {
  let home: TemporaryFolder;
  let out: string;
  beforeEach(async () => {
    home = await temporaryFolder();
    out = path.join(home.path, "out");
  });
  afterEach(() => home.remove());

  const write = (files = FILES, force = false) => writeOutputFolder(out, files, { force });
  const content = async (name: string) => [...(await readFile(path.join(out, name)))];
  async function refusal(files = FILES, force = false): Promise<unknown> {
    return write(files, force).then(
      () => expect.fail("nothing was refused"),
      (error: unknown) => error,
    );
  }

  it("makes what is missing, for the owner alone, and names what it wrote", async function () {
    const written = await write();
    expect(written.map((file) => path.relative(home.path, file))).to.deep.equal(["out/a.txt", "out/deep/er/b.bin"]);
    expect(await content("a.txt")).to.deep.equal([97]);
    expect(await content("deep/er/b.bin")).to.deep.equal([0, 255]);
    if (process.platform === "win32") this.skip(); // no such modes there
    for (const folder of ["", "deep", "deep/er"]) {
      expect((await stat(path.join(out, folder))).mode & 0o777, folder).to.equal(0o700);
    }
    for (const { name } of FILES) expect((await stat(path.join(out, name))).mode & 0o777, name).to.equal(0o600);
  });

  it("replaces nothing, and then writes nothing else either", async () => {
    await mkdir(path.join(out, "deep/er"), { recursive: true });
    await writeFile(path.join(out, "deep/er/b.bin"), "mine");
    const error = await refusal();
    expect(error).to.be.instanceOf(OutputExistsError).and.to.include({ code: "ZG_OUTPUT_EXISTS", exit: 3 });
    expect(error).to.have.nested.property("details.file").that.includes("b.bin");
    expect(await readdir(out)).to.deep.equal(["deep"]);
    expect(await content("deep/er/b.bin")).to.deep.equal([...text("mine")]);
  });

  it("replaces files when told to, but no folder", async () => {
    await write();
    await write([{ name: "a.txt", bytes: text("new") }], true);
    expect(await content("a.txt")).to.deep.equal([...text("new")]);
    expect(await refusal([{ name: "deep", bytes: text("x") }], true)).to.be.instanceOf(OutputExistsError);
    expect(await refusal([{ name: "a.txt/b", bytes: text("x") }], true)).to.be.instanceOf(OutputExistsError);
  });

  it("follows no link below the folder, and replaces a link instead of what it leads to", async () => {
    await mkdir(path.join(home.path, "elsewhere"));
    await writeFile(path.join(home.path, "victim"), "victim");
    await mkdir(out);
    await symlink(path.join(home.path, "elsewhere"), path.join(out, "deep"));
    for (const force of [false, true]) {
      const error = await refusal(FILES, force);
      expect(error).to.be.instanceOf(OutputLinkError).and.to.include({ code: "ZG_OUTPUT_LINK", exit: 3 });
      expect(await readdir(path.join(home.path, "elsewhere"))).to.deep.equal([]);
      expect(await readdir(out)).to.deep.equal(["deep"]);
    }

    await symlink(path.join(home.path, "victim"), path.join(out, "a.txt"));
    const only = FILES.slice(0, 1);
    expect(await refusal(only)).to.be.instanceOf(OutputExistsError);
    await write(only, true);
    expect((await lstat(path.join(out, "a.txt"))).isSymbolicLink()).to.equal(false);
    expect(await readFile(path.join(home.path, "victim"), "utf8")).to.equal("victim");
  });

  it("writes into a folder that is reached by a link, since that is the one named", async () => {
    await mkdir(path.join(home.path, "real"));
    await symlink(path.join(home.path, "real"), out);
    await write();
    expect(await readdir(path.join(home.path, "real"))).to.deep.equal(["a.txt", "deep"]);
  });

  it("takes no name that leads out", async () => {
    for (const name of ["../a", "/a", "a/../../b", ".", "", "a//b"]) {
      expect(await refusal([{ name, bytes: text("x") }]), name).to.be.instanceOf(RangeError);
    }
    expect(await readdir(home.path)).to.deep.equal(["out"]);
  });
});
