import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { readAgentFiles } from "../../../lib/inft/agent-files.ts";
import { assertAgent } from "../../../lib/inft/agent.ts";
import { AgentDataError, AgentTooLargeError } from "../../../lib/inft/errors.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

const LIMIT = { maxBytes: 10_000 };

describe("an agent on disk", () => {
  let home: TemporaryFolder;
  let folder: string;
  beforeEach(async () => {
    home = await temporaryFolder();
    folder = path.join(home.path, "agent");
    await mkdir(folder);
  });
  afterEach(() => home.remove());

  async function files(contents: Readonly<Record<string, string>>, into = folder): Promise<void> {
    for (const [name, content] of Object.entries(contents)) {
      await mkdir(path.dirname(path.join(into, name)), { recursive: true });
      await writeFile(path.join(into, name), content);
    }
  }
  async function namesOf(given: string) {
    const { parts } = await readAgentFiles(given, LIMIT);
    return parts.map(({ part, name, bytes }) => [part, name, new TextDecoder().decode(bytes)]);
  }
  async function refusal(given: string, limit = LIMIT): Promise<unknown> {
    return readAgentFiles(given, limit).then(
      () => expect.fail("nothing was refused"),
      (error: unknown) => error,
    );
  }
  const isRefused = (error: unknown, problem: string) => {
    expect(error).to.be.instanceOf(AgentDataError);
    expect(error).to.have.property("problem").that.includes(problem);
  };

  it("is every file of a folder, by part and then by name", async () => {
    await files({
      "z.txt": "z",
      "b/a.txt": "ba",
      "config.json": "{}",
      "capabilities.json": '["chat"]',
      "model.json": "{}",
      "weights/2.bin": "two",
      "weights/1.bin": "one",
      "tiny.safetensors": "tensors",
      "sub/config.json": "another's",
    });
    expect(await namesOf(folder)).to.deep.equal([
      ["model", "model.json", "{}"],
      ["weights", "tiny.safetensors", "tensors"],
      ["weights", "weights/1.bin", "one"],
      ["weights", "weights/2.bin", "two"],
      ["config", "config.json", "{}"],
      ["capabilities", "capabilities.json", '["chat"]'],
      ["file", "b/a.txt", "ba"],
      ["file", "sub/config.json", "another's"],
      ["file", "z.txt", "z"],
    ]);
    assertAgent(await readAgentFiles(folder, LIMIT));
  });

  it("leaves files out that begin with a dot, and says which", async () => {
    await files({ a: "a", ".env": "SECRET=1", ".git/config": "x", "b/.hidden": "x", "b/c": "c" });
    const { parts, hidden } = await readAgentFiles(folder, LIMIT);
    expect(parts.map(({ name }) => name)).to.deep.equal(["a", "b/c"]);
    expect(hidden).to.deep.equal([".env", ".git", "b/.hidden"]);
  });

  it("is one file, also one of JSON that is no manifest, and one behind a link", async () => {
    await files({ "notes.md": "hello", "data.json": '{"kind":"other"}', "half.json": "{" });
    expect(await namesOf(path.join(folder, "notes.md"))).to.deep.equal([["file", "notes.md", "hello"]]);
    expect(await namesOf(path.join(folder, "data.json"))).to.deep.equal([["file", "data.json", '{"kind":"other"}']]);
    expect(await namesOf(path.join(folder, "half.json"))).to.deep.equal([["file", "half.json", "{"]]);
    await symlink(path.join(folder, "notes.md"), path.join(home.path, "link"));
    expect(await namesOf(path.join(home.path, "link"))).to.deep.equal([["file", "notes.md", "hello"]]);
  });

  describe("with a manifest", () => {
    const manifest = { kind: "0g-agent", version: 1 };
    const CONTENTS = { "m.txt": "m", "w1.bin": "1", "w2.bin": "2", "c.json": "{}", "can.json": '["chat"]', "x/y": "y" };

    it("is what it names, in its order, whether the folder is given or the manifest itself", async () => {
      const named = {
        ...manifest,
        files: "x/y",
        capabilities: "can.json",
        config: "c.json",
        weights: ["w2.bin", "w1.bin"],
        model: "m.txt",
      };
      await files({ ...CONTENTS, "agent.json": JSON.stringify(named), unnamed: "" });
      const expected = [
        ["model", "m.txt", "m"],
        ["weights", "w2.bin", "2"],
        ["weights", "w1.bin", "1"],
        ["config", "c.json", "{}"],
        ["capabilities", "can.json", '["chat"]'],
        ["file", "x/y", "y"],
      ];
      expect(await namesOf(folder)).to.deep.equal(expected);
      expect(await namesOf(path.join(folder, "agent.json"))).to.deep.equal(expected);
      await files({ "mine.json": JSON.stringify({ ...manifest, files: "m.txt" }) });
      expect(await namesOf(path.join(folder, "mine.json"))).to.deep.equal([["file", "m.txt", "m"]]);
    });

    for (const [what, json, problem] of [
      ["of an unknown version", { ...manifest, version: 2, files: "m.txt" }, "version"],
      ["with a field nobody knows", { ...manifest, soul: "m.txt" }, "soul"],
      ["with something else than names", { ...manifest, files: [1] }, "files"],
      ["that names nothing", manifest, "names no files"],
      ["that names what is not there", { ...manifest, files: "gone" }, "is not there"],
      ["that names a folder", { ...manifest, files: "x" }, "is not a file"],
      ["that leads out of its folder", { ...manifest, files: "../outside" }, "leads elsewhere"],
      ["with an absolute name", { ...manifest, files: "/etc/hostname" }, "relative path"],
      ["that names too much", { ...manifest, files: Array.from({ length: 256 }, () => "m.txt") }, "256 files"],
    ] as const) {
      it(`${what} is refused`, async () => {
        await files({ ...CONTENTS, "agent.json": JSON.stringify(json) });
        await files({ outside: "secret" }, home.path);
        isRefused(await refusal(folder), problem);
      });
    }
  });

  it("is refused where nothing is, in an empty folder, and in one with hidden files only", async () => {
    isRefused(await refusal(path.join(folder, "gone")), "is not there");
    isRefused(await refusal(folder), "has no files");
    await files({ ".env": "SECRET=1" });
    isRefused(await refusal(folder), "has no files");
  });

  it("is refused with more files than a token holds, before any is read", async () => {
    await files(Object.fromEntries(Array.from({ length: 256 }, (_, i) => [`${i}`, ""])));
    isRefused(await refusal(folder), "more than 255 files");
  });

  it("follows links inside its folder, and refuses those that leave it or are none to a file", async () => {
    await files({ a: "a", "sub/b": "b" });
    await files({ secret: "secret" }, home.path);
    await symlink("a", path.join(folder, "inside"));
    expect((await namesOf(folder)).map(([, name]) => name)).to.deep.equal(["a", "inside", "sub/b"]);

    for (const [target, problem] of [
      ["../secret", "leads out"],
      [path.join(home.path, "secret"), "leads out"],
      ["sub", "is not a file"],
      ["gone", "is not there"],
      ["..", "leads out"],
      ["loop", "cannot be read"],
    ] as const) {
      const bad = path.join(home.path, `with ${target.replaceAll("/", "-")}`);
      await files({ a: "a", "sub/b": "b" }, bad);
      await symlink(target === "loop" ? "link" : target, path.join(bad, "link"));
      isRefused(await refusal(bad), problem);
    }
  });

  it("is refused when it is larger than the limit, all files together", async () => {
    await files({ a: "12345", b: "67890" });
    expect((await readAgentFiles(folder, { maxBytes: 10 })).parts).to.have.length(2);
    const error = await refusal(folder, { maxBytes: 9 });
    expect(error).to.be.instanceOf(AgentTooLargeError).and.to.include({ code: "ZG_AGENT_SIZE", exit: 3 });
    expect(error).to.have.property("details").that.includes({ bytes: 10, limit: 9 });
  });

  it("reads no further than the limit in a file that says it is empty and is not", async function () {
    if (process.platform !== "linux") this.skip();
    // Files of /proc have no size. Its folder stands in for one whose file grew after it was looked at.
    const error = await refusal("/proc/self/maps", { maxBytes: 16 });
    expect(error).to.be.instanceOf(AgentTooLargeError).with.property("details").that.includes({ bytes: 17, limit: 16 });
  });
});
